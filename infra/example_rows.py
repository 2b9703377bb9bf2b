"""One row of every table, made up: the examples of the data dictionary.

The functions' own code makes them, of an instance and outcomes that never were.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pydicom.datadict import dictionary_VR, tag_for_keyword

from functions.index import rows
from functions.notify.attempt import Attempt
from functions.sweep.completion import row_of
from functions.sweep.receipts import row as receipt_row
from functions.sweep.report import Kind as FindingKind
from functions.sweep.report import Report
from infra.operate.reidentification import Kind, Question
from infra.table_schemas import policy_of
from shared.contracts.event import PublicEvent
from shared.contracts.objects import ObjectVersion, StoredObject
from shared.contracts.outcome import (
    PIPELINE_VERSION,
    Action,
    DroppedTag,
    ExpectedStudy,
    Finding,
    Outcome,
    OutcomeKind,
    Reference,
)
from shared.contracts.receipt import Closing, Contents, Group, Receipt, Stretch
from shared.contracts.study import Cause, Change, StudyState
from shared.contracts.targets import Failure, Result, Target
from shared.contracts.uid_mask import UidMask
from shared.contracts.upload import Upload
from shared.dicom.identity import Identity
from shared.ports import Reply, Row

_MOMENT = datetime(2026, 1, 31, 8, 15, 30, 250_000, tzinfo=UTC)
_ROOT_ID = "9501ebcf7d5657e475c8ea6c1bf93c22"
_KEY_ID = "0123456789abcdef"
_STUDY = "1.3.6.1.4.1.99999.1"
_IDENTITY = Identity(
    study_instance_uid=_STUDY,
    series_instance_uid="1.3.6.1.4.1.99999.1.2",
    sop_instance_uid="1.3.6.1.4.1.99999.1.2.3",
    sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
    transfer_syntax_uid="1.2.840.10008.1.2.1",
)
_PSEUDONYMS = Identity(
    study_instance_uid="2.25.47458298519967947870292996512333228741",
    series_instance_uid="2.25.257917130649306426768797427119952350146",
    sop_instance_uid="2.25.122514136015026475109096888835801311131",
    sop_class_uid=_IDENTITY.sop_class_uid,
    transfer_syntax_uid=_IDENTITY.transfer_syntax_uid,
)
_VALUES: Mapping[str, object] = {
    "SOPClassUID": _IDENTITY.sop_class_uid,
    "TransferSyntaxUID": _IDENTITY.transfer_syntax_uid,
    "PatientID": "MADE-UP-0001",
    "IssuerOfPatientID": "MADE-UP-HOSPITAL",
    "PatientName": {"Alphabetic": "Sample^Person"},
    "PatientBirthDate": "19700102",
    "PatientSex": "O",
    "PatientAge": "018M",
    "PatientSize": 1.72,
    "PatientWeight": 70.5,
    "StudyDate": "20260131",
    "StudyTime": "081530.25",
    "SeriesDate": "20260131",
    "SeriesTime": "081701",
    "AcquisitionDate": "20260131",
    "AcquisitionTime": "081702",
    "ContentDate": "20260131",
    "ContentTime": "081703",
    "AccessionNumber": "ACC-0001",
    "StudyID": "1",
    "StudyDescription": "CT CHEST",
    "SeriesDescription": "LUNG 1.0",
    "SeriesNumber": 2,
    "AcquisitionNumber": 1,
    "InstanceNumber": 3,
    "TemporalPositionIdentifier": 1,
    "NumberOfStudyRelatedInstances": 420,
    "Modality": "CT",
    "BodyPartExamined": "CHEST",
    "Laterality": "L",
    "PatientPosition": "HFS",
    "ViewPosition": "MLO",
    "ProtocolName": "Chest routine",
    "Manufacturer": "Made Up Devices",
    "ManufacturerModelName": "Model One",
    "StationName": "CT01",
    "DeviceSerialNumber": "SN-0001",
    "SoftwareVersions": ["1.2", "patch 3"],
    "InstitutionName": "Made Up Hospital",
    "ReferringPhysicianName": {"Alphabetic": "Referrer^Rita"},
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
    "Rows": 512,
    "Columns": 512,
    "NumberOfFrames": 1,
    "SamplesPerPixel": 1,
    "BitsAllocated": 16,
    "BitsStored": 12,
    "PixelRepresentation": 1,
    "PhotometricInterpretation": "MONOCHROME2",
    "RescaleSlope": 1.0,
    "RescaleIntercept": -1024.0,
    "WindowCenter": [-600.0, 50.0],
    "WindowWidth": [1500.0, 350.0],
    "PixelSpacing": [0.75, 0.75],
    "SliceThickness": 1.0,
    "SpacingBetweenSlices": 0.8,
    "SliceLocation": -120.5,
    "ImagePositionPatient": [-190.0, -180.0, -120.5],
    "ImageOrientationPatient": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
    "FrameOfReferenceUID": "1.3.6.1.4.1.99999.1.4",
    "KVP": 120,
    "ExposureTime": 500,
    "XRayTubeCurrent": 200,
    "Exposure": 100,
    "CTDIvol": 6.4,
    "ConvolutionKernel": ["Br59d", "3"],
    "ContrastBolusAgent": "Agent 300",
    "MagneticFieldStrength": 3.0,
    "RepetitionTime": 2000.0,
    "EchoTime": 30.0,
    "EchoNumbers": [1],
    "FlipAngle": 90.0,
    "LossyImageCompression": "00",
    "BurnedInAnnotation": "NO",
}


_PSEUDONYM = "5G4GXJW4WYUJF6E6"


def _tag(keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise ValueError(f"{keyword} is no attribute")
    return tag


def _values_of_copy() -> Mapping[str, object]:
    """Return what the Basic Profile leaves, and pseudonyms."""
    kept = {name: value for name, value in _VALUES.items() if not policy_of(f"{_tag(name):08X}")}
    return {**kept, "PatientID": _PSEUDONYM, "PatientName": {"Alphabetic": _PSEUDONYM}}


def _json(keyword: str, value: object) -> tuple[str, dict[str, object]]:
    tag = _tag(keyword)
    values = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    return f"{tag:08X}", {"vr": dictionary_VR(tag), "Value": list(values)}


def _stored(bucket: str, name: str) -> StoredObject:
    version = ObjectVersion(bucket=bucket, name=name, generation=1769847330250000)
    return StoredObject(version=version, size=526_336, crc32c="9a76c0e6", created=_MOMENT)


def _place(identity: Identity) -> str:
    return (
        f"{identity.study_instance_uid}/{identity.series_instance_uid}"
        f"/{identity.sop_instance_uid}.dcm"
    )


def _outcome(kind: OutcomeKind) -> Outcome:
    """Return an outcome that has everything that any outcome of its function may have."""
    is_copy = kind is OutcomeKind.DEIDENTIFIED
    identity = _PSEUDONYMS if is_copy else _IDENTITY
    archived = _stored("archive", f"demo-hospital/{_place(_IDENTITY)}")
    target = _stored("research", _place(_PSEUDONYMS)) if is_copy else archived
    return Outcome(
        kind=kind,
        root_event_id=_ROOT_ID,
        facility="demo-hospital",
        source=archived if is_copy else _stored("inbox", "demo-hospital/scanner/IM0001"),
        target=target,
        decided_at=_MOMENT + timedelta(seconds=2),
        identity=identity,
        primary_at=_MOMENT,
        reason="truncated" if kind is OutcomeKind.QUARANTINED else None,
        difference="pixels" if kind is OutcomeKind.CONFLICT else None,
        metadata=dict(_json(*each) for each in (_values_of_copy() if is_copy else _VALUES).items()),
        metadata_uri=f"{target.uri}.metadata.json",
        dropped=(DroppedTag(path="00420011", vr="OB", length=81_920),),
        findings=(Finding(code="uid-form", path="0020000D", count=1),),
        references=(
            Reference(
                sop_instance_uid="1.3.6.1.4.1.99999.1.5",
                file_id="DICOM/IM01",
                study_instance_uid=_STUDY,
            ),
        ),
        expected=(ExpectedStudy(study_instance_uid=_STUDY, instances=120),),
        expected_instances=120,
        actions=(Action(path="00100010", action="Z", rule="E.1-1"),),
        header_bytes=65_536,
        duration_ms=85,
        profile="research-longitudinal",
        profile_digest="5f1d7e0cc2a94b36",
        key_id=_KEY_ID if is_copy else None,
    )


def _study() -> StudyState:
    return StudyState(
        facility="demo-hospital",
        study_instance_uid=str(_IDENTITY.study_instance_uid),
        revision=1,
        change=Change.COMPLETED,
        cause=Cause.EXPECTED_COUNT,
        declared_at=_MOMENT + timedelta(minutes=5),
        first_arrival=_MOMENT,
        last_arrival=_MOMENT + timedelta(minutes=3),
        instances=120,
        expected_instances=120,
        series=(),
        archive_prefix=f"demo-hospital/{_IDENTITY.study_instance_uid}/",
    )


def _receipt() -> Receipt:
    closed_at = _MOMENT + timedelta(minutes=3)
    groups = (
        Group(outcome=None, reason=None, difference=None, files=1, names=("scanner/IM0120",)),
        Group(outcome="archived", reason=None, difference=None, files=119, names=()),
    )
    return Receipt(
        stretch=Stretch(
            facility="demo-hospital",
            covers_from=_MOMENT - timedelta(days=1),
            covers_to=closed_at + timedelta(minutes=15),
        ),
        revision=1,
        closing=Closing.QUIET,
        issued_at=closed_at + timedelta(minutes=20),
        opened_at=_MOMENT,
        closed_at=closed_at,
        bucket="receipts",
        contents=Contents(
            digest=0x5F1D7E0CC2A94B3,
            opened_at=_MOMENT,
            closed_at=closed_at,
            size=63_160_320,
            groups=groups,
            studies=1,
            instances=119,
            open_studies=1,
            incomplete=(),
            incomplete_studies=0,
            warnings=(),
            warnings_left_out=0,
        ),
    )


def _report() -> Report:
    report = Report(
        started=_MOMENT,
        max_findings=1,
        redriven_to="gs://inbox/demo-hospital/scanner/IM0001",
        asked=True,
        compared_from="",
        compared_to=f"demo-hospital/{_place(_IDENTITY)}",
        archive_listed=5_000,
        dead_letters=1,
        studies_since=_MOMENT - timedelta(days=1),
        tallies={
            "studies_completed": 1,
            "studies_reopened": 0,
            "studies_told": 1,
            "receipts_issued": 1,
            "receipts_told": 1,
        },
    )
    report.add(FindingKind.STUCK, _stored("inbox", "demo-hospital/scanner/IM0001").version)
    return report


def _attempt() -> Attempt:
    return Attempt(
        event=PublicEvent.of(_outcome(OutcomeKind.ARCHIVED), UidMask()),
        target=Target(name="pacs-router"),
        published_at=_MOMENT,
        began=_MOMENT + timedelta(seconds=1),
        ended=_MOMENT + timedelta(seconds=2),
        reply=Reply(status=503, reason=Failure.BUSY),
    )


def example_rows() -> Mapping[str, Row]:
    """Return a row of each table by the table's name."""
    question = Question(kind=Kind.PATIENT, pseudonym=_PSEUDONYM, who="Dr. Made Up",
                        reason="incidental finding")  # fmt: skip
    quarantined = _outcome(OutcomeKind.QUARANTINED)
    upload = Upload(version=quarantined.source.version, landed_at=_MOMENT)
    conflict = rows.upload(_outcome(OutcomeKind.CONFLICT))
    return {
        "imaging.instances": rows.instance(_outcome(OutcomeKind.ARCHIVED)),
        "imaging.landed": rows.landed(upload),
        "imaging.uploads": {**conflict, "Reason": rows.upload(quarantined)["Reason"]},
        "imaging.erasures": {
            "RecordedAt": _MOMENT,
            "State": "done",
            "Who": "Dr. Made Up",
            "Reason": "the patient's request",
            "Facility": "demo-hospital",
            "Kind": "patient",
            "Subject": f"{_KEY_ID}{_KEY_ID}",
            "KeyId": _KEY_ID,
            "Places": [{"Place": "archive", "Count": 120}],
            "PipelineVersion": PIPELINE_VERSION,
        },
        "imaging.events": rows.event(
            PublicEvent.of(_outcome(OutcomeKind.CONFLICT), UidMask()), _MOMENT
        ),
        "imaging.deliveries": _attempt().row(Result.FAILED),
        "imaging.deid_audit": rows.audit(_outcome(OutcomeKind.DEIDENTIFIED)),
        "imaging.reidentifications": question.row(_MOMENT, _KEY_ID, found=True),
        "imaging.study_changes": row_of(_study()),
        "imaging.receipts": receipt_row(_receipt()),
        "imaging.sweeps": _report().row(_MOMENT + timedelta(seconds=3)),
        "research.instances": rows.research_instance(_outcome(OutcomeKind.DEIDENTIFIED)),
    }
