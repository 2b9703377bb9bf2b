"""Two facilities that sent the same: each is told what it would be told alone."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from google.cloud.bigquery import Client

from functions.index.handler import Index, read
from infra.definition import load_pipeline
from infra.table_schemas import SCHEMAS
from shared.adapters.bigquery import BigQueryTables
from shared.adapters.memory import ManualClock
from shared.contracts.facilities import Facilities
from shared.contracts.message import Message
from shared.contracts.outcome import Outcome
from tests.builders import a_uid
from tests.conftest import Environment
from tests.events import event_of
from tests.integration.one_study import files
from tests.integration.story import TEXT, Story, a_directory_of, small
from tests.integration.told import a_warehouse_told, ask

FILES = files()
SENT = (*(f"series 2/{number}" for number in range(4)), "other/0", "other/1", "other/8")
OF_NO_FACILITY = {"curation_body_parts", "curation_manufacturers", "deliveries_current"}
VIEWS = [name for name in load_pipeline().datasets["imaging"].views if name not in OF_NO_FACILITY]
GROWS = "GiBMonths"  # with time

Rows = Mapping[str, list[str]]


def _messages(facility: str) -> list[Message]:
    """What `index` is told of a facility that sends files, some of them twice, changed or wrong."""
    story = Story()
    story.know(Facilities.from_data({"one": {}, "two": {}}))
    for name in (*SENT, SENT[0]):
        story.land(f"{facility}/{name}", FILES[name])
    for sex in "FM":
        story.land(f"{facility}/{sex}", small(instance=1, PatientSex=sex))
    there, missing = (a_uid(1, 1, 1, instance) for instance in (1, 2))
    story.land(f"{facility}/DICOMDIR", a_directory_of((there, b"IM1 "), (missing, b"IM2 ")))
    story.land(f"{facility}/text", TEXT)
    story.land(f"{facility}/other patient", small(instance=3, PatientID="OTHER"))
    outcomes = map(Outcome.from_message, story.topic.messages)
    events = [event_of(outcome).to_message() for outcome in outcomes]
    story.announce(f"{facility}/waits", TEXT)
    return [*story.messages, *events]


@pytest.fixture(scope="module")
def told(bigquery_server: Environment) -> Iterator[tuple[Rows, Rows, Rows]]:
    """What the views say of one facility alone, and of both."""
    with a_warehouse_told(bigquery_server, _messages("one")) as client:
        alone = _rows(client, "one")
        datasets = {"imaging": "imaging"}
        tables = BigQueryTables(client.project, SCHEMAS, datasets)
        index = Index(tables=tables, clock=ManualClock())
        for message in _messages("two"):
            index(read(message))
        yield alone, _rows(client, "one"), _rows(client, "two")


def _rows(client: Client, facility: str) -> Rows:
    return {
        view: sorted(
            _text(row)
            for row in ask(client, f"SELECT * FROM imaging.{view}")
            if row["Facility"] == facility
        )
        for view in VIEWS
    }


def _text(row: Mapping[str, Any]) -> str:
    return str(sorted((name, str(value)) for name, value in row.items() if name != GROWS))


@pytest.mark.parametrize("view", VIEWS)
def test_what_another_facility_sends_changes_no_row(
    told: tuple[Rows, Rows, Rows], view: str
) -> None:
    alone, together, _ = told
    assert alone[view]
    assert together[view] == alone[view]


@pytest.mark.parametrize("view", VIEWS)
def test_both_have_as_many_rows(told: tuple[Rows, Rows, Rows], view: str) -> None:
    _, one, two = told
    assert len(one[view]) == len(two[view])
