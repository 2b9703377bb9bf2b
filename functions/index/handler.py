"""Index: an outcome becomes rows.

The account of an outcome (`imaging.uploads`, `imaging.deid_audit`) is written after the instance
it speaks of, so that whoever finds the account finds the instance. A repeated delivery repeats
rows under the same EventId; the views keep one.
"""

from dataclasses import dataclass

from functions.index import rows
from shared.contracts.outcome import Outcome, OutcomeKind
from shared.ports import Done, RowSink

_INDEXED = frozenset({OutcomeKind.ARCHIVED, OutcomeKind.CONFLICT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """The handler of the topic `outcomes`."""

    tables: RowSink

    def __call__(self, outcome: Outcome) -> Done:
        """Return once every row of the outcome is confirmed."""
        if outcome.kind in _INDEXED:
            self.tables.append("imaging.instances", [rows.instance(outcome)])
        if outcome.kind is OutcomeKind.DEIDENTIFIED:
            self.tables.append("research.instances", [rows.research_instance(outcome)])
        if outcome.kind.stage == "deidentify":
            self.tables.append("imaging.deid_audit", [rows.audit(outcome)])
        else:
            self.tables.append("imaging.uploads", [rows.upload(outcome)])
        return Done("outcome indexed", {"outcome": outcome.kind.value})
