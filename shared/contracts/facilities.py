"""The registry of facilities: who may send, and how what they send is treated.

A deployment's data, delivered to the functions as one JSON file: an object per facility, by the
name of its folder in the inbox.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from itertools import pairwise
from typing import Final

from shared.contracts.fields import Fields

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
RESERVED: Final = frozenset({"claims", "ledger", "staging", "unknown"})  # mean something else
NO_COPIES: Final = "none"  # instead of the name of a profile


class ConflictPolicy(StrEnum):
    """Which of two versions of an instance is the primary one."""

    FIRST = "first"
    LAST = "last"
    SAME_SOURCE = "same-source"


class DuplicatePolicy(StrEnum):
    """What becomes of bytes that are archived already."""

    DROP = "drop"
    KEEP = "keep"


class UidPolicy(StrEnum):
    """What public events say of a facility's UIDs."""

    KEEP = "keep"
    PSEUDONYM = "pseudonym"


CONFLICT_POLICIES: Mapping[ConflictPolicy, str] = {
    ConflictPolicy.FIRST: "the version that came first",
    ConflictPolicy.LAST: "the version that landed last",
    ConflictPolicy.SAME_SOURCE: "the version that landed last, when it came to the folder "
    "directly below the facility's own that the first came to; else the first",
}
DUPLICATE_POLICIES: Mapping[DuplicatePolicy, str] = {
    DuplicatePolicy.DROP: "their archived twin stands for them",
    DuplicatePolicy.KEEP: "each is kept below `duplicates/`, under its name and generation",
}
UID_POLICIES: Mapping[UidPolicy, str] = {
    UidPolicy.KEEP: "as they are",
    UidPolicy.PSEUDONYM: "pseudonyms under the deployment's key for events",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facility:
    """One facility and its policies."""

    name: str
    description: str = ""
    conflicts: ConflictPolicy = ConflictPolicy.FIRST
    duplicates: DuplicatePolicy = DuplicatePolicy.DROP
    archive_prefix: str = ""  # in place of its name, before the study
    deidentification: str = "basic"  # the profile of its research copies, or "none"
    patient_id_issuer: str = ""  # in place of its name
    event_uids: UidPolicy = UidPolicy.KEEP
    series_quiet_s: int = 60
    study_quiet_s: int = 900
    study_forced_s: int = 5400
    receipt_quiet_s: int = 900
    receipt_forced_s: int = 21600

    @property
    def prefix(self) -> str:
        """Where its part of the archive begins."""
        return self.archive_prefix or self.name

    @property
    def authority(self) -> str:
        """Who assigns its accession numbers, and its patient ids where an object does not say."""
        return self.patient_id_issuer or self.name


POLICIES: Mapping[str, str] = {
    "conflicts": "which of two versions of an instance is the primary one: "
    + "; ".join(f"`{policy}`, {text}" for policy, text in CONFLICT_POLICIES.items()),
    "duplicates": "what becomes of bytes that are archived already: "
    + "; ".join(f"`{policy}`, {text}" for policy, text in DUPLICATE_POLICIES.items()),
    "archive_prefix": "where its part of the archive begins, before the study",
    "deidentification": f"the profile of its research copies; `{NO_COPIES}`: there are none",
    "patient_id_issuer": "the authority that assigns its patient ids, where an object names no "
    "Issuer of Patient ID, and its accession numbers; the same for facilities with one index of "
    "patients",
    "event_uids": "what public events say of its UIDs: "
    + "; ".join(f"`{policy}`, {text}" for policy, text in UID_POLICIES.items()),
    "series_quiet_s": "seconds without a new instance after which a series counts as settled",
    "study_quiet_s": "seconds without a new instance after which a study counts as complete, where "
    "nothing says how much of it is to come",
    "study_forced_s": "seconds after which a study counts as complete although more still comes",
    "receipt_quiet_s": "seconds without a new file after which a receipt is written",
    "receipt_forced_s": "seconds that one receipt covers at most",
}


@dataclass(frozen=True, slots=True)
class Facilities:
    """Every registered facility."""

    by_name: Mapping[str, Facility]

    def get(self, name: str) -> Facility | None:
        """Return a facility, or None when nobody registered it."""
        return self.by_name.get(name)

    def authority(self, name: str) -> str:
        """Return who assigns the ids of a facility, also of one that is registered no more."""
        facility = self.get(name)
        return facility.authority if facility else name

    def __iter__(self) -> Iterator[Facility]:
        """Yield each facility."""
        return iter(self.by_name.values())

    @classmethod
    def from_data(cls, data: object) -> "Facilities":
        """Read the registry as parsed.

        Raises:
            ContractError: names everything that is wrong in it.
        """
        document = Fields("facilities", data)
        names = data if isinstance(data, Mapping) else {}
        found = [document.required(str(name), _Reader(str(name))) for name in names]
        document.problems += _problems(found)
        document.check()
        return cls({facility.name: facility for facility in found})


@dataclass(frozen=True, slots=True)
class _Reader:
    name: str

    def __call__(self, data: Fields) -> Facility:
        data.only(_KEYS)
        return Facility(
            name=self.name,
            description=data.optional_text("description") or "",
            conflicts=data.choice("conflicts", ConflictPolicy.FIRST),
            duplicates=data.choice("duplicates", DuplicatePolicy.DROP),
            archive_prefix=data.optional_text("archive_prefix") or "",
            deidentification=data.optional_text("deidentification") or "basic",
            patient_id_issuer=(data.optional_text("patient_id_issuer") or "").strip(),
            event_uids=data.choice("event_uids", UidPolicy.KEEP),
            **{name: data.optional_seconds(name, default) for name, default in _PERIODS.items()},
        )


MAX_PERIOD_S: Final = 14 * 86_400  # sweeps look back by 31 days, and no longer
_KEYS: Final = frozenset(field.name for field in fields(Facility)) - {"name"}
_PERIODS: Final[Mapping[str, int]] = {
    field.name: field.default
    for field in fields(Facility)
    if isinstance(field.default, int) and field.name.endswith("_s")
}


def _problems(facilities: Collection[Facility]) -> Iterator[str]:
    if not facilities:
        yield "has no facility"
    for facility in facilities:
        if not _NAME.fullmatch(facility.name) or facility.name in RESERVED:
            yield f"{facility.name} is no name for a facility"
        if not all(map(_NAME.fullmatch, facility.prefix.split("/"))):
            yield f"{facility.name}.archive_prefix is no path of such names"
        elif facility.prefix.partition("/")[0] in RESERVED:
            yield f"{facility.name}.archive_prefix begins with a reserved name"
        for name in _PERIODS:
            if getattr(facility, name) > MAX_PERIOD_S:
                yield f"{facility.name}.{name} is more than {MAX_PERIOD_S} seconds"
    for one, other in pairwise(sorted(facilities, key=lambda each: f"{each.prefix}/")):
        if f"{other.prefix}/".startswith(f"{one.prefix}/"):
            yield f"{other.name}.archive_prefix lies in the part of {one.name}"
