"""What becomes of every file of the corpus, dropped alone, against its manifest."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from shared.dicom.inspection import InspectionKind, inspect
from shared.dicom.source import BytesSource
from shared.errors import PermanentError
from tests.unit.dicom.samples import CorpusEntry, corpus_entries

ARCHIVED, IGNORED = ("archived", ""), ("ignored", "")
NO_STUDY: Final = ("quarantined", "missing-study-instance-uid")
_DATA: Final = "pydicom/src/pydicom/data/test_files/"

# Where the manifest asks for a judgement, and where its expectation is not followed.
JUDGED: Final = {
    # It asks. The data set is complete, its size is as stated; dcmdump stops at odd elements only.
    "openREM/openrem/remapp/tests/test_files/MG-Im-Hologic-PropProj.dcm": ARCHIVED,
    # It asks. A file meta without preamble is read; the data set has no study, series, instance.
    "pydicom-data/data_store/data/JLSL_RGB_ILV0.dcm": NO_STUDY,
    "pydicom-data/data_store/data/JLSL_RGB_ILV1.dcm": NO_STUDY,
    "pydicom-data/data_store/data/JLSL_RGB_ILV2.dcm": NO_STUDY,
    "pydicom-data/data_store/data/JLSN_RGB_ILV0.dcm": NO_STUDY,
    # It asks. Native data sets whose first element tells the encoding: accepted with a warning.
    f"{_DATA}ExplVR_BigEndNoMeta.dcm": ARCHIVED,
    f"{_DATA}ExplVR_LitEndNoMeta.dcm": ARCHIVED,
    f"{_DATA}rtstruct.dcm": ARCHIVED,
    # It asks. The data set is implicit where its transfer syntax says explicit: a forgiven quirk.
    f"{_DATA}SC_rgb_jpeg.dcm": ARCHIVED,
    # It asks. One stray byte in front shifts everything: no reader takes it.
    f"{_DATA}no_meta.dcm": ("quarantined", "not-dicom"),
    # Expected archived, but its UIDs have letters. UIDs are published: letters can spell a name.
    "pydicom-data/data_store/data/bad_sequence.dcm": ("quarantined", "unusable-study-instance-uid"),
    # The same; here it is words.
    "dwv/tests/data/gdcm-CT-MONO2-8-abdo.dcm": ("quarantined", "unusable-series-instance-uid"),
}
# What the manifest's explanation of a quarantine means as a reason.
REASONS: Final = {
    "missing sop_class_uid": "missing-sop-class-uid",
    "missing study_instance_uid": "missing-study-instance-uid",
    "missing sop_instance_uid": "missing-s",  # series or instance: the first one met
    "truncated": "truncated",
}


def outcome(data: bytes) -> tuple[str, str]:
    try:
        inspection = inspect(BytesSource(data))
    except PermanentError as error:
        return "quarantined", error.reason
    return IGNORED if inspection.kind is InspectionKind.DIRECTORY else ARCHIVED


def agrees(entry: CorpusEntry, found: tuple[str, str]) -> bool:
    if entry.path in JUDGED:
        return found == JUDGED[entry.path]
    if found[0] != entry.expect:
        return False
    reasons = [reason for why, reason in REASONS.items() if entry.why.startswith(why)]
    return found[0] != "quarantined" or any(found[1].startswith(each) for each in reasons)


def test_every_file_of_the_corpus_has_the_outcome_that_its_manifest_names(
    request: pytest.FixtureRequest,
) -> None:
    entries = corpus_entries()
    if not entries:
        pytest.skip("no corpus: set INLET_CORPUS to a folder with manifest.jsonl")
    found = {entry: outcome(entry.read()) for entry in entries}
    disagree = [f"{entry.path}: {each}" for entry, each in found.items() if not agrees(entry, each)]
    report = {
        "files": len(found),
        "agree": sum(each[0] == entry.expect for entry, each in found.items()),
        "judged": len(JUDGED),
        "disagree": disagree,
        "reasons": dict(Counter(reason for _, reason in found.values() if reason)),
    }
    folder = Path(request.config.rootpath) / "build" / "corpus"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ingest.json").write_text(json.dumps(report, indent=2), encoding="utf-8")

    assert disagree == []
