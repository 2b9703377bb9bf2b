"""A facility says how much is to come: the account has it, and the view of studies."""

from pathlib import Path

from infra.local.drop import drop, uploads_of
from infra.local.samples import ct_slice, encoded, uid
from shared.contracts.manifest import Manifest, ManifestStudy
from shared.contracts.message import to_json
from tests.e2e.conftest import Cloud

STUDY = uid("announced")


def _write(folder: Path, *numbers: int) -> None:
    for number in numbers:
        dataset = ct_slice(number)
        dataset.StudyInstanceUID = STUDY
        dataset.SOPInstanceUID = uid("announced", str(number))
        (folder / f"IM{number}").write_bytes(encoded(dataset))


def _said(name: str) -> str:
    return (
        "SELECT COUNT(DISTINCT upload.UploadId), COUNT(study.StudyInstanceUID), "
        "COUNT(study.Instances) FROM imaging.uploads_current AS upload "
        "LEFT JOIN UNNEST(upload.Expected) AS study "
        f"WHERE upload.Reason = 'manifest' AND upload.ObjectName = '{name}'"
    )


def test_a_complete_drop_ends_with_a_manifest(cloud: Cloud, tmp_path: Path) -> None:
    _write(tmp_path, 1, 2)
    results = drop(cloud.clients, uploads_of(tmp_path, "demo-clinic", complete=True))
    assert [
        (result.outcome.kind.value, result.outcome.reason) if result.outcome else None
        for result in results
    ] == [("archived", None), ("archived", None), ("ignored", "manifest")]
    cloud.await_rows(_said(f"demo-clinic/{tmp_path.name}/_complete.json"), [1, 0, 0])


def test_a_manifest_says_what_is_still_to_come(cloud: Cloud, tmp_path: Path) -> None:
    _write(tmp_path, 1, 2)
    study = ManifestStudy(study_instance_uid=STUDY, instances=3)
    (tmp_path / "_complete.json").write_bytes(to_json(Manifest(studies=(study,)).to_data()))
    drop(cloud.clients, uploads_of(tmp_path, "demo-hospital", complete=True))
    cloud.await_rows(_said(f"demo-hospital/{tmp_path.name}/_complete.json"), [1, 1, 1])
    cloud.await_rows(
        "SELECT MAX(NumberOfStudyRelatedInstances), MAX(ExpectedInstances) "
        f"FROM imaging.studies WHERE Facility = 'demo-hospital' AND StudyInstanceUID = '{STUDY}' "
        "AND ExpectedBy = 'manifest' AND NOT IsComplete",
        [2, 3],
    )
