"""What is to go with somebody's versions, told from rows alone: no object is looked at."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from infra.operate.holdings import Holdings
from shared.contracts.layout import INSIDE
from shared.contracts.outcome import OutcomeKind
from shared.contracts.subject import Decided, Kind, Subject, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is somebody's in the account; `mixed` and `lists` are of others, too, and stay.

    A container that holds no one else's goes whole, with whatever else was in it; a manifest or a
    directory that lists no other study, too.
    """

    studies: Collection[str]
    versions: Sequence[Version]
    decided: Sequence[Decided]
    mixed: Sequence[Decided]  # containers
    lists: Sequence[Decided]  # manifests and directories
    shared: Collection[str]  # `upload_id` of containers with others' data, whether they go or not

    @classmethod
    def of(cls, holdings: Holdings, subject: Subject, *, whole: bool = False) -> "Scope":
        """Ask the tables.

        Args:
            holdings: whom to ask.
            subject: who it is.
            whole: what holds, or lists, others' data, too, counts as theirs.
        """
        versions, known = holdings.versions(subject), holdings.decided(subject)
        own = _own(versions, known)
        containers = [each for each in known if each.outcome == OutcomeKind.EXPANDED]
        holding = {one: [each for each in known if _is_in(each, one)] for one in containers}
        touched = {one: held for one, held in holding.items() if own & _ids(held)}
        mixed = [one for one, held in touched.items() if _strangers(held, own)]
        alone = {one: held for one, held in touched.items() if one not in mixed}
        own |= _ids(alone) | _ids(each for held in alone.values() for each in held)
        listing = holdings.listing(subject)
        own |= _ids(each for each, others in listing.items() if not others)
        lists = [each for each, others in listing.items() if others and each.upload_id not in own]
        if whole:
            own |= _ids(mixed) | _ids(lists)
        return cls(
            studies=_studies(subject, versions),
            versions=versions,
            decided=[each for each in {*known, *listing} if each.upload_id in own],
            shared=_ids(mixed),
            mixed=[] if whole else mixed,
            lists=[] if whole else lists,
        )

    @property
    def upload_ids(self) -> list[str]:
        """Under which all of it was sent."""
        return sorted(_ids(self.decided))

    def in_order(self, upload_ids: Iterable[str]) -> list[str]:
        """Return them with those last that lead to others: containers, then instances."""
        ranks: dict[str, int] = {}
        for each in self.decided:
            rank = 2 if each.sop_instance_uid else int(each.outcome == OutcomeKind.EXPANDED)
            ranks[each.upload_id] = max(rank, ranks.get(each.upload_id, 0))
        return sorted(upload_ids, key=lambda one: (ranks.get(one, 0), one))

    @property
    def names(self) -> set[str]:
        """What its sender called it, with the facility's folder."""
        return {each.name for each in self.decided}

    @property
    def kept_whole(self) -> set[str]:
        """Where else something of it stands: duplicates, containers, lists, what was refused."""
        versions = {version.uri for version in self.versions}
        return {each.target_uri for each in self.decided if each.target_uri} - versions


def _studies(subject: Subject, versions: Iterable[Version]) -> Collection[str]:
    if subject.kind is Kind.STUDY:
        return {subject.value}
    return {uid for each in versions if (uid := each.identity.study_instance_uid)}


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
    return any(_is_somebodys(each) and each.upload_id not in own for each in held)


def _is_somebodys(each: Decided) -> bool:
    """Return whether it names somebody, or may: what was refused has no row of whose it is."""
    refused = each.outcome == OutcomeKind.QUARANTINED
    return bool(each.sop_instance_uid) or (refused and "/not-dicom/" not in each.target_uri)
