"""The feed of events on a real server: a reader with a cursor misses none and has none twice."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client, QueryJobConfig, ScalarQueryParameter

from functions.index.handler import Index, read
from infra.definition import load_pipeline
from shared.adapters.memory import ManualClock
from shared.contracts.event import PublicEvent
from shared.contracts.outcome import OutcomeKind
from tests.conftest import Environment
from tests.events import event_of, every_event
from tests.outcomes import a_stored_object, an_outcome
from tests.warehouse import an_empty_warehouse

BEGIN = datetime(2026, 1, 2, 3, 0, tzinfo=UTC)
HORIZON = timedelta(minutes=10)
READ_ON = (
    "SELECT Sequence, EventId FROM imaging.event_feed WHERE Sequence > @after ORDER BY Sequence"
)


class Feed:
    """A table that is written to as time goes by, and a reader that comes back."""

    def __init__(self, client: Client, index: Index, clock: ManualClock) -> None:
        self._client = client
        self.index = index
        self.clock = clock
        self.last = ""

    def read_on(self) -> list[str]:
        """The ids that come after the last one read, in their order."""
        parameters = [ScalarQueryParameter("after", "STRING", self.last)]
        config = QueryJobConfig(query_parameters=parameters)
        rows = list(self._client.query(READ_ON, job_config=config).result(retry=None))
        self.last = rows[-1]["Sequence"] if rows else self.last
        return [row["EventId"] for row in rows]


@pytest.fixture
def feed(bigquery: Environment) -> Iterator[Feed]:
    project, clock = bigquery["GOOGLE_CLOUD_PROJECT"], ManualClock(BEGIN)
    with (
        an_empty_warehouse(project, "event_feed") as tables,
        Client(project=project, credentials=AnonymousCredentials()) as client,
    ):
        yield Feed(client, Index(tables=tables, clock=clock), clock)


def _event(number: int, kind: OutcomeKind = OutcomeKind.ARCHIVED) -> PublicEvent:
    stored = a_stored_object(f"demo-hospital/{number}")
    return event_of(an_outcome(kind, source=stored, target=stored))


def test_what_is_recorded_late_comes_after_what_was_read(feed: Feed) -> None:
    events = [_event(number) for number in range(12)]
    late, early = events[:4], events[4:]
    told = early * 3
    random.Random(2).shuffle(told)
    for event in told:
        feed.clock.time += timedelta(milliseconds=1)
        feed.index(read(event.to_message()))
    first = feed.read_on()
    assert sorted(first) == sorted(event.event_id for event in early)
    for event in [*late, *early]:
        feed.clock.time += timedelta(milliseconds=1)
        feed.index(read(event.to_message()))
    assert feed.read_on() == [event.event_id for event in late]
    assert feed.read_on() == []


def test_who_was_away_for_a_week_catches_up_by_a_query(feed: Feed) -> None:
    days = [[_event(100 * day + number) for number in range(5)] for day in range(9)]
    for day, events in enumerate(days):
        feed.clock.time = BEGIN + timedelta(days=day)
        if day == 1:
            assert feed.read_on() == [event.event_id for event in days[0]]
        again = days[day - 1][:2] if day else []  # delivered once more, a day later
        for event in [*events, *again]:
            feed.clock.time += timedelta(seconds=1)
            feed.index(read(event.to_message()))
    missed = [event.event_id for events in days[1:] for event in events]
    assert feed.read_on() == missed
    assert feed.read_on() == []


def test_events_of_every_type_are_in_the_feed(feed: Feed) -> None:
    events = every_event()
    for event in events:
        feed.index(read(event.to_message()))
    query = "SELECT Type, RootEventId, Facility, TO_JSON_STRING(Data) AS Data FROM "
    rows = {row["Type"]: row for row in feed._client.query(f"{query}imaging.event_feed").result()}
    assert set(feed.read_on()) == {event.event_id for event in events}
    for event in events:
        row = rows[event.type]
        assert json.loads(row["Data"]) == event.data
        assert row["Facility"] == event.data.get("facility")
        assert row["RootEventId"] == event.data.get("root_event_id")


def test_what_could_still_be_overtaken_is_not_shown_yet(feed: Feed) -> None:
    feed.clock.time = datetime.now(UTC)
    feed.index(_event(1))
    feed.clock.time -= HORIZON + timedelta(seconds=1)
    feed.index(_event(2))
    assert feed.read_on() == [_event(2).event_id]


def test_the_horizon_is_longer_than_a_delivery_lasts() -> None:
    resources = load_pipeline().functions["index"].resources
    assert timedelta(seconds=resources.timeout_s) < HORIZON


def test_events_of_copies_come_at_the_end_of_their_hour_in_no_telling_order(feed: Feed) -> None:
    copies = [_event(number, OutcomeKind.DEIDENTIFIED) for number in range(8)]
    for number, event in enumerate(copies):
        feed.clock.time = BEGIN + timedelta(minutes=7 * number)
        feed.index(event)
        feed.index(_event(100 + number))
    read_ids = feed.read_on()
    assert read_ids[:8] == [_event(100 + number).event_id for number in range(8)]
    assert read_ids[8:] == sorted(event.event_id for event in copies)
    assert feed.last.startswith("20260102T040000.000000-")


def test_a_row_says_what_the_event_says(feed: Feed) -> None:
    outcome = an_outcome(OutcomeKind.CONFLICT, difference="header")
    feed.index(event_of(outcome))
    query = "SELECT *, JSON_VALUE(Data, '$.size') AS size FROM imaging.event_feed"
    (row,) = (dict(each) for each in feed._client.query(query).result())
    event = event_of(outcome)
    expected: dict[str, Any] = {
        "EventId": event.event_id,
        "RootEventId": outcome.root_event_id,
        "Type": "dicom.instance.conflict.v1",
        "Source": "/inlet/ingest",
        "Time": outcome.decided_at,
        "Outcome": "conflict",
        "Facility": "demo-hospital",
        "Modality": "CT",
        "SOPInstanceUID": "1.2.3.4.5",
        "IsPrimary": False,
        "Difference": "header",
        "RecordedAt": BEGIN,
        "size": "1234",
    }
    assert {name: row[name] for name in expected} == expected
