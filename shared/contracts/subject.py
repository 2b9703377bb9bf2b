"""Somebody whose data are to be erased, and what the tables say is theirs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.dicom.identity import Identity


class Kind(StrEnum):
    """By what somebody is known."""

    PATIENT = "patient"
    STUDY = "study"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A patient of a facility, or one study there."""

    kind: Kind
    facility: str
    value: str  # the patient id, or the Study Instance UID
    issuer: str = ""  # of the patient id
    by_default: bool = False  # objects that name no issuer mean this one

    @property
    def natural_key(self) -> str:
        """What tells it from every other."""
        return f"{self.kind}\n{self.facility}\n{self.issuer}\n{self.value}"

    def has(self, facility: str, patient_id: str, issuer: str, study: str) -> bool:
        """Return whether an object with these values is theirs."""
        if facility != self.facility:
            return False
        if self.kind is Kind.STUDY:
            return study == self.value
        named = issuer == self.issuer or (self.by_default and not issuer)
        return named and patient_id == self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """An archived version of an instance, as its row tells."""

    uri: str
    generation: int
    crc32c: str
    event_id: str
    identity: Identity

    @property
    def natural_key(self) -> str:
        """The key under which its copy was made."""
        return f"{self.uri.removeprefix('gs://')}#{self.generation}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What landed, or a member of it, as one row of the account tells."""

    upload_id: str
    root_event_id: str
    name: str
    outcome: str
    target_uri: str
    sop_instance_uid: str
    crc32c: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """The rows of a table in which a column has one of some values, perhaps of one facility."""

    table: str
    column: str
    values: Sequence[str | datetime]
    facility: str = ""

    def chunks(self, size: int) -> Iterator["Selected"]:
        """Yield the same rows in parts."""
        for first in range(0, len(self.values), size):
            part = self.values[first : first + size]
            yield Selected(
                table=self.table, column=self.column, values=part, facility=self.facility
            )
