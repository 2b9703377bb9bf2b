import json

import pytest

from shared.contracts.notice import Notice
from shared.contracts.outcome import OutcomeKind
from tests.events import a_receipt_event, event_of
from tests.outcomes import an_outcome


def test_a_refusal_is_told_in_plain_words() -> None:
    notice = Notice.of(event_of(an_outcome(OutcomeKind.QUARANTINED, reason="truncated")))
    assert notice.title == "object quarantined (demo-hospital)"
    assert notice.says == "refused with a reason and kept in the quarantine"
    facts = dict(notice.facts)
    assert facts["reason"] == "truncated"
    assert facts["which means"].endswith(".")
    assert notice.tallies == ()


def test_a_receipt_is_told_in_numbers() -> None:
    notice = Notice.of(a_receipt_event())
    assert notice.title == "receipt issued (demo-hospital)"
    assert notice.tallies[0] == ("files", "outcome", "why")
    assert notice.tallies[1] == ("121", "archived", "")
    files, outcome, why = notice.tallies[2]
    assert (files, outcome) == ("2", "quarantined")
    assert why.endswith(".")


@pytest.mark.parametrize("kind", OutcomeKind)
def test_no_identity_is_in_a_notice(kind: OutcomeKind) -> None:
    notice = Notice.of(event_of(an_outcome(kind)))
    text = json.dumps([notice.title, notice.says, notice.facts, notice.tallies])
    assert "PLANTED" not in text.upper()


def test_a_copy_is_told_of_without_a_facility() -> None:
    notice = Notice.of(event_of(an_outcome(OutcomeKind.DEIDENTIFIED)))
    assert notice.title == "instance deidentified"
