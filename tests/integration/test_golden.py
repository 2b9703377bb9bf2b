"""What the views say of one study, against what pydicom reads of its files."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from google.cloud.bigquery import Client
from pydicom.dataset import Dataset

from shared.contracts.message import Message
from shared.contracts.outcome import Outcome, OutcomeKind
from tests.builders import a_uid
from tests.conftest import Environment
from tests.integration.one_study import datasets, files
from tests.integration.reference import Reference, Row
from tests.integration.story import Story
from tests.integration.told import a_warehouse_told, ask
from tests.outcomes import OF_COPIES, a_stored_object
from tests.questions.page import Question, questions

FILES = files()
READ = dict(zip(FILES, datasets(), strict=True))
STUDY = a_uid(1, 5)
IMAGES = (
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.1.4",
    "1.2.840.10008.5.1.4.1.1.128",
)


def _tell() -> tuple[Story, list[Outcome]]:
    story = Story()
    outcomes = [story.land(f"h/{name}", data) for name, data in FILES.items()]
    for name in ("series 1/0", "other/0"):
        story.land(f"h/again/{name}", FILES[name])
    return story, outcomes


STORY, OUTCOMES = _tell()


def _copy(outcome: Outcome) -> Message:
    """A research copy that has the same header, of another bucket."""
    assert outcome.source.version.name
    changes: dict[str, Any] = {
        "kind": OutcomeKind.DEIDENTIFIED,
        "target": replace(a_stored_object(outcome.source.version.name, "research"), size=1000),
        **OF_COPIES,
    }
    return replace(outcome, **changes).to_message()


MESSAGES = [*STORY.messages, *map(_copy, OUTCOMES)]
Warehouse = Client | Reference


@pytest.fixture(scope="module", params=["server", "reference"])
def warehouse(request: pytest.FixtureRequest) -> Iterator[Warehouse]:
    """The BigQuery server at hand, and Google's own implementation of GoogleSQL."""
    if request.param == "reference":
        yield Reference(MESSAGES)
    else:
        server: Environment = request.getfixturevalue("bigquery_server")
        with a_warehouse_told(server, MESSAGES) as client:
            yield client


def _keyed(found: Sequence[Row], *names: str) -> dict[Any, Row]:
    keys = [tuple(row[name] for name in names) for row in found]
    assert max(Counter(keys).values()) == 1
    return {key[0] if len(key) == 1 else key: row for key, row in zip(keys, found, strict=True)}


def _by(key: Callable[[Dataset], Any]) -> dict[Any, list[str]]:
    """The names of files by something that pydicom reads of them."""
    grouped: dict[Any, list[str]] = {}
    for name, data in READ.items():
        grouped.setdefault(key(data), []).append(name)
    return grouped


def _values(names: Sequence[str], keyword: str) -> list[str]:
    """The different values of an attribute, as text."""
    return sorted({str(READ[name].get(keyword)) for name in names if READ[name].get(keyword)})


def _least(names: Sequence[str], keyword: str) -> str | None:
    return next(iter(_values(names, keyword)), None)


def test_every_instance_is_there_once(warehouse: Warehouse) -> None:
    found = ask(warehouse, "SELECT SOPInstanceUID, SOPClassUID FROM imaging.instances_current")
    assert sorted((row["SOPInstanceUID"], row["SOPClassUID"]) for row in found) == sorted(
        (data.SOPInstanceUID, data.SOPClassUID) for data in READ.values()
    )


