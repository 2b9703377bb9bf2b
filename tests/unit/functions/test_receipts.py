"""The task that issues receipts: what is due, once, in order; and what its two forms say."""

import json
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from functions.sweep.receipt_document import document, to_json
from functions.sweep.receipt_page import page, shown
from shared.contracts import receipt as contract
from shared.contracts.advice import advice_on
from shared.contracts.event import PublicEvent
from shared.contracts.outcome import OutcomeKind
from shared.contracts.reasons import UPLOAD_REASONS, UPLOAD_WARNINGS
from shared.contracts.receipt import BEGINNING, Closing, Receipt, device_text
from shared.dicom.deidentification.table import table
from shared.dicom.difference import Difference
from shared.errors import ContractError
from tests.every_reason import NASTY, PLANTED, dropped
from tests.issuing import Issuing, a_decision, a_file, names

SCHEMA = json.loads(Path(contract.__file__).with_name("receipt.v1.schema.json").read_text())
SECOND, MINUTE, HOUR = (timedelta(seconds=n) for n in (1, 60, 3600))
FORMAT = jsonschema.FormatChecker()
SILENT = dict.fromkeys(("receipts_issued", "receipts_told", "studies_told"), 0)


@pytest.fixture
def issuing() -> Issuing:
    return Issuing()


def _drop(issuing: Issuing, *names_: str, facility: str = "demo-hospital") -> None:
    issuing.drop(*(a_file(f"{facility}/{name}", issuing.clock.time) for name in names_))


def test_nothing_to_tell_of(issuing: Issuing) -> None:
    report = issuing.run()
    assert report.tallies == SILENT
    assert issuing.entries() == []


def test_a_drop_is_told_of_once_it_is_over(issuing: Issuing) -> None:
    began = issuing.clock.time
    _drop(issuing, "a", "b")
    issuing.clock.time += 5 * MINUTE
    assert issuing.run().tallies["receipts_issued"] == 0
    issuing.clock.time += 6 * MINUTE
    assert issuing.run().tallies == {**SILENT, "receipts_issued": 1, "receipts_told": 1}
    (receipt,) = issuing.latest()
    assert names(receipt) == ["a", "b"]
    assert (receipt.opened_at, receipt.closed_at, receipt.closing) == (began, began, Closing.QUIET)
    assert receipt.stretch.covers_from == BEGINNING


def test_it_is_told_again_until_the_table_of_events_has_it(issuing: Issuing) -> None:
    _drop(issuing, "a")
    issuing.clock.time += HOUR
    assert [issuing.run().tallies["receipts_told"] for _ in range(2)] == [1, 1]
    assert len(set(issuing.told())) == 1
    issuing.hear(issuing.told())
    assert issuing.run().tallies == SILENT


def test_both_forms_stand_below_the_facility_and_the_day(issuing: Issuing) -> None:
    _drop(issuing, "a")
    issuing.clock.time += HOUR
    issuing.run()
    (receipt,) = issuing.latest()
    stem = f"demo-hospital/2026-01-02/{receipt.stretch.receipt_id}"
    assert issuing.store.media_type("receipts", f"{stem}.json") == "application/json"
    assert issuing.store.media_type("receipts", f"{stem}.html") == "text/html; charset=utf-8"
    assert receipt.summary.uri == f"gs://receipts/{stem}.json"
    event = PublicEvent.from_message(issuing.events.messages[0])
    assert event.data["receipt_uri"] == receipt.summary.uri
    assert event.data["files"] == 1


def test_several_drops_are_told_of_in_one_run(issuing: Issuing) -> None:
    for name in ("a", "b", "c"):
        _drop(issuing, name)
        _drop(issuing, f"c{name}", facility="demo-clinic")
        issuing.clock.time += HOUR
    assert issuing.run().tallies["receipts_issued"] == 6
    assert [names(each) for each in issuing.latest() if "clinic" in each.stretch.facility] == [
        ["ca"],
        ["cb"],
        ["cc"],
    ]


