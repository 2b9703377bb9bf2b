"""What an outcome says of a decision, in the words of its contract."""

from typing import Final

from functions.ingest.decision import Archive, Decision, Expand, Ignore, Quarantine
from functions.ingest.landed import Landed
from shared.contracts.expected import UNUSABLE_LABEL
from shared.contracts.manifest import MANIFEST_PROBLEM, Manifest
from shared.contracts.outcome import ExpectedStudy, Finding, Reference
from shared.dicom.directory import Directory
from shared.dicom.warnings import MOST_WARNINGS

_NO_PATH: Final = ""


def findings(landed: Landed, decision: Decision) -> tuple[Finding, ...]:
    """Return what is odd about what landed, and how it was labelled."""
    labelled = [Finding(code=UNUSABLE_LABEL, path=_NO_PATH)] if landed.is_mislabelled else []
    return (*labelled, *_of_content(decision))


def _of_content(decision: Decision) -> tuple[Finding, ...]:
    match decision:
        case Expand(survey=survey):
            return tuple(Finding(code=code, path=_NO_PATH) for code in survey.warnings)
        case Archive(inspection=read) | Ignore(says=Directory() as read):
            return tuple(
                Finding(code=each.code, path=each.path, count=each.count) for each in read.warnings
            )
        case Quarantine(problems=problems):
            paths = dict.fromkeys(map(_path, problems))
            return tuple(
                Finding(code=MANIFEST_PROBLEM, path=path) for path in list(paths)[:MOST_WARNINGS]
            )
    return ()


def _path(problem: str) -> str:
    """Return of which field a problem tells; of the whole, none."""
    field = problem.partition(" ")[0].rstrip(".")
    return _NO_PATH if field == "is" else field


def references(decision: Decision) -> tuple[Reference, ...]:
    """Return the instances that a DICOMDIR or a manifest names."""
    match decision:
        case Ignore(says=Directory(references=named)):
            return tuple(
                Reference(
                    sop_instance_uid=each.sop_instance_uid,
                    file_id=each.file_id,
                    study_instance_uid=each.study_instance_uid,
                )
                for each in named
            )
        case Ignore(says=Manifest(studies=studies)):
            return tuple(
                Reference(
                    sop_instance_uid=uid, file_id="", study_instance_uid=study.study_instance_uid
                )
                for study in studies
                for uid in study.sop_instance_uids
            )
    return ()


def expected(decision: Decision) -> tuple[ExpectedStudy, ...]:
    """Return the studies that a manifest names, and of how many instances."""
    match decision:
        case Ignore(says=Manifest(studies=studies)):
            return tuple(
                ExpectedStudy(
                    study_instance_uid=study.study_instance_uid,
                    instances=study.instances or len(study.sop_instance_uids) or None,
                )
                for study in studies
            )
    return ()
