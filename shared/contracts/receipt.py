"""A receipt: what became of the files that a facility dropped in one go.

The summary, without names of files, is what events and mails tell; the receipt itself, with the
facility's own names for its files, stands in the bucket that only this facility may read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.contracts.ids import derived_id


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

    @property
    def receipt_id(self) -> str:
        """Derived from the facility and when its drop began: the same in every revision."""
        return derived_id("receipt", f"{self.facility}\n{self.opened_at.isoformat()}")

    @property
    def event_id(self) -> str:
        """Derived from which revision of which receipt it is."""
        return derived_id("dicom.receipt.issued", f"{self.receipt_id}\n{self.revision}")
