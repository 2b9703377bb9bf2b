"""A duplicate has every byte of the archived object; a checksum alone does not say so."""

import json
from dataclasses import replace

import google_crc32c
import pytest

from shared.adapters.memory import ManualClock, MemoryObjectStore, MemoryTopic
from shared.contracts.outcome import Outcome, OutcomeKind
from shared.contracts.upload import Upload
from tests.builders import an_instance
from tests.ingest import an_ingest
from tests.outcomes import a_stored_object
from tests.unit.functions.checksums import with_crc32c

FIRST = an_instance(rows=4, columns=4)
CRC32C = f"{google_crc32c.value(FIRST):08x}"
LONGER = with_crc32c(an_instance(rows=8, columns=8), CRC32C)
AS_LONG = with_crc32c(an_instance(rows=4, columns=4, StudyDescription="Study X"), CRC32C)


def _kinds(store: MemoryObjectStore, *uploads: bytes) -> list[OutcomeKind]:
    topic = MemoryTopic()
    ingest = an_ingest(store, ManualClock(), topic)
    for number, data in enumerate(uploads):
        ingest(Upload(version=store.put("inbox", f"h/{number}", data).version))
    return [Outcome.from_message(message).kind for message in topic.messages]


def _archived(store: MemoryObjectStore) -> set[bytes]:
    return {store.data("archive", stored.version.name) for stored in store.list("archive", "h/")}


@pytest.mark.parametrize("other", [LONGER, AS_LONG], ids=["longer", "as long"])
def test_other_bytes_with_the_same_checksum_are_kept(other: bytes) -> None:
    assert google_crc32c.value(other) == google_crc32c.value(FIRST)
    assert other != FIRST
    store = MemoryObjectStore()
    kinds = _kinds(store, FIRST, other, other, FIRST)
    assert kinds == [
        OutcomeKind.ARCHIVED,
        OutcomeKind.CONFLICT,
        OutcomeKind.DUPLICATE,
        OutcomeKind.DUPLICATE,
    ]
    assert _archived(store) == {FIRST, other}


def test_three_versions_with_one_checksum_are_all_kept() -> None:
    store = MemoryObjectStore()
    assert len({len(FIRST), len(AS_LONG)}) == 1
    kinds = _kinds(store, FIRST, AS_LONG, LONGER, LONGER)
    assert kinds[:3] == [OutcomeKind.ARCHIVED, OutcomeKind.CONFLICT, OutcomeKind.CONFLICT]
    assert _archived(store) == {FIRST, AS_LONG, LONGER}


def test_bytes_are_compared_by_all_that_both_are_known_by() -> None:
    one = replace(a_stored_object(), md5="0" * 32)
    assert one.has_bytes_of(replace(one, md5="0" * 32))
    assert one.has_bytes_of(replace(one, md5=None))
    assert replace(one, md5=None).has_bytes_of(one)
    assert not one.has_bytes_of(replace(one, md5="1" * 32))
    assert not one.has_bytes_of(replace(one, size=one.size + 1))
    assert not one.has_bytes_of(replace(one, crc32c="00000000"))
    assert "md5" not in json.dumps(one.to_data())
