"""What the tables say of a study: what is there, what is to come, what was declared of it."""

from dataclasses import dataclass
from datetime import datetime

from shared.contracts.study import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class GatheredSeries:
    """What of one series was archived."""

    series_instance_uid: str
    modality: str | None  # (0008,0060) as the files have it
    instances: int
    last_arrival: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What manifests, DICOMDIRs and the instances themselves say of how much a study has."""

    instances: int  # the greatest number that any of them names
    missing: int = 0  # of the instances that are named, those that are not there
    undecided: int = 0  # uploads of which nobody knows yet whether they are of this study


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The last that was declared of a study."""

    revision: int
    change: Change
    declared_at: datetime
    first_arrival: datetime
    last_arrival: datetime
    instances: int
    completed_instances: int  # how many it had when it was last complete


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """One study of a facility; instances are told apart by SOP Instance UID."""

    facility: str
    study_instance_uid: str
    instances: int
    first_arrival: datetime  # of its versions, as far back as was asked
    last_arrival: datetime
    series: tuple[GatheredSeries, ...]
    manifest: Announcement | None = None
    upload: int | None = None  # how many were to come, as was said with an upload
    last: Declared | None = None

    @property
    def expected_instances(self) -> int | None:
        """The greatest number that anything says it has."""
        said = (self.manifest.instances if self.manifest else None, self.upload)
        return max((number for number in said if number is not None), default=None)
