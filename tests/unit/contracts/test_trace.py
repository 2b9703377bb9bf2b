import re

import pytest

from shared.contracts.message import Message
from shared.contracts.outcome import OutcomeKind
from shared.contracts.trace import OF_LIBRARIES
from shared.contracts.upload import Upload
from tests.events import event_of
from tests.outcomes import a_stored_object, an_outcome

UPLOAD = Upload(version=a_stored_object().version)
OUTCOME = an_outcome(root_event_id=UPLOAD.event_id)
EVENT = event_of(OUTCOME)
# https://www.w3.org/TR/trace-context/#traceparent-header-field-values
FORM = re.compile(r"00-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-01")


@pytest.mark.parametrize(
    ("message", "name", "event_id"),
    [
        (UPLOAD.to_message(), "traceparent", UPLOAD.event_id),
        (OUTCOME.to_message(), "traceparent", OUTCOME.event_id),
        (EVENT.to_message(), "ce-traceparent", EVENT.event_id),
    ],
)
def test_one_trace_leads_from_an_upload_to_its_events(
    message: Message, name: str, event_id: str
) -> None:
    found = FORM.fullmatch(message.attributes[name])
    assert found
    assert (found["trace"], found["span"]) == (UPLOAD.event_id, event_id[:16])
    assert message.attributes[OF_LIBRARIES] == message.attributes[name]


def test_a_webhook_is_told_the_trace_too() -> None:
    assert EVENT.to_structured()["traceparent"] == EVENT.to_message().attributes["ce-traceparent"]


def test_no_trace_leads_from_a_copy_to_its_original() -> None:
    copy = event_of(an_outcome(OutcomeKind.DEIDENTIFIED))
    for told in (copy.to_message().attributes, copy.to_structured()):
        assert not any("traceparent" in name for name in told)
