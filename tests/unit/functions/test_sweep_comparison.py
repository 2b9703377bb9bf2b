"""The archive and its rows are compared in parts, as two ordered streams."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.sweep.merge import merged
from shared.adapters.memory import ManualClock
from shared.contracts.catalogue import IndexedVersion
from shared.contracts.objects import ObjectVersion, StoredObject
from shared.contracts.provenance import Provenance
from shared.contracts.upload import Upload
from tests.sweeping import INTERVAL, LIMITS, Swept

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NAMES = [f"h/1.2/3.4/5.{number}.dcm" for number in range(10)]


@pytest.fixture
def swept() -> Swept:
    return Swept()


def _archive(swept: Swept, name: str, *, indexed: bool = True) -> StoredObject:
    sent = Provenance(
        root=ObjectVersion(bucket="inbox", name=name, generation=1),
        landed=swept.clock.time,
        sent_bytes=1,
    )
    stored = swept.store.write("archive", name, [b"a"], sent.to_labels())
    assert stored is not None
    if indexed:
        _index(swept, stored)
    return stored


def _index(swept: Swept, stored: StoredObject) -> None:
    row = {
        "ObjectUri": stored.uri,
        "Generation": stored.version.generation,
        "LastUpdated": stored.created,
    }
    swept.tables.append("imaging.instances", [row] * 2)  # delivered twice


def test_an_archived_version_without_a_row_is_announced_again(swept: Swept) -> None:
    for name in NAMES:
        _archive(swept, name, indexed=name != NAMES[3])
    swept.clock.time += HOUR
    done = swept.sweep()()
    (again,) = swept.announced()
    assert again.version.name == NAMES[3]
    assert again == Upload.of_kept(next(swept.store.list("archive", NAMES[3])))
    assert (done.level, done.fields["row_missing"]) == (logging.WARNING, 1)
    (row,) = swept.rows()
    assert (row["ArchiveListed"], row["RowsMissing"], row["ObjectsMissing"]) == (10, 1, 0)
    assert (row["ComparedFrom"], row["ComparedTo"], row["PassComplete"]) == ("", NAMES[-1], True)


def test_a_row_without_its_object_is_reported(swept: Swept) -> None:
    gone = _archive(swept, NAMES[0])
    _archive(swept, NAMES[1])
    swept.store.delete(gone.version)
    swept.clock.time += HOUR
    done = swept.sweep()()
    assert swept.announced() == []
    assert (done.level, done.fields["object_missing"]) == (logging.ERROR, 1)
    (finding,) = swept.rows()[0]["Findings"]
    assert finding == {
        "Kind": "object-missing",
        "ObjectUri": gone.uri,
        "Generation": gone.version.generation,
        "Action": "reported",
    }


def test_a_version_that_was_replaced_is_announced_as_what_it_is_now(swept: Swept) -> None:
    swept.store.delete(_archive(swept, NAMES[0]).version)
    replaced = _archive(swept, NAMES[0], indexed=False)
    swept.clock.time += HOUR
    swept.sweep()()
    assert [upload.version for upload in swept.announced()] == [replaced.version]


def test_what_is_young_may_still_get_its_row_or_its_object(swept: Swept) -> None:
    _archive(swept, NAMES[0], indexed=False)
    swept.store.delete(_archive(swept, NAMES[1]).version)
    swept.clock.time += LIMITS.stuck_after - timedelta(seconds=1)
    done = swept.sweep()()
    assert (done.fields["row_missing"], done.fields["object_missing"]) == (0, 0)


def test_what_is_no_version_of_an_instance_has_no_row(swept: Swept) -> None:
    for name in ("claims/h/5.1", "h/containers/1.zip#5", "h/duplicates/1.2/3/4.dcm#5"):
        swept.store.write("archive", name, [b"a"])
    _archive(swept, "zzz/1.2/3.4/5.dcm", indexed=False)
    swept.clock.time += HOUR
    done = swept.sweep()()
    assert [upload.version.name for upload in swept.announced()] == ["zzz/1.2/3.4/5.dcm"]
    assert (done.fields["unlabelled"], done.fields["archive_listed"]) == (0, 1)


class _Listing:
    """A store that says what it was made to list."""

    def __init__(self, store: Any) -> None:
        self._store, self.listed = store, list[str]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def list(self, bucket: str, prefix: str = "", start: str = "") -> Iterator[StoredObject]:
        for stored in self._store.list(bucket, prefix, start):
            self.listed.append(stored.version.name)
            yield stored


def test_of_all_claims_one_is_listed(swept: Swept) -> None:
    for number in range(20):
        swept.store.claim("archive", f"claims/h/{number}", {"a": "b"})
    _archive(swept, NAMES[0])
    listing = _Listing(swept.store)
    swept.sweep(objects=listing)()
    assert len(listing.listed) == 2


@pytest.mark.parametrize("part", range(1, 12))
def test_parts_add_up_to_the_whole(swept: Swept, part: int) -> None:
    for number, name in enumerate(NAMES):
        stored = _archive(swept, name, indexed=number % 2 == 0)
        if number % 4 == 0:
            swept.store.delete(stored.version)
    swept.clock.time += HOUR
    limits, rows = replace(LIMITS, max_compared=part), swept.rows
    while not (rows() and rows()[-1]["PassComplete"]):
        swept.sweep(limits)()
        swept.clock.time += INTERVAL
        assert len(rows()) <= len(NAMES) + 1
    assert [upload.version.name for upload in swept.announced()] == NAMES[1::2]
    missing = [
        each["ObjectUri"].removeprefix("gs://archive/")
        for row in rows()
        for each in row["Findings"]
        if each["Kind"] == "object-missing"
    ]
    assert missing == NAMES[::4]
    assert [row["ComparedFrom"] for row in rows()[1:]] == [row["ComparedTo"] for row in rows()[:-1]]


def test_a_pass_is_made_every_so_often(swept: Swept) -> None:
    _archive(swept, NAMES[0])
    for _ in range(49):
        swept.sweep()()
        swept.clock.time += HOUR
    compared = [number for number, row in enumerate(swept.rows()) if row["PassComplete"]]
    assert compared == [0, 24, 48]


class _Ticking(ManualClock):
    """A clock that goes on by a second whenever it is looked at."""

    def now(self) -> Any:
        self.time += timedelta(seconds=1)
        return self.time


def test_a_run_ends_in_time_and_the_next_goes_on(swept: Swept) -> None:
    for name in NAMES:
        _archive(swept, name, indexed=False)
    swept.clock.time += HOUR
    clock = _Ticking(swept.clock.time)
    limits = replace(LIMITS, budget=timedelta(seconds=12))
    runs = 0
    while not (swept.rows() and swept.rows()[-1]["PassComplete"]):
        done = swept.sweep(limits, clock=clock)()
        runs += 1
        assert runs < 10
        assert done.fields["cut_short"] is not swept.rows()[-1]["PassComplete"]
    assert runs > 1
    assert [upload.version.name for upload in swept.announced()] == NAMES


def test_no_more_is_announced_than_a_run_may(swept: Swept) -> None:
    for name in NAMES:
        _archive(swept, name, indexed=False)
    swept.clock.time += HOUR
    limits = replace(LIMITS, max_announced=4)
    counts = []
    for _ in range(3):
        swept.sweep(limits)()
        swept.clock.time += INTERVAL
        counts.append(len(swept.announced()))
    assert counts == [4, 4, 2]
    assert swept.rows()[-1]["PassComplete"] is True


def test_two_sweeps_at_once_leave_nothing_out(swept: Swept) -> None:
    """Both start at the same cursor; whichever row is the later, what is before it was compared."""
    for name in NAMES:
        _archive(swept, name, indexed=False)
    swept.clock.time += HOUR
    limits = replace(LIMITS, max_compared=4)
    cursor = swept.sweep(limits).catalogue.progress(swept.clock.time - DAY)
    for _ in range(2):
        swept.sweep(limits).run(cursor)
    while not swept.rows()[-1]["PassComplete"]:
        swept.clock.time += INTERVAL
        swept.sweep(limits)()
    announced = [upload.version.name for upload in swept.announced()]
    assert announced == [*NAMES[:4], *NAMES]


def _stored(name: str) -> StoredObject:
    version = ObjectVersion(bucket="archive", name=name, generation=1)
    return StoredObject(version=version, size=1, crc32c="0badcafe", created=ManualClock().time)


def _indexed(name: str) -> IndexedVersion:
    return IndexedVersion(name=name, generation=1, stored_at=ManualClock().time)


@given(st.sets(st.text(max_size=3)), st.sets(st.text(max_size=3)))
def test_a_merge_has_every_name_once(here: set[str], there: set[str]) -> None:
    pairs = list(merged(map(_stored, sorted(here)), map(_indexed, sorted(there))))
    assert [pair.name for pair in pairs] == sorted(here | there)
    assert {pair.name for pair in pairs if pair.stored} == here
    assert {pair.name for pair in pairs if pair.indexed} == there
