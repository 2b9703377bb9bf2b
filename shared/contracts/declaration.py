"""What was declared once and for all, from which the event that tells it is made."""

from dataclasses import dataclass
from typing import Final

STUDY_CHANGES: Final = "imaging.study_changes"
RECEIPTS: Final = "imaging.receipts"
LEDGERS: Final = (STUDY_CHANGES, RECEIPTS)  # tables in which the first to declare has its say


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """One row of a ledger."""

    table: str  # one of LEDGERS
    data: object  # the JSON form of what was declared