def test_series_are_what_their_files_say(warehouse: Warehouse) -> None:
    found = _keyed(ask(warehouse, "SELECT * FROM imaging.series"), "SeriesInstanceUID")
    expected = _by(lambda data: data.SeriesInstanceUID)
    assert found.keys() == expected.keys()
    for uid, names in expected.items():
        row = found[uid]
        assert row["Facility"] == row["collection_id"] == "h"
        assert (row["instanceCount"], row["StudyInstanceUID"]) == (len(names), STUDY)
        assert row["series_size_MB"] == sum(len(FILES[name]) for name in names) / 1e6
        for keyword in ("Modality", "BodyPartExamined", "Manufacturer", "PatientSex"):
            assert row[keyword] == _least(names, keyword), keyword
        for keyword in ("SOPClassUID", "PhotometricInterpretation"):
            assert (row[keyword] or "").split(",") == (_values(names, keyword) or [""]), keyword
        syntaxes = {READ[name].file_meta.TransferSyntaxUID for name in names}
        assert row["TransferSyntaxUID"] == ",".join(sorted(syntaxes))
        assert row["transfer_syntax_name"] == ",".join(sorted(each.name for each in syntaxes))
        assert row["aws_bucket"] == "archive"
        assert row["series_aws_url"] == f"gs://archive/hospital/{STUDY}/{uid}/*"
        assert row["license_short_name"] is row["crdc_series_uuid"] is row["source_DOI"] is None


def test_series_show_canonical_names_beside_the_raw_ones(warehouse: Warehouse) -> None:
    columns = ("BodyPartExamined", "CanonicalBodyPart", "Manufacturer", "CanonicalManufacturer")
    found = ask(warehouse, "SELECT * FROM imaging.series WHERE Modality IN ('CT', 'MR')")
    assert {tuple(row[name] for name in columns) for row in found} == {
        ("THORAX", "CHEST", "GE MEDICAL SYSTEMS", "GE"),
        ("CAP", "CHESTABDPELVIS", "GE MEDICAL SYSTEMS", "GE"),
        ("CHEST", "CHEST", "GE MEDICAL SYSTEMS", "GE"),
        ("BRAIN NECK", None, "GE MEDICAL SYSTEMS", "GE"),
        (None, None, "Made Up Devices", None),
    }


def test_the_study_has_everything(warehouse: Warehouse) -> None:
    (row,) = ask(warehouse, "SELECT * FROM imaging.studies")
    names = list(READ)
    assert row["ModalitiesInStudy"] == ",".join(_values(names, "Modality"))
    assert set(row["ModalitiesInStudy"].split(",")) >= {"CT", "MR", "SR", "SEG", "RTSTRUCT", "ECG"}
    assert row["NumberOfStudyRelatedInstances"] == len(READ)
    assert row["NumberOfStudyRelatedSeries"] == len(_values(names, "SeriesInstanceUID"))
    assert row["Bytes"] == sum(map(len, FILES.values()))
    assert (row["ExpectedInstances"], row["IsComplete"], row["IncompleteMedia"]) == (None, None, 0)
    assert row["CanonicalBodyPart"] == "CHEST,CHESTABDPELVIS"
    assert row["Manufacturer"] == ",".join(_values(names, "Manufacturer"))


def _geometry(images: Sequence[Dataset]) -> Mapping[str, Any]:
    """The checks of the Imaging Data Commons, by their definitions, with numpy."""
    planes = np.array([image.ImageOrientationPatient for image in images], dtype=float)
    positions = np.array([image.ImagePositionPatient for image in images], dtype=float)
    normals = np.cross(planes[:, :3], planes[:, 3:])
    lengths = np.linalg.norm(normals, axis=1)
    heights = np.einsum("ij,ij->i", positions, normals)
    along = [np.einsum("ij,ij->i", positions, planes[:, part]) for part in (slice(3), slice(3, 6))]
    steps = np.diff(np.sort(heights))
    lowest = min(range(len(images)), key=lambda at: (heights[at], images[at].SOPInstanceUID))
    expected = (heights.max() - heights.min()) / len(steps) if len(steps) else None
    cosine = np.abs(normals[lowest]).max() / lengths[lowest]
    checks = {
        "single_orientation": len({tuple(plane) for plane in planes}) == 1,
        "orthogonal_orientation": bool((np.abs(lengths - 1) <= 0.01).all()),
        "unique_slice_positions": len(set(heights)) == len(images),
        "consistent_in_plane_row": bool(np.ptp(along[0]) < 0.1),
        "consistent_in_plane_col": bool(np.ptp(along[1]) < 0.1),
        "consistent_pixel_spacing": len({tuple(image.PixelSpacing) for image in images}) == 1,
        "consistent_image_dimensions": len({(each.Rows, each.Columns) for each in images}) == 1,
        "uniform_slice_spacing": expected
        and bool(np.abs(steps - expected).max() < 0.01 * expected),
    }
    whole = None if checks["uniform_slice_spacing"] is None else all(checks.values())
    return {
        **checks,
        "regularly_spaced_3d_volume": whole,
        "obliquity_degrees": round(float(np.degrees(np.arccos(min(1, cosine)))), 2),
        "slice_spacing_mm": pytest.approx(expected) if whole else None,
        "origin_patient": pytest.approx(list(positions[lowest])) if whole else [],
        "ImageOrientationPatient": pytest.approx(list(planes[lowest])) if whole else [],
    }


