"""What is declared of a study as a whole: complete, or open again after more of it came.

A study is known by (facility, Study Instance UID). Its first gathering is revision 1; each time
that more arrives after it was complete it is reopened, and the next revision begins.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from dataclasses import fields as fields_of
from datetime import datetime
from enum import StrEnum

from shared.contracts.fields import Fields
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

    @classmethod
    def from_fields(cls, fields: Fields) -> "SeriesState":
        """Read the inverse of `to_data`, within a larger object."""
        return cls(
            series_instance_uid=fields.text("series_instance_uid"),
            modality=fields.optional_text("modality"),
            instances=fields.integer("instances"),
            settled=fields.flag("settled", default=False),
        )

    def to_data(self) -> Mapping[str, object]:
        """Return the series as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyState:
    """What one study became, and what of it was there."""

    facility: str
    study_instance_uid: str
    revision: int  # counted from 1
    change: Change
    cause: Cause
    declared_at: datetime
    first_arrival: datetime  # of all that was archived of it, in whichever revision
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

    @classmethod
    def from_data(cls, data: object) -> "StudyState":
        """Read the inverse of `to_data`.

        Raises:
            ContractError: names every field that is not as it should be.
        """
        fields = Fields("study-state", data)
        state = cls(
            facility=fields.text("facility"),
            study_instance_uid=fields.text("study_instance_uid"),
            revision=fields.integer("revision"),
            change=fields.choice("change", Change.COMPLETED),
            cause=fields.choice("cause", Cause.QUIET),
            declared_at=fields.time("declared_at"),
            first_arrival=fields.time("first_arrival"),
            last_arrival=fields.time("last_arrival"),
            instances=fields.integer("instances"),
            expected_instances=fields.optional_integer("expected_instances"),
            series=fields.each("series", SeriesState.from_fields),
            archive_prefix=fields.text("archive_prefix"),
        )
        fields.check()
        return state

    def to_data(self) -> Mapping[str, object]:
        """Return the state as JSON values."""
        return {
            **{field.name: getattr(self, field.name) for field in fields_of(self)},
            "declared_at": self.declared_at.isoformat(),
            "first_arrival": self.first_arrival.isoformat(),
            "last_arrival": self.last_arrival.isoformat(),
            "series": [series.to_data() for series in self.series],
        }