def test_where_another_sweep_ended_a_receipt_otherwise_the_next_one_waits(
    issuing: Issuing,
) -> None:
    began = issuing.clock.time
    for name in ("a", "b"):
        _drop(issuing, name)
        issuing.clock.time += HOUR
    ledger = issuing.ports()["ledger"]

    class Late:
        """A ledger in which somebody was first."""

        def enter(self, table_: str, rows_: Any) -> None:
            other = replace(
                Receipt.from_data(rows_[0]["Data"]),
                stretch=replace(
                    Receipt.from_data(rows_[0]["Data"]).stretch, covers_to=began + MINUTE
                ),
            )
            ledger.enter(
                table_, [{**rows_[0], "CoversTo": began + MINUTE, "Data": other.to_data()}]
            )

        def untold(self, *asked: Any) -> Any:
            return ledger.untold(*asked)

    assert issuing.run(ledger=Late()).tallies["receipts_issued"] == 1
    assert issuing.run().tallies["receipts_issued"] == 1
    assert [names(each) for each in issuing.latest()] == [["a"], ["b"]]


def test_what_is_undecided_is_waited_for_and_then_listed(issuing: Issuing) -> None:
    _drop(issuing, "a")
    waits = a_file("demo-hospital/waits", issuing.clock.time)
    issuing.land(waits)
    issuing.clock.time += 14 * MINUTE
    assert issuing.run().tallies["receipts_issued"] == 0
    issuing.clock.time += 2 * MINUTE
    assert issuing.run().tallies["receipts_issued"] == 1
    (receipt,) = issuing.latest()
    assert (receipt.contents.undecided, names(receipt)) == (1, ["a", "waits"])
    issuing.decide(a_decision(waits))
    issuing.run()
    (revised,) = issuing.latest()
    assert (revised.revision, revised.contents.undecided) == (2, 0)
    assert revised.stretch == receipt.stretch
    assert revised.summary.receipt_id == receipt.summary.receipt_id
    assert revised.summary.event_id != receipt.summary.event_id
    assert "revision 2" in page(revised)


def test_while_some_of_it_waits_it_is_revised_once_an_hour(issuing: Issuing) -> None:
    waiting = [a_file(f"demo-hospital/{name}", issuing.clock.time) for name in "abc"]
    issuing.land(*waiting)
    issuing.clock.time += HOUR
    issuing.run()
    issuing.decide(a_decision(waiting[0]))
    issuing.clock.time += 10 * MINUTE
    assert issuing.run().tallies["receipts_issued"] == 0
    issuing.clock.time += HOUR
    assert issuing.run().tallies["receipts_issued"] == 1
    issuing.decide(*map(a_decision, waiting[1:]))
    assert issuing.run().tallies["receipts_issued"] == 1
    assert issuing.latest()[0].revision == 3


def test_what_is_released_later_changes_nothing(issuing: Issuing) -> None:
    stored = a_file("demo-hospital/a", issuing.clock.time)
    issuing.land(stored)
    issuing.decide(a_decision(stored, OutcomeKind.QUARANTINED, reason="truncated"))
    issuing.clock.time += HOUR
    issuing.run()
    issuing.decide(a_decision(stored, decided_at=issuing.clock.time))
    assert issuing.run().tallies["receipts_issued"] == 0


def test_only_registered_facilities_have_receipts(issuing: Issuing) -> None:
    _drop(issuing, "a", facility="strangers")
    issuing.clock.time += HOUR
    issuing.run()
    assert issuing.entries() == []


def test_what_came_before_a_long_silence_is_cut_as_it_was_dropped(issuing: Issuing) -> None:
    _drop(issuing, "old")
    issuing.clock.time += timedelta(days=5)
    _drop(issuing, "new")
    issuing.clock.time += HOUR
    issuing.asked_at = issuing.clock.time  # it is not the turn to look back at all
    assert issuing.run().tallies["receipts_issued"] == 2
    assert [names(each) for each in issuing.latest()] == [["old"], ["new"]]


