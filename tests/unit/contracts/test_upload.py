from dataclasses import replace
from typing import Any

import pytest

from shared.contracts.message import Message
from shared.contracts.objects import ObjectVersion
from shared.contracts.upload import Lineage, Upload
from shared.errors import ContractError

# As fake-gcs-server publishes it; the service adds notificationConfig.
RECORDED = {
    "bucketId": "inlet-local-inbox",
    "eventTime": "2026-01-02T03:04:05Z",
    "eventType": "OBJECT_FINALIZE",
    "objectGeneration": "1795498487742397",
    "objectId": "demo-hospital/a b/ünïcode#1",
    "payloadFormat": "JSON_API_V1",
}


def test_a_recorded_notification_is_read() -> None:
    upload = Upload.from_message(Message(data=b"{}", attributes=RECORDED))
    assert upload.version == ObjectVersion(
        bucket="inlet-local-inbox",
        name="demo-hospital/a b/ünïcode#1",
        generation=1795498487742397,
    )
    assert upload.version.facility == "demo-hospital"


def test_a_redriven_upload_has_the_same_id() -> None:
    upload = Upload.from_message(Message(data=b"{}", attributes=RECORDED))
    again = Upload.from_message(upload.to_message())
    assert again == upload
    assert again.event_id == upload.event_id


@pytest.mark.parametrize("missing", ["bucketId", "objectId", "objectGeneration", "eventType"])
def test_a_missing_attribute_is_named(missing: str) -> None:
    attributes = {name: value for name, value in RECORDED.items() if name != missing}
    with pytest.raises(ContractError) as caught:
        Upload.from_message(Message(data=b"{}", attributes=attributes))
    assert missing in str(caught.value)


@pytest.mark.parametrize("generation", ["", "-1", "1.5", "x", "9" * 40, "²"])
def test_a_generation_that_is_none_is_refused(generation: str) -> None:
    with pytest.raises(ContractError):
        Upload.from_message(
            Message(data=b"{}", attributes=RECORDED | {"objectGeneration": generation})
        )


def test_a_deletion_is_not_an_upload() -> None:
    with pytest.raises(ContractError):
        Upload.from_message(
            Message(data=b"{}", attributes=RECORDED | {"eventType": "OBJECT_DELETE"})
        )


LINEAGE = Lineage(event_id="a" * 32, root_event_id="b" * 32)


@pytest.mark.parametrize(
    "changes",
    [{}, {"lineage": LINEAGE}, {"first_member": 500}, {"lineage": LINEAGE, "first_member": 1}],
)
def test_what_ingest_announces_survives_the_journey(changes: dict[str, Any]) -> None:
    upload = replace(Upload.from_message(Message(data=b"{}", attributes=RECORDED)), **changes)
    assert Upload.from_message(upload.to_message()) == upload


def test_a_member_is_known_by_its_lineage() -> None:
    upload = replace(Upload.from_message(Message(data=b"{}", attributes=RECORDED)), lineage=LINEAGE)
    assert (upload.event_id, upload.root_event_id) == ("a" * 32, "b" * 32)


def test_a_name_cannot_claim_a_lineage() -> None:
    attributes = RECORDED | {"objectId": "h/x?rootEventId=1&firstMember=2#!/a"}
    upload = Upload.from_message(Message(data=b"{}", attributes=attributes))
    assert (upload.lineage, upload.first_member) == (None, 0)


@pytest.mark.parametrize("added", [{"rootEventId": "b"}, {"firstMember": "x"}, {"firstMember": ""}])
def test_half_a_lineage_is_refused(added: dict[str, str]) -> None:
    with pytest.raises(ContractError):
        Upload.from_message(Message(data=b"{}", attributes=RECORDED | added))
