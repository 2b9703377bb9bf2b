"""The limits under which a container is expanded: each declared once, here."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final, NamedTuple

from shared.dicom.limits import KIB, MIB
from shared.errors import LimitError

GIB: Final = 1024 * MIB
# Little output is no danger, and a blank frame deflates a thousand times.
TOTAL_RATIO_FLOOR: Final = 64 * MIB
NESTED_RATIO_FLOOR: Final = MIB
ENTRY_RATIO_FLOOR: Final = 16 * MIB
NESTED_FREE_ENTRIES: Final = 100
NESTED_BYTES_PER_ENTRY: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerLimits:
    """How much of one container is taken before it, or one member, is refused."""

    max_entries: int = 20_000
    max_total_bytes: int = 16 * GIB
    max_total_ratio: int = 100
    max_nesting: int = 2
    max_directory_bytes: int = 16 * MIB
    max_extended_header_bytes: int = 64 * KIB
    max_entry_bytes: int = 8 * GIB
    max_entry_ratio: int = 250
    max_path_bytes: int = 512


DEFAULT_CONTAINER_LIMITS: Final = ContainerLimits()


class ContainerEffect(StrEnum):
    """What happens to what exceeds a limit."""

    CONTAINER_REFUSED = "refused whole, before any member is taken"
    MEMBER_REFUSED = "refused alone; the other members are taken"


class ContainerLimit(NamedTuple):
    """One row of the table of limits."""

    field: str
    default: int
    reason: str
    effect: ContainerEffect
    why: str


_WHOLE: Final = ContainerEffect.CONTAINER_REFUSED
_ALONE: Final = ContainerEffect.MEMBER_REFUSED
_ROWS: Final[dict[str, tuple[str, ContainerEffect, str]]] = {
    "max_entries": (
        "too-many-members",
        _WHOLE,
        (
            "a CD holds some 3,000 files, a DVD of thin slices 15,000. Folders count; a nested "
            "one may have 100, and one more per 64 bytes that were sent of it"
        ),
    ),
    "max_total_bytes": (
        "members-too-large",
        _WHOLE,
        "a double-layer DVD holds 8.5 GB, and compressed twice that",
    ),
    "max_total_ratio": (
        "expansion-ratio-too-high",
        _WHOLE,
        (
            "images deflate 2 to 10 times; a bomb about 1,000 times. Judged from 64 MiB on; a "
            "nested one from 1 MiB on, by its share of what was sent: nesting multiplies nothing"
        ),
    ),
    "max_nesting": (
        "containers-too-deep",
        _WHOLE,
        "studies zipped one by one and then together; deeper is a bomb. A tar.gz is one container",
    ),
    "max_directory_bytes": (
        "container-directory-too-large",
        _WHOLE,
        "the directory of a zip is held in memory; 20,000 entries take about 3 MiB",
    ),
    "max_extended_header_bytes": (
        "member-header-too-large",
        _WHOLE,
        "a long name or the attributes of a tar member are held in memory; real ones take 1 KiB",
    ),
    "max_entry_bytes": (
        "member-too-large",
        _ALONE,
        "the largest multi-frame objects have 6 GB, and one delivery must suffice to store it",
    ),
    "max_entry_ratio": (
        "member-ratio-too-high",
        _ALONE,
        "a zip member says what it inflates to. Judged from 16 MiB on",
    ),
    "max_path_bytes": (
        "member-path-too-long",
        _ALONE,
        "Windows stops at 260 characters; two nested paths must fit an object's metadata",
    ),
}

CONTAINER_LIMITS: Final = tuple(
    ContainerLimit(field.name, getattr(DEFAULT_CONTAINER_LIMITS, field.name), *_ROWS[field.name])
    for field in fields(ContainerLimits)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What one container may expand to, given how much of it was sent and how deep it stands."""

    limits: ContainerLimits
    sent_bytes: int
    depth: int  # containers around it

    def check_depth(self) -> None:
        """Return only when a container this deep is expanded."""
        if self.depth >= self.limits.max_nesting:
            raise LimitError("containers-too-deep")

    def check_entries(self, count: int) -> None:
        """Return only when so many entries are taken."""
        allowed = self.limits.max_entries
        if self.depth:
            earned = NESTED_FREE_ENTRIES + self.sent_bytes // NESTED_BYTES_PER_ENTRY
            allowed = min(allowed, earned)
        if count > allowed:
            raise LimitError("too-many-members")

    def check_total(self, total_bytes: int) -> None:
        """Return only when so many bytes are taken."""
        if total_bytes > self.limits.max_total_bytes:
            raise LimitError("members-too-large")
        floor = NESTED_RATIO_FLOOR if self.depth else TOTAL_RATIO_FLOOR
        if total_bytes > max(floor, self.sent_bytes * self.limits.max_total_ratio):
            raise LimitError("expansion-ratio-too-high")

    def refusal_of_sizes(self, size: int, stored: int) -> str | None:
        """Return why a member of `size` bytes that takes `stored` is refused, or None."""
        if size > self.limits.max_entry_bytes:
            return "member-too-large"
        bound = max(ENTRY_RATIO_FLOOR, stored * self.limits.max_entry_ratio)
        return "member-ratio-too-high" if size > bound else None
