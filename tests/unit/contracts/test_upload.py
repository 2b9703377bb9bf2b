import pytest

from shared.contracts.message import Message
from shared.contracts.objects import ObjectVersion
from shared.contracts.upload import Upload
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
