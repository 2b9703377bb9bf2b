"""What is declared of a study as a whole: complete, or open again after more of it came.

A study is known by (facility, Study Instance UID). Its first gathering is revision 1; each time
that more arrives after it was complete it is reopened, and the next revision begins.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.contracts.ids import derived_id


class Change(StrEnum):
    """What a study becomes."""

    COMPLETED = "completed"
    REOPENED = "reopened"


class Cause(StrEnum):
    """Why a study is said to be complete, or open again."""

    MANIFEST = "manifest"
    EXPECTED_COUNT = "expected-count"
    QUIET = "quiet"
    FORCED = "forced"
    LATE_ARRIVAL = "late-arrival"


CAUSES: Mapping[Cause, str] = {
    Cause.MANIFEST: "all that a manifest, a DICOMDIR or the instances themselves name is there",
    Cause.EXPECTED_COUNT: "as many instances are there as were announced with the upload",
    Cause.QUIET: "nothing more came for as long as the facility's quiet period",
    Cause.FORCED: "it was open for as long as the facility allows, and more may still come",
    Cause.LATE_ARRIVAL: "more of it came after it was complete",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesState:
    """What of one series is there."""

    series_instance_uid: str
    modality: str | None  # (0008,0060) where it is a defined term
    instances: int
    settled: bool  # nothing came for as long as the quiet period of a series


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyState:
    """What one study became, and what of it was there."""

    facility: str
    study_instance_uid: str
    revision: int  # counted from 1
    change: Change
    cause: Cause
    declared_at: datetime
    first_arrival: datetime
    last_arrival: datetime
    instances: int
    expected_instances: int | None
    series: tuple[SeriesState, ...]
    archive_prefix: str  # in the archive, up to and including the study's folder: `…/<UID>/`

    @property
    def event_id(self) -> str:
        """Derived from which revision of what it is of, so that whoever declares it repeats it."""
        parts = (self.facility, self.study_instance_uid, str(self.revision))
        return derived_id(f"dicom.study.{self.change}", "\n".join(parts))
