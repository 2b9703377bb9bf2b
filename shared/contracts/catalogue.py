"""What the tables say, as the buckets are compared with it."""

from dataclasses import dataclass
from datetime import datetime

from shared.contracts.objects import ObjectVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenUpload:
    """An object, or a member, that was announced and has no outcome."""

    version: ObjectVersion  # where it was announced last
    landed_at: datetime
    event_id: str  # of the upload, or the member
    root_event_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedVersion:
    """An archived version of an instance, of which there is a row."""

    name: str
    generation: int  # the latest, were the object replaced
    stored_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimaryVersion:
    """The archived version that is the primary one of its instance."""

    name: str
    since: datetime  # it landed as such, or was promoted


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPatient:
    """A patient of whom a facility has something archived."""

    facility: str
    patient_id: str  # empty where there is none
    issuer: str  # empty where nobody is named
    study_instance_uid: str  # of a patient without an id, whom nothing else tells from others


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAccession:
    """An accession number of which a facility has something archived."""

    facility: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the sweeps so far have come."""

    redriven_to: str = ""  # where the last one left what waits to the next; empty: nowhere
    asked_at: datetime | None = None  # when one asked for open uploads
    compared_at: datetime | None = None  # when one compared a part of the archive
    compared_to: str = ""  # the last name of that part, of which the next begins
    pass_complete: bool = True  # nothing of the archive comes after it
    studies_at: datetime | None = None  # when one looked at studies of as many days as any does
