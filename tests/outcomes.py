"""Builders of outcomes with made-up identities."""

from datetime import UTC, datetime
from typing import Any

from shared.contracts.objects import ObjectVersion, StoredObject
from shared.contracts.outcome import Action, DroppedTag, Finding, Outcome, OutcomeKind
from shared.dicom.identity import Identity

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)

AN_IDENTITY = Identity(
    study_instance_uid="1.2.3",
    series_instance_uid="1.2.3.4",
    sop_instance_uid="1.2.3.4.5",
    sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
    transfer_syntax_uid="1.2.840.10008.1.2.1",
)

METADATA = {
    "00080060": {"vr": "CS", "Value": ["CT"]},
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Planted^Name"}]},
    "00100020": {"vr": "LO", "Value": ["PLANTED-ID"]},
}


OF_COPIES = {"profile": "basic", "profile_digest": "f" * 16, "key_id": "0123456789abcdef"}
_PRIMARY = {OutcomeKind.ARCHIVED, OutcomeKind.PROMOTED, OutcomeKind.DEIDENTIFIED}


def a_stored_object(name: str = "demo-hospital/a file", bucket: str = "inbox") -> StoredObject:
    return StoredObject(
        version=ObjectVersion(bucket=bucket, name=name, generation=7),
        size=1234,
        crc32c="0badcafe",
        created=MOMENT,
    )


def an_outcome(kind: OutcomeKind = OutcomeKind.ARCHIVED, **changes: Any) -> Outcome:
    """An outcome of the kind, with everything that such an outcome carries."""
    of_instance = kind not in {OutcomeKind.QUARANTINED, OutcomeKind.IGNORED, OutcomeKind.EXPANDED}
    fields: dict[str, Any] = {
        "kind": kind,
        "root_event_id": "0" * 32,
        "facility": "demo-hospital",
        "source": a_stored_object(),
        "target": a_stored_object("demo-hospital/1.2.3/1.2.3.4/1.2.3.4.5.dcm", "archive"),
        "decided_at": MOMENT,
        "reason": None if of_instance else "not-dicom",
        "identity": AN_IDENTITY if of_instance else None,
        "primary_at": MOMENT if kind in _PRIMARY else None,
        "metadata": METADATA if of_instance else None,
        "findings": (
            Finding(code="uid-form", path="0020000D", count=3),
            Finding(code="whole", path=""),
        ),
        "dropped": (DroppedTag(path="00420011", vr="OB", length=99),),
        "actions": (Action(path="00100010", action="Z", rule="E.1-1"),),
        "header_bytes": 4096,
        **(OF_COPIES if kind is OutcomeKind.DEIDENTIFIED else {}),
    }
    return Outcome(**(fields | changes))
