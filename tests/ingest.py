"""An `ingest` on memory twins."""

from typing import Any

from functions.ingest.handler import Ingest
from shared.adapters.memory import ManualClock, MemoryObjectStore, MemoryTopic
from shared.contracts.facilities import Facilities

FACILITIES = Facilities.from_data({"h": {}, "c": {}})


def an_ingest(
    objects: MemoryObjectStore,
    clock: ManualClock,
    outcomes: MemoryTopic,
    uploads: MemoryTopic | None = None,
    **changes: Any,
) -> Ingest:
    """Return the handler between an archive, a quarantine and a topic."""
    settings: dict[str, Any] = {
        "archive": "archive",
        "quarantine": "quarantine",
        "facilities": FACILITIES,
    }
    return Ingest(
        objects=objects,
        uploads=uploads or MemoryTopic(),
        outcomes=outcomes,
        clock=clock,
        **(settings | changes),
    )
