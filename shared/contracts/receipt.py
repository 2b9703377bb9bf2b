"""A receipt: what became of the files that a facility dropped in one go.

The summary, without names of files, is what events and mails tell; the receipt itself, with the
facility's own names for its files, stands in the bucket that only this facility may read.

The receipts of a facility lie end to end in time: each covers what landed after the end of the one
before it, up to its own end. So whatever lands, however late it is told of, is in one of them.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from shared.contracts.fields import Fields
from shared.contracts.ids import derived_id
from shared.contracts.message import TOPICS_KEEP

BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)  # from when on the first receipt covers
NO_DEVICE: Final = ""
LISTED_NAMES: Final = 20  # of the files of one group; how many more there are is told
LISTED_STUDIES: Final = 20  # of the incomplete ones
LISTED_WARNINGS: Final = 100  # by device and code
_MAX_DEVICE_TEXT: Final = 64
_NOT_OF_A_DEVICE: Final = re.compile(r"[^A-Za-z0-9 .,()/+_-]+")


class Closing(StrEnum):
    """What ended a drop."""

    MANIFEST = "manifest"
    QUIET = "quiet"
    FORCED = "forced"


CLOSINGS: Mapping[Closing, str] = {
    Closing.MANIFEST: "the facility said with a manifest that this was all",
    Closing.QUIET: "nothing more came for as long as the facility's quiet period",
    Closing.FORCED: "files kept coming for as long as one receipt may cover",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many files had one outcome, for one reason."""

    outcome: str
    reason: str | None
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptSummary:
    """One receipt, in numbers."""

    facility: str
    opened_at: datetime  # when the first of its files landed
    closed_at: datetime  # when the last of them landed
    revision: int  # counted from 1; a later one replaces those before
    closing: Closing
    issued_at: datetime
    tallies: tuple[Tally, ...]
    undecided: int  # files that landed and have no outcome yet
    uri: str  # of the receipt's JSON form, as gs:// address
    covers_from: datetime = BEGINNING  # the end of what the receipt before it covers

    @property
    def receipt_id(self) -> str:
        """Derived from the facility and where it begins to cover: the same in every revision."""
        return receipt_id(self.facility, self.covers_from)

    @property
    def event_id(self) -> str:
        """Derived from which revision of which receipt it is."""
        return derived_id("dicom.receipt.issued", f"{self.receipt_id}\n{self.revision}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """An upload with its members, of which no receipt tells yet."""

    facility: str
    landed_at: datetime
    undecided: bool  # it, or a member of it, has no outcome
    ends_drop: bool  # it is a manifest
    covered_to: datetime  # the end of the facility's last receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The part of a facility's time that one receipt covers."""

    facility: str
    covers_from: datetime  # without this moment
    covers_to: datetime  # with this moment

    @property
    def receipt_id(self) -> str:
        """The id of the receipt that covers it."""
        return receipt_id(self.facility, self.covers_from)

    @property
    def read_from(self) -> datetime:
        """From when on its files are looked for: what is older was in receipts long ago."""
        return max(self.covers_from, self.covers_to - TOPICS_KEEP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A receipt, in its latest revision, that is not what the tables say now."""

    stretch: Stretch
    revision: int
    closing: Closing
    issued_at: datetime
    opened_at: datetime
    closed_at: datetime
    undecided: int  # files, now


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The files that had one outcome, for one reason; those without an outcome are one, too."""

    outcome: str | None
    reason: str | None
    difference: str | None  # of conflicts
    files: int
    names: tuple[str, ...]  # of the first of them, below the facility's folder; of members as sent

    @classmethod
    def from_fields(cls, fields: Fields) -> "Group":
        """Read the inverse of `asdict`."""
        return cls(
            outcome=fields.optional_text("outcome"),
            reason=fields.optional_text("reason"),
            difference=fields.optional_text("difference"),
            files=fields.integer("files"),
            names=fields.texts("names"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceWarning:
    """How many files of one make and model of device were accepted with one warning."""

    manufacturer: str
    model: str
    code: str
    files: int

    @classmethod
    def from_fields(cls, fields: Fields) -> "DeviceWarning":
        """Read the inverse of `asdict`."""
        return cls(
            manufacturer=fields.optional_text("manufacturer") or NO_DEVICE,
            model=fields.optional_text("model") or NO_DEVICE,
            code=fields.text("code"),
            files=fields.integer("files"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IncompleteStudy:
    """A study of which fewer instances are there than something said were to come."""

    name: str  # of one of its files
    instances: int
    expected: int

    @classmethod
    def from_fields(cls, fields: Fields) -> "IncompleteStudy":
        """Read the inverse of `asdict`."""
        return cls(
            name=fields.text("name"),
            instances=fields.integer("instances"),
            expected=fields.integer("expected"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What the tables say of what landed in a stretch: outcomes as they were decided first."""

    digest: int  # of which files there are and what became of each; 0 of none
    opened_at: datetime | None  # None where there is nothing
    closed_at: datetime | None
    size: int  # bytes, as sent
    groups: tuple[Group, ...]
    studies: int
    instances: int
    open_studies: int  # not yet said to be complete
    incomplete: tuple[IncompleteStudy, ...]
    incomplete_studies: int  # with those that are not listed
    warnings: tuple[DeviceWarning, ...]
    warnings_left_out: int

    @property
    def files(self) -> int:
        """How many files there are, members of containers included."""
        return sum(group.files for group in self.groups)

    @property
    def undecided(self) -> int:
        """How many files have no outcome."""
        return sum(group.files for group in self.groups if group.outcome is None)

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """How many files had each outcome, for each reason."""
        counts: Counter[tuple[str, str | None]] = Counter()
        for group in self.groups:
            if group.outcome is not None:
                counts[group.outcome, group.reason] += group.files
        return tuple(
            Tally(outcome=outcome, reason=reason, files=files)
            for (outcome, reason), files in counts.items()
        )

    def to_data(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            **asdict(self),
            "opened_at": self.opened_at.isoformat() if self.opened_at else None,
            "closed_at": self.closed_at.isoformat() if self.closed_at else None,
            "groups": [{**asdict(group), "names": list(group.names)} for group in self.groups],
            "incomplete": [asdict(study) for study in self.incomplete],
            "warnings": [asdict(warning) for warning in self.warnings],
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> "Contents":
        """Read the inverse of `to_data`."""
        return cls(
            digest=fields.integer("digest"),
            opened_at=fields.optional_time("opened_at"),
            closed_at=fields.optional_time("closed_at"),
            size=fields.integer("size"),
            groups=fields.each("groups", Group.from_fields),
            studies=fields.integer("studies"),
            instances=fields.integer("instances"),
            open_studies=fields.integer("open_studies"),
            incomplete=fields.each("incomplete", IncompleteStudy.from_fields),
            incomplete_studies=fields.integer("incomplete_studies"),
            warnings=fields.each("warnings", DeviceWarning.from_fields),
            warnings_left_out=fields.integer("warnings_left_out"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One revision of a receipt, whole: what its JSON form and its page are made of."""

    stretch: Stretch
    revision: int
    closing: Closing
    issued_at: datetime
    opened_at: datetime
    closed_at: datetime
    bucket: str
    contents: Contents

    @property
    def summary(self) -> ReceiptSummary:
        """Its numbers."""
        return ReceiptSummary(
            facility=self.stretch.facility,
            opened_at=self.opened_at,
            closed_at=self.closed_at,
            revision=self.revision,
            closing=self.closing,
            issued_at=self.issued_at,
            tallies=self.contents.tallies,
            undecided=self.contents.undecided,
            uri=f"gs://{self.bucket}/{self.name('json')}",
            covers_from=self.stretch.covers_from,
        )

    def name(self, suffix: str) -> str:
        """Return the name of one of its forms in the bucket; the day is that of its end."""
        revised = "" if self.revision == 1 else f"-r{self.revision}"
        day = self.stretch.covers_to.astimezone(UTC).date().isoformat()
        return f"{self.stretch.facility}/{day}/{self.stretch.receipt_id}{revised}.{suffix}"

    def to_data(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "facility": self.stretch.facility,
            "covers_from": self.stretch.covers_from.isoformat(),
            "covers_to": self.stretch.covers_to.isoformat(),
            "revision": self.revision,
            "closing": self.closing.value,
            "issued_at": self.issued_at.isoformat(),
            "opened_at": self.opened_at.isoformat(),
            "closed_at": self.closed_at.isoformat(),
            "bucket": self.bucket,
            "contents": self.contents.to_data(),
        }

    @classmethod
    def from_data(cls, data: object) -> "Receipt":
        """Read the inverse of `to_data`.

        Raises:
            ContractError: names every field that is missing or wrong.
        """
        fields = Fields("receipt", data)
        receipt = cls(
            stretch=Stretch(
                facility=fields.text("facility"),
                covers_from=fields.time("covers_from"),
                covers_to=fields.time("covers_to"),
            ),
            revision=fields.integer("revision"),
            closing=fields.choice("closing", Closing.QUIET),
            issued_at=fields.time("issued_at"),
            opened_at=fields.time("opened_at"),
            closed_at=fields.time("closed_at"),
            bucket=fields.text("bucket"),
            contents=fields.required("contents", Contents.from_fields),
        )
        fields.check()
        return receipt


def receipt_id(facility: str, covers_from: datetime) -> str:
    """Return the id of a facility's receipt that begins to cover there: one in every revision."""
    return derived_id("receipt", f"{facility}\n{covers_from.astimezone(UTC).isoformat()}")


def device_text(value: str | None) -> str:
    """Return what a receipt says of a make or model: few kinds of characters, and not many.

    They name a product, not a patient, and the Basic Profile leaves both attributes as they are;
    but a file may have anything there.
    """
    text = " ".join(_NOT_OF_A_DEVICE.sub(" ", value or "").split())
    return text[:_MAX_DEVICE_TEXT].strip()


def by_device(
    found: Iterable[tuple[str | None, str | None, str, int]],
) -> tuple[DeviceWarning, ...]:
    """Return (manufacturer, model, code, files) as warnings, those of most files first."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for manufacturer, model, code, files in found:
        counts[device_text(manufacturer), device_text(model), code] += files
    return tuple(
        DeviceWarning(manufacturer=manufacturer, model=model, code=code, files=files)
        for (manufacturer, model, code), files in sorted(
            counts.items(), key=lambda item: (-item[1], item[0])
        )
    )


def name_in_facility(name: str, facility: str) -> str:
    """Return a name in the inbox as the facility has it: below its own folder."""
    return name.removeprefix(f"{facility}/")
