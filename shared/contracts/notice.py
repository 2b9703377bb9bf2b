"""An event in words, for people: a title, what happened, and the facts of it.

Made from a public event and from texts that are the same for everybody, so it has no identity
where the event has none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from shared.contracts.event import PublicEvent
from shared.contracts.event_types import EVENT_TYPES
from shared.contracts.reasons import UPLOAD_REASONS

_SAYS: Final[Mapping[str, str]] = {each.name: each.says for each in EVENT_TYPES}
_LISTS: Final = ("tallies", "series")
_HEAD: Final = ("files", "outcome", "why")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a person is told of an event."""

    title: str  # of what type it is, and of which facility
    says: str
    facts: tuple[tuple[str, str], ...]  # by their names
    tallies: tuple[tuple[str, str, str], ...]  # files, outcome, why; below their heads

    @classmethod
    def of(cls, event: PublicEvent) -> "Notice":
        """Return the words for an event."""
        facility = event.data.get("facility")
        kind = event.type.removeprefix("dicom.").rpartition(".v")[0].replace(".", " ")
        return cls(
            title=f"{kind} ({facility})" if facility else kind,
            says=_SAYS.get(event.type, event.type),
            facts=tuple(_facts(event)),
            tallies=tuple(_tallies(event.data.get("tallies"))),
        )


def _facts(event: PublicEvent) -> Iterator[tuple[str, str]]:
    yield "time", event.time.isoformat()
    for name, value in event.data.items():
        if name not in _LISTS:
            yield name.replace("_", " "), _text(value)
    if why := _meaning(event.data.get("reason")):
        yield "which means", why
    yield "event", event.event_id


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(_text, value)) if isinstance(value, list) else str(value)


def _tallies(tallies: object) -> Iterator[tuple[str, str, str]]:
    if not isinstance(tallies, list) or not tallies:
        return
    yield _HEAD
    for tally in tallies:
        if isinstance(tally, Mapping):
            reason = tally.get("reason")
            why = _meaning(reason) or str(reason or "")
            yield str(tally.get("files", "")), str(tally.get("outcome", "")), why


def _meaning(reason: object) -> str:
    known = UPLOAD_REASONS.get(reason) if isinstance(reason, str) else None
    return known.meaning if known else ""
