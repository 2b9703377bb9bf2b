"""What is to go with somebody's versions, told from rows alone: no object is looked at."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from infra.operate.holdings import Holdings
from shared.contracts.layout import INSIDE
from shared.contracts.outcome import OutcomeKind
from shared.contracts.subject import Decided, Subject, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is somebody's in the account; `mixed` are containers that hold others' instances, too.

    A container that holds no one else's goes whole, with whatever else was in it.
    """

    versions: Sequence[Version]
    decided: Sequence[Decided]
    mixed: Sequence[Decided]

    @classmethod
    def of(cls, holdings: Holdings, subject: Subject) -> "Scope":
        """Ask the tables."""
        versions, known = holdings.versions(subject), holdings.decided(subject)
        own = _own(versions, known)
        containers = [each for each in known if each.outcome == OutcomeKind.EXPANDED]
        holding = {one: [each for each in known if _is_in(each, one)] for one in containers}
        touched = {one: held for one, held in holding.items() if own & _ids(held)}
        mixed = [one for one, held in touched.items() if _strangers(held, own)]
        whole = {one: held for one, held in touched.items() if one not in mixed}
        own |= _ids(whole) | _ids(each for held in whole.values() for each in held)
        decided = [each for each in known if each.upload_id in own]
        return cls(versions=versions, decided=decided, mixed=mixed)

    @property
    def upload_ids(self) -> list[str]:
        """Under which all of it was sent."""
        return sorted(_ids(self.decided))

    @property
    def names(self) -> set[str]:
        """What its sender called it, with the facility's folder."""
        return {each.name for each in self.decided}

    @property
    def kept_whole(self) -> set[str]:
        """Where else something of it stands: duplicates, containers, what was refused."""
        versions = {version.uri for version in self.versions}
        return {each.target_uri for each in self.decided if each.target_uri} - versions


def _own(versions: Iterable[Version], known: Iterable[Decided]) -> set[str]:
    """Return under which ids these versions, or the same bytes, were sent."""
    contents = {(each.identity.sop_instance_uid, each.crc32c) for each in versions}
    return _ids(each for each in known if (each.sop_instance_uid, each.crc32c) in contents)


def _ids(decided: Iterable[Decided]) -> set[str]:
    return {each.upload_id for each in decided}


def _is_in(member: Decided, container: Decided) -> bool:
    inside = member.name.startswith(f"{container.name}{INSIDE}")
    return inside and member.root_event_id == container.root_event_id


def _strangers(held: Iterable[Decided], own: Collection[str]) -> bool:
    return any(each.sop_instance_uid and each.upload_id not in own for each in held)
