"""What was announced and has no outcome is announced again, or reported when it is gone."""

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.index.rows import landed
from shared.contracts.objects import StoredObject
from shared.contracts.provenance import Provenance
from shared.contracts.upload import Upload
from tests.sweeping import LIMITS, Swept

LIMIT = LIMITS.stuck_after


@pytest.fixture
def swept() -> Swept:
    return Swept()


def _landed(swept: Swept, name: str = "h/a") -> StoredObject:
    """An object that index heard of."""
    stored = swept.store.put("inbox", name, b"a")
    swept.tables.append(
        "imaging.landed", [landed(Upload(version=stored.version, landed_at=stored.created))]
    )
    return stored


def _decided(swept: Swept, stored: StoredObject) -> None:
    upload_id = Upload(version=stored.version).event_id
    swept.tables.append("imaging.uploads", [{"UploadId": upload_id}])


class _Versioned:
    """A store whose listing knows no overwritten generations, of which it still has one."""

    def __init__(self, store: Any, overwritten: StoredObject) -> None:
        self._store, self._overwritten = store, overwritten

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def stat(self, version: object) -> object:
        is_it = version == self._overwritten.version
        return self._overwritten if is_it else self._store.stat(version)


def test_an_overwritten_generation_that_is_kept_is_announced_again(swept: Swept) -> None:
    first = _landed(swept)
    swept.clock.time += LIMIT
    _decided(swept, _landed(swept))
    done = swept.sweep(objects=_Versioned(swept.store, first))()
    assert [upload.version for upload in swept.announced()] == [first.version]
    assert (done.level, done.fields["open"]) == (logging.WARNING, 1)


def test_a_generation_that_is_gone_is_reported(swept: Swept) -> None:
    first = _landed(swept)
    swept.store.delete(first.version)
    swept.clock.time += LIMIT
    done = swept.sweep()()
    assert swept.announced() == []
    assert (done.level, done.fields["vanished"]) == (logging.ERROR, 1)
    (row,) = swept.rows()
    assert [each["ObjectUri"] for each in row["Findings"]] == ["gs://inbox/h/a"]
    assert (row["Vanished"], row["Reannounced"]) == (1, 0)


def test_what_has_its_outcome_is_not_missed(swept: Swept) -> None:
    stored = _landed(swept)
    swept.store.delete(stored.version)
    _decided(swept, stored)
    swept.clock.time += LIMIT
    assert swept.sweep()().level == logging.INFO


def test_what_is_young_is_not_missed(swept: Swept) -> None:
    swept.store.delete(_landed(swept).version)
    swept.clock.time += LIMIT - timedelta(seconds=1)
    assert swept.sweep()().level == logging.INFO


def test_what_waits_in_the_inbox_is_announced_once_a_run(swept: Swept) -> None:
    _landed(swept)
    swept.clock.time += LIMIT
    done = swept.sweep()()
    assert len(swept.announced()) == 1
    assert (done.fields["stuck"], done.fields["open"]) == (1, 0)


def test_what_was_announced_again_is_looked_for_where_it_is_kept(swept: Swept) -> None:
    stored = _landed(swept)
    labels = Provenance.of_upload(stored).to_labels()
    swept.store.delete(stored.version)
    kept = swept.store.write("quarantine", "not-dicom/h/a#1", [b"a"], labels)
    assert kept is not None
    kept = replace(kept, version=replace(kept.version, generation=stored.version.generation + 1))
    row = landed(Upload.of_kept(kept))
    swept.tables.append("imaging.landed", [row])
    swept.clock.time += LIMIT
    done = swept.sweep(objects=_Versioned(swept.store, kept))()
    assert swept.announced() == [Upload.of_kept(kept)]
    assert done.fields["vanished"] == 0


def test_it_is_asked_for_no_more_often_than_it_pays(swept: Swept) -> None:
    swept.store.delete(_landed(swept).version)
    found = []
    for _ in range(4 * 4):
        swept.clock.time += LIMIT
        found.append(swept.sweep()().fields["vanished"])
    asked = [row["Vanished"] is not None for row in swept.rows()]
    assert asked == [True, False, False, False] * 4
    assert [count for count, was in zip(found, asked, strict=True) if was] == [1, 1, 1, 1]


def test_what_stays_open_is_told_at_doubling_ages(swept: Swept) -> None:
    swept.store.delete(_landed(swept).version)
    told = []
    for hour in range(1, 25):
        swept.clock.time += timedelta(hours=1)
        told += [hour] * int(str(swept.sweep()().fields["vanished"]))
    assert told == [1, 2, 3, 4, 5, 8, 9, 16, 17]


def test_what_is_open_for_longer_than_topics_keep_it_is_history(swept: Swept) -> None:
    swept.store.delete(_landed(swept).version)
    swept.clock.time += LIMIT * 2**12  # 42 days, when it would be due once more
    assert swept.sweep()().fields["vanished"] == 0