def test_a_run_ends_when_its_time_is_spent(issuing: Issuing) -> None:
    for name in ("a", "b", "c"):
        _drop(issuing, name)
        issuing.clock.time += HOUR
    report = issuing.run(budget=timedelta(0))
    assert (report.tallies["receipts_issued"], report.cut_short) == (1, True)
    assert issuing.run().tallies["receipts_issued"] == 2


def test_a_drop_with_every_code_is_told_of_rightly(issuing: Issuing) -> None:
    receipt = dropped(issuing)
    told = json.loads(to_json(document(receipt)))
    jsonschema.validate(told, SCHEMA, format_checker=FORMAT)
    found = {each["reason"]: each for each in told["outcomes"] if each["reason"]}
    assert set(found) == set(UPLOAD_REASONS)
    for reason, each in found.items():
        advice = advice_on(reason)
        assert advice
        assert (each["reason_meaning"], each["what_to_do"], each["who_can_fix"]) == (
            advice.meaning,
            advice.what_to_do,
            advice.who_can_fix,
        )
    assert (found["truncated"]["files"], found["truncated"]["names_left_out"]) == (30, 10)
    assert {each["difference"] for each in told["outcomes"]} == {None, *map(str, Difference)}
    assert {each["code"] for each in told["warnings"]["listed"]} == set(UPLOAD_WARNINGS)
    assert set(NASTY) <= set(found["not-dicom"]["names"])
    refused = len(UPLOAD_REASONS) - 5 + 29 + len(NASTY)
    assert (told["refused"], told["ignored"], told["undecided"]) == (refused, 5, 1)
    accepted = len(Difference) + len(UPLOAD_WARNINGS) + 2
    assert told["accepted"] == accepted
    assert told["files"] == accepted + refused + 6
    assert told["incomplete_studies"]["listed"][0]["expected"] == 120
    assert told["closing"]["code"] == "manifest"


def test_nothing_of_a_file_is_in_a_receipt_but_make_and_model(issuing: Issuing) -> None:
    receipt = dropped(issuing)
    for form in (to_json(document(receipt)).decode(), page(receipt), str(receipt.to_data())):
        assert [value for value in (*PLANTED, "Planted", "1.2.3") if value in form] == []
        assert "Made Up Devices" in form


def test_make_and_model_are_no_attributes_that_the_basic_profile_acts_on() -> None:
    acted_on = table().by_tag
    assert [tag for tag in (0x00080070, 0x00081090) if tag in acted_on] == []
    assert {0x00081010, 0x00181000} <= set(acted_on)  # station and serial number: not told


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        ("Made Up Devices (Medical), Ltd.", "Made Up Devices (Medical), Ltd."),
        ("  two   words ", "two words"),
        ("Rivera^Ana<b>", "Rivera Ana b"),
        ("\u202eevil\n", "evil"),
        ("x" * 100, "x" * 64),
    ],
)
def test_a_device_is_told_of_in_few_characters(value: str | None, expected: str) -> None:
    assert device_text(value) == expected


@pytest.mark.parametrize("name", NASTY)
def test_a_name_is_shown_whole_and_inert(name: str) -> None:
    html = shown(name)
    for character in ("\u202e", "\u2066", "\n", "\t", "\x1b", "<script", "<b>"):
        assert character not in html
    visible = [each for each in name if each.isprintable()]
    assert all(each in unescape(html) for each in visible)


def test_a_receipt_is_read_as_it_was_written(issuing: Issuing) -> None:
    receipt = dropped(issuing)
    assert Receipt.from_data(json.loads(json.dumps(receipt.to_data()))) == receipt


def test_what_is_no_receipt_is_refused() -> None:
    with pytest.raises(ContractError, match="invalid-receipt") as caught:
        Receipt.from_data({"facility": "h", "contents": {"groups": [{}]}})
    assert len(caught.value.problems) > 10


def test_the_schema_has_every_field_and_no_other(issuing: Issuing) -> None:
    told = json.loads(to_json(document(dropped(issuing))))
    for change in ({"patient": "x"}, {"files": -1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**told, **change}, SCHEMA, format_checker=FORMAT)
    assert set(told) == set(SCHEMA["required"])
