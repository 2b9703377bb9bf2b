"""A range that comes back short is a store in trouble: never a truncated file, never a copy."""

from collections.abc import Callable
from typing import Any

import pytest

from functions.deidentify.handler import Deidentify
from shared.adapters.memory import ManualClock, MemoryObjectStore, MemoryTopic
from shared.contracts.facilities import Facilities
from shared.contracts.objects import ObjectVersion
from shared.contracts.outcome import Outcome, OutcomeKind
from shared.contracts.upload import Upload
from shared.dicom.deidentification.profile import BASIC
from shared.dicom.deidentification.pseudonyms import PseudonymKey
from shared.errors import TransientError
from tests.builders import DEFLATED, EXPLICIT, JPEG_BASELINE, an_instance
from tests.ingest import an_ingest
from tests.outcomes import an_outcome

KEY = PseudonymKey(b"a made-up secret of some length", "research")
SYNTAXES = pytest.mark.parametrize(
    "data",
    [an_instance(transfer_syntax=syntax) for syntax in (EXPLICIT, JPEG_BASELINE, DEFLATED)],
    ids=["native", "encapsulated", "deflated"],
)


class _ShortStore(MemoryObjectStore):
    """Answers its n-th read with half of what there is, or nothing."""

    def __init__(self, short: int, keep: float) -> None:
        super().__init__()
        self.reads = 0
        self._short = short
        self._keep = keep

    def read(self, version: ObjectVersion, offset: int, length: int) -> bytes:
        data = super().read(version, offset, length)
        self.reads += 1
        return data[: int(len(data) * self._keep)] if self.reads == self._short else data


def _ingested(store: MemoryObjectStore, data: bytes) -> Outcome:
    topic = MemoryTopic()
    ingest = an_ingest(store, ManualClock(), topic)
    ingest(Upload(version=store.put("inbox", "h/a", data).version))
    return Outcome.from_message(topic.messages[-1])


def _deidentified(store: MemoryObjectStore, data: bytes) -> Outcome:
    topic = MemoryTopic()
    handler = Deidentify(
        objects=store,
        outcomes=topic,
        clock=ManualClock(),
        key=KEY,
        research="research",
        facilities=Facilities({}),
        profiles={"demo-hospital": BASIC},
    )
    handler(an_outcome(target=store.put("archive", "h/1.dcm", data)))
    return Outcome.from_message(topic.messages[-1])


def _each_short_read(
    handle: Callable[[MemoryObjectStore, bytes], Outcome], data: bytes, keep: float
) -> list[_ShortStore]:
    """Return the stores after one run for each read; none may have ended in another outcome."""
    whole = _ShortStore(0, keep)
    expected = handle(whole, data)
    stores = [_ShortStore(number + 1, keep) for number in range(whole.reads)]
    for store in stores:
        try:
            outcome: Any = handle(store, data)
        except TransientError:
            continue
        assert (outcome.kind, outcome.reason) == (expected.kind, expected.reason)
    return stores


@SYNTAXES
@pytest.mark.parametrize("keep", [0.0, 0.5])
def test_ingest_quarantines_nothing_for_it(data: bytes, keep: float) -> None:
    for store in _each_short_read(_ingested, data, keep):
        assert list(store.list("quarantine")) == []


@SYNTAXES
@pytest.mark.parametrize("keep", [0.0, 0.5])
def test_deidentify_releases_and_refuses_nothing_for_it(data: bytes, keep: float) -> None:
    whole = MemoryObjectStore()
    assert _deidentified(whole, data).kind in {OutcomeKind.DEIDENTIFIED, OutcomeKind.HELD}
    released = {whole.data("research", each.version.name) for each in whole.list("research")}
    for store in _each_short_read(_deidentified, data, keep):
        copies = {store.data("research", each.version.name) for each in store.list("research")}
        assert copies <= released
