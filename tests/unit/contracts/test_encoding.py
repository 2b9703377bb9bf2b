"""What is compressed is read back, what is not is read as it is, and no more than a message."""

import zlib

import pytest

from shared.contracts.encoding import DEFLATE, MAX_DECODED_BYTES, decoded, deflated
from shared.contracts.message import Message, to_json
from shared.contracts.outcome import Outcome
from shared.errors import ContractError
from tests.outcomes import an_outcome


def _said(data: bytes) -> bytes:
    return decoded(Message(data=data, attributes=DEFLATE), "outcome")


@pytest.mark.parametrize("size", [0, 1, MAX_DECODED_BYTES])
def test_what_was_compressed_is_what_it_was(size: int) -> None:
    data = b"x" * size
    assert len(deflated(data)) <= max(20, size // 500)
    assert _said(deflated(data)) == data


def test_an_outcome_is_compressed_and_one_of_an_older_release_is_read_as_it_is() -> None:
    outcome = an_outcome(metadata={f"0009{n:04X}": {"vr": "LO"} for n in range(1000)})
    plain = to_json(outcome.to_data())
    assert len(outcome.to_message().data) < len(plain) / 4
    assert Outcome.from_message(Message(data=plain)) == outcome


@pytest.mark.parametrize("size", [MAX_DECODED_BYTES + 1, 100 * MAX_DECODED_BYTES])
def test_no_more_is_read_than_a_message_may_hold(size: int) -> None:
    writing = zlib.compressobj()
    piece = bytes(1_000_000)
    pieces = [writing.compress(piece) for _ in range(size // len(piece))]
    data = b"".join([*pieces, writing.compress(bytes(size % len(piece))), writing.flush()])
    with pytest.raises(ContractError, match="larger"):
        _said(data)


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", deflated(b"{}")[:-1], deflated(b"{}") + b"{", deflated(b"{}")[:-1] + b"?"],
    ids=["nothing", "plain", "cut", "followed", "damaged"],
)
def test_what_is_not_compressed_as_it_says_is_refused(data: bytes) -> None:
    with pytest.raises(ContractError, match="invalid-outcome: is not compressed as it says"):
        _said(data)


def test_another_encoding_is_refused() -> None:
    message = Message(data=b"", attributes={"content_encoding": "br"})
    with pytest.raises(ContractError, match="content_encoding is not known"):
        decoded(message, "outcome")