@pytest.mark.parametrize("dataset", ["imaging", "research"])
def test_geometry_is_what_numpy_finds(warehouse: Warehouse, dataset: str) -> None:
    found = ask(warehouse, f"SELECT * FROM {dataset}.volume_geometry")
    by_series = _keyed(found, "SeriesInstanceUID")
    localizer, projection = a_uid(1, 5, 4), a_uid(1, 5, 8)
    expected = {
        uid: [READ[name] for name in names]
        for uid, names in _by(lambda data: data.SeriesInstanceUID).items()
        if uid not in {localizer, projection} and READ[names[0]].SOPClassUID in IMAGES
    }
    assert by_series.keys() == expected.keys()
    for uid, images in expected.items():
        geometry = _geometry(images)
        assert {name: by_series[uid][name] for name in geometry} == geometry, uid
        assert by_series[uid]["NumberOfImages"] == len(images)
    volumes = {uid: row["regularly_spaced_3d_volume"] for uid, row in by_series.items()}
    assert volumes == {
        a_uid(1, 5, 1): True,
        a_uid(1, 5, 2): False,
        a_uid(1, 5, 3): True,
        a_uid(1, 5, 5): None,
        a_uid(1, 5, 6): False,
        a_uid(1, 5, 7): True,
        a_uid(1, 5, 9): False,
        a_uid(1, 5, 10): False,
    }
    assert by_series[a_uid(1, 5, 3)]["obliquity_degrees"] == 15


def _content(data: Dataset, path: str = "1", depth: int = 1) -> Iterator[Row]:
    """The content items below one, itself first, as pydicom reads them."""
    concept, value = _coded(data, "ConceptNameCodeSequence"), _coded(data, "ConceptCodeSequence")
    measured = (data.get("MeasuredValueSequence") or [Dataset()])[0]
    unit = _coded(measured, "MeasurementUnitsCodeSequence")
    referenced = (data.get("ReferencedSOPSequence") or [Dataset()])[0]
    dated = [data[name].value for name in ("DateTime", "Date", "Time") if data.get(name)]
    yield {
        "Path": path,
        "Depth": depth,
        "RelationshipType": data.get("RelationshipType"),
        "ValueType": data.get("ValueType"),
        **dict(zip(("ConceptCode", "ConceptScheme", "ConceptMeaning"), concept, strict=True)),
        "TextValue": data.get("TextValue"),
        "NumericValue": float(measured.NumericValue) if measured else None,
        "UnitCode": unit[0],
        "UnitMeaning": unit[2],
        **dict(zip(("ValueCode", "ValueScheme", "ValueMeaning"), value, strict=True)),
        "UIDValue": data.get("UID"),
        "DateTimeValue": dated[0] if dated else None,
        "PersonName": str(data.PersonName) if "PersonName" in data else None,
        "ReferencedSOPClassUID": referenced.get("ReferencedSOPClassUID"),
        "ReferencedSOPInstanceUID": referenced.get("ReferencedSOPInstanceUID"),
    }
    for number, child in enumerate(data.get("ContentSequence", []), start=1):
        yield from _content(child, f"{path}.{number}", depth + 1)


