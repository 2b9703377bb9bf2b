"""A cloud of memory twins, as operators act upon it."""

from collections.abc import Mapping

from infra.operate.cloud import Cloud
from infra.operate.reidentification import Kind, Question
from shared.adapters.memory import (
    MemoryCatalogue,
    MemoryOriginals,
    MemorySubscription,
    MemoryTables,
)
from shared.ports import Clock, ObjectStore, Publisher


def a_cloud(
    objects: ObjectStore,
    clock: Clock,
    tables: MemoryTables,
    topics: Mapping[str, Publisher],
    dead_letters: MemorySubscription | None = None,
) -> Cloud:
    """Return a cloud whose buckets have their stems for names."""
    return Cloud(
        objects=objects,
        catalogue=MemoryCatalogue(tables),
        originals=MemoryOriginals(tables),
        tables=tables,
        clock=clock,
        dead_letters=dead_letters or MemorySubscription(),
        topic=topics.__getitem__,
        inbox="inbox",
        archive="archive",
        quarantine="quarantine",
        research="research",
    )


def a_question(kind: Kind = Kind.PATIENT, pseudonym: str = "AAAAAAAAAAAAAAAA") -> Question:
    return Question(kind=kind, pseudonym=pseudonym, who="Dr. Made Up", reason="a finding")
