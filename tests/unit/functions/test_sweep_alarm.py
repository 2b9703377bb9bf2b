"""The outside is told of uploads that are stuck: the same words for the same limit."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.index.rows import landed
from functions.sweep.alarm import Alarm
from functions.sweep.patience import is_due, passed
from functions.sweep.report import Kind
from shared.contracts.catalogue import OpenUpload
from shared.contracts.layout import STAGING
from shared.contracts.objects import ObjectVersion
from shared.contracts.provenance import Provenance
from shared.contracts.upload import Upload
from tests.sweeping import FACILITIES, INTERVAL, LIMITS, Swept, terms

MINUTE = timedelta(minutes=1)
STUCK = "dicom.upload.stuck.v1"


@pytest.fixture
def swept() -> Swept:
    return Swept()


def _told(swept: Swept) -> list[Any]:
    assert {message.attributes["ce-type"] for message in swept.events.messages} <= {STUCK}
    return [json.loads(message.data) for message in swept.events.messages]


def test_what_is_stuck_is_told(swept: Swept) -> None:
    stored = swept.store.put("inbox", "h/PLANTED^NAME", b"a")
    swept.clock.time += 17 * MINUTE
    swept.sweep()()
    upload = Upload(version=stored.version)
    (told,) = _told(swept)
    assert (told["facility"], told["finding"], told["waited_s"]) == ("h", "stuck", 900)
    assert (told["upload_event_id"], told["root_event_id"]) == (upload.event_id,) * 2
    (message,) = swept.events.messages
    assert message.attributes["ce-time"] == (stored.created + 15 * MINUTE).isoformat()
    assert "PLANTED" not in f"{message}"


def test_two_sweeps_say_the_same_and_each_limit_is_told_anew(swept: Swept) -> None:
    swept.store.put("inbox", "h/a", b"a")
    for _ in range(13):
        swept.clock.time += INTERVAL
        for _ in range(2):
            swept.sweep()()
    ids: dict[str, Any] = {}
    for message in swept.events.messages:
        assert ids.setdefault(message.attributes["ce-id"], message) == message
    waited = sorted({told["waited_s"] for told in _told(swept)})
    assert waited == [900, 1800, 3600]
    assert len(ids) == 3


def test_what_is_open_or_gone_is_told_by_the_id_it_was_announced_with(swept: Swept) -> None:
    stored = swept.store.put("inbox", "h/a", b"a")
    upload = Upload(version=stored.version, landed_at=stored.created)
    swept.tables.append("imaging.landed", [landed(upload)])
    swept.store.delete(stored.version)
    swept.clock.time += LIMITS.stuck_after
    swept.sweep()()
    (told,) = _told(swept)
    assert (told["finding"], told["upload_event_id"]) == ("vanished", upload.event_id)


def test_what_is_repaired_in_the_archive_is_nobodys_upload(swept: Swept) -> None:
    sent = Provenance(
        root=ObjectVersion(bucket="inbox", name="h/a", generation=1),
        landed=swept.clock.time,
        sent_bytes=1,
    )
    swept.store.write("archive", "h/1.2/3.4/5.6.dcm", [b"a"], sent.to_labels())
    swept.clock.time += timedelta(hours=1)
    assert swept.sweep()().fields["row_missing"] == 1
    assert _told(swept) == []


@pytest.mark.parametrize(
    ("bucket", "name", "facility"),
    [
        ("inbox", "h/a", "h"),
        ("inbox", "c", "c"),
        ("inbox", "PLANTED^NAME/a", "unknown"),
        ("inbox", "", "unknown"),
        ("quarantine", f"{STAGING}c/0badcafe", "c"),
        ("quarantine", "not-dicom/h/a#1", "h"),
        ("quarantine", "not-dicom/unknown/h/a#1", "unknown"),
        ("quarantine", "h", "unknown"),
        ("archive", "h/1.2/3.4/5.6.dcm", "h"),
        ("archive", "clinics/c/1.2/3.4/5.6.dcm", "c"),
        ("archive", "c/1.2/3.4/5.6.dcm", "unknown"),
    ],
)
def test_the_facility_is_told_where_it_is_registered(
    swept: Swept, bucket: str, name: str, facility: str
) -> None:
    alarm = Alarm(events=swept.events, facilities=FACILITIES, terms=terms())
    upload = OpenUpload(
        version=ObjectVersion(bucket=bucket, name=name, generation=1),
        landed_at=swept.clock.time,
        event_id="a" * 32,
        root_event_id="b" * 32,
    )
    alarm.tell(Kind.OPEN, upload, upload.landed_at, 30 * MINUTE)
    assert _told(swept)[0]["facility"] == facility


@given(st.integers(15, 10_000))
def test_the_limit_that_was_passed_is_the_one_that_made_it_due(minutes: int) -> None:
    age = minutes * MINUTE
    limit = passed(age, LIMITS.stuck_after)
    assert limit <= age < 2 * limit
    assert is_due(limit, LIMITS.stuck_after, INTERVAL)