def _coded(data: Dataset, keyword: str) -> tuple[str | None, ...]:
    code = (data.get(keyword) or [Dataset()])[0]
    return tuple(code.get(name) for name in ("CodeValue", "CodingSchemeDesignator", "CodeMeaning"))


def test_every_content_item_of_every_report_is_a_row(warehouse: Warehouse) -> None:
    found = ask(warehouse, "SELECT * FROM imaging.structured_reports")
    reports = [data for data in READ.values() if "ContentSequence" in data]
    assert len(reports) == 5
    assert {data.SOPClassUID.name for data in reports} == set(_keyed_names(found))
    for data in reports:
        expected = _keyed(list(_content(data)), "Path")
        shown = _keyed(
            [row for row in found if row["SOPInstanceUID"] == data.SOPInstanceUID], "Path"
        )
        assert shown.keys() == expected.keys()
        for path, item in expected.items():
            assert {name: shown[path][name] for name in item} == item, path


def _keyed_names(found: Sequence[Row]) -> set[str]:
    return {row["SOPClassName"] for row in found}


def test_dose_is_what_the_reports_say_once_per_event(warehouse: Warehouse) -> None:
    reports = [data for data in READ.values() if data.SOPClassUID.endswith("88.67")]
    expected: dict[Any, Row] = {}
    for report in sorted(reports, key=lambda data: str(data.SOPInstanceUID)):
        for number, event in enumerate(report.ContentSequence, start=1):
            if _coded(event, "ConceptNameCodeSequence")[:2] == ("113819", "DCM"):
                told = _of_event(report, event)
                place = (report.SOPInstanceUID, f"1.{number}")
                expected.setdefault(told["IrradiationEventUID"] or place, told)
    assert len(expected) == 4 + 2
    rows = ask(warehouse, "SELECT * FROM imaging.dose")
    assert len(rows) == len(expected)
    found = {
        row["IrradiationEventUID"] or (row["SOPInstanceUID"], row["Path"]): row for row in rows
    }
    assert {
        key: {name: row[name] for name in expected[key]} for key, row in found.items()
    } == expected


def _of_event(report: Dataset, event: Dataset) -> Row:
    """What a report says of one acquisition, by the codes of the standard alone."""
    coded = [item for item in _content(event) if item["ConceptScheme"] == "DCM"]
    items = {item["ConceptCode"]: item for item in coded}
    voltages = [item["NumericValue"] for item in coded if item["ConceptCode"] == "113733"]
    return {
        "IrradiationEventUID": items["113769"]["UIDValue"] if "113769" in items else None,
        "CTDIvol": items["113830"]["NumericValue"],
        "DLP": items["113838"]["NumericValue"],
        "SSDE": items["113930"]["NumericValue"] if "113930" in items else None,
        "Phantom": items["113835"]["ValueMeaning"],
        "ScanningLength": items["113825"]["NumericValue"],
        "Pitch": items["113828"]["NumericValue"],
        "KVP": max(voltages),
        "AcquisitionProtocol": items["125203"]["TextValue"],
        "Manufacturer": items["113878"]["TextValue"],
        "ManufacturerModelName": items["113879"]["TextValue"],
        "StationName": report.StationName,
        "PatientID": report.PatientID,
        "StudyDate": date(2024, 1, 31),
    }


