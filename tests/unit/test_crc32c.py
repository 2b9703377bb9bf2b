import random
from functools import reduce

import google_crc32c
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crc32c import (
    _ONE,
    _X,
    _power_of_x,
    _product,
    crc32c,
    extend,
    joined,
    without_prefix,
    without_suffix,
)

MB = 1_000_000


def bitwise(data: bytes) -> int:
    """Divide as the definition does, bit by bit (RFC 3720, Appendix B.4)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def assert_any_two_give_the_third(a: bytes, b: bytes) -> None:
    whole, first, second = (google_crc32c.value(data) for data in (a + b, a, b))

    assert joined(first, second, len(b)) == whole
    assert without_prefix(whole, first, len(b)) == second
    assert without_suffix(whole, second, len(b)) == first


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
    ],
)
def test_the_checksum_is_that_of_the_rfc(data: bytes, expected: int) -> None:
    assert crc32c(data) == expected == bitwise(data)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_two_checksums_give_the_third(a: bytes, b: bytes) -> None:
    assert_any_two_give_the_third(a, b)
    assert extend(crc32c(a), b) == crc32c(a + b) == bitwise(a + b)


@pytest.mark.parametrize("len_a", [0, 1, 100, 10 * MB])
@pytest.mark.parametrize("len_b", [0, 1, 3, 255, 65_536, MB + 7, 10 * MB])
def test_any_two_checksums_of_long_runs_give_the_third(len_a: int, len_b: int) -> None:
    made = random.Random(len_a * 31 + len_b)
    assert_any_two_give_the_third(made.randbytes(len_a), made.randbytes(len_b))


@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**43),
)
def test_what_was_joined_comes_apart_whatever_its_length(a: int, b: int, len_b: int) -> None:
    whole = joined(a, b, len_b)

    assert without_prefix(whole, a, len_b) == b
    assert without_suffix(whole, b, len_b) == a


def test_the_powers_of_x_recur_after_its_order() -> None:
    power = reduce(lambda each, _: _product(each, each), range(31), _X)

    assert power == _X  # x^(2^31) == x: the order divides 2^31 - 1, which is prime
    assert _product(_power_of_x(-1), _X) == _ONE