def test_protocols_have_the_ranges_of_their_images(warehouse: Warehouse) -> None:
    found = ask(warehouse, "SELECT * FROM imaging.protocols WHERE ProtocolName IS NOT NULL")
    by_part = _keyed(found, "Modality", "BodyPartExamined")
    grouped = _by(lambda data: (data.Modality, data.get("BodyPartExamined")))
    expected = {key: names for key, names in grouped.items() if key[1]}
    assert by_part.keys() == expected.keys()
    for key, names in expected.items():
        row, images = by_part[key], [READ[name] for name in names]
        (month,) = {_month(image) for image in images}
        assert row["Month"] == month
        assert (row["Instances"], row["Studies"]) == (len(images), 1)
        assert row["Series"] == len({image.SeriesInstanceUID for image in images})
        for keyword in ("KVP", "Exposure", "CTDIvol", "SliceThickness", "EchoTime"):
            values = [float(image[keyword].value) for image in images if keyword in image]
            assert row[f"Min{keyword}"] == min(values, default=None), keyword
            assert row[f"Max{keyword}"] == max(values, default=None), keyword
        assert row["StationName"] == "CT1"
        assert row["CanonicalManufacturer"] == "GE"


def _month(image: Dataset) -> date:
    """The month of acquisition, else of the series, else of the study."""
    first = next(
        image[name].value
        for name in ("AcquisitionDate", "SeriesDate", "StudyDate")
        if image.get(name)
    )
    return date(int(first[:4]), int(first[4:6]), 1)


def test_findings_are_counted_by_device(warehouse: Warehouse) -> None:
    device = ("Manufacturer", "ManufacturerModelName", "StationName")
    expected: Counter[tuple[Any, ...]] = Counter()
    occurrences: Counter[tuple[Any, ...]] = Counter()
    for outcome, data in zip(OUTCOMES, READ.values(), strict=True):
        of_device = tuple(data.get(name) or None for name in device)
        expected.update({(*of_device, finding.code) for finding in outcome.findings})
        for finding in outcome.findings:
            occurrences[*of_device, finding.code] += finding.count
    found = _keyed(ask(warehouse, "SELECT * FROM imaging.validation_findings"), *device, "Code")
    assert {key: row["Instances"] for key, row in found.items()} == expected
    assert {key: row["Occurrences"] for key, row in found.items()} == occurrences
    devices = Counter(tuple(data.get(name) or None for name in device) for data in READ.values())
    assert {key[:3]: row["InstancesOfDevice"] for key, row in found.items()} == devices


def test_duplicates_and_costs_are_bytes_of_files(warehouse: Warehouse) -> None:
    (saved,) = ask(warehouse, "SELECT * FROM imaging.duplicates_saved")
    again = sum(len(FILES[name]) for name in ("series 1/0", "other/0"))
    assert (saved["Files"], saved["Instances"], saved["Bytes"]) == (2, 2, again)
    (stored,) = ask(warehouse, "SELECT * FROM imaging.storage_costs")
    total = sum(map(len, FILES.values()))
    assert (stored["Objects"], stored["Bytes"]) == (len(FILES), total)
    assert stored["BytesOfOtherVersions"] == 0
    assert stored["GiB"] == total / 2**30
    assert stored["GiBMonths"] > 0


@pytest.mark.parametrize("view", ["series", "studies"])
def test_researchers_see_the_same_of_copies(warehouse: Warehouse, view: str) -> None:
    of_place = {"aws_bucket", "series_aws_url", "collection_id", "KeyId", "Bytes", "series_size_MB"}
    keys = ("StudyInstanceUID",) if view == "studies" else ("SeriesInstanceUID",)
    copies = _keyed(ask(warehouse, f"SELECT * FROM research.{view}"), *keys)
    originals = _keyed(ask(warehouse, f"SELECT * FROM imaging.{view}"), *keys)
    assert copies.keys() == originals.keys()
    for key, row in copies.items():
        assert row["KeyId"] == OF_COPIES["key_id"]
        shared = row.keys() - of_place
        assert {name: row[name] for name in shared} == {
            name: originals[key][name] for name in shared
        }


OF_THE_STUDY = ("dose", "structured_reports", "volume_geometry", "protocols", "storage_costs")


@pytest.mark.parametrize(
    "question",
    [each for each in questions() if any(f"imaging.{view}" in each.sql for view in OF_THE_STUDY)],
    ids=lambda each: each.text,
)
def test_a_question_of_the_page_can_be_asked(warehouse: Warehouse, question: Question) -> None:
    ask(warehouse, question.sql)
