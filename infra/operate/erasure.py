"""Erasure: somebody's data are removed from every bucket and every table, and what stays is told.

It is written down before anything is removed. Rows go last, for they tell what there is: what ends
before that is found again by the next try, and one that finds nothing more has proved it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import product
from typing import Final

from functions.deidentify.handler import MARK_DIGITS, ORIGINAL
from functions.ingest.placement import PLACE
from infra.operate import receipts
from infra.operate.cloud import Cloud
from infra.operate.erasure_terms import RefusedError, Report, Request
from infra.operate.quarantined import Standing, standing
from infra.operate.scope import Scope
from shared.contracts import layout
from shared.contracts.declaration import LEDGERS
from shared.contracts.objects import StoredObject
from shared.contracts.subject import Selected, Version
from shared.dead_letters import waiting
from shared.dicom.deidentification.pseudonyms import PseudonymKey
from shared.dicom.identity import Identity
from shared.metadata_object import delete_whole

TABLE: Final = "imaging.erasures"
EVENTS: Final = "imaging.events"
INSTANCES: Final = "imaging.instances"
READ: Final = "quarantine: found by reading"
LEADING: Final = "quarantined, until rows are gone"
MAX_DEAD_LETTERS: Final = 100


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """One request, and where it is carried out; `keys` are all that ever made copies."""

    cloud: Cloud
    keys: Sequence[PseudonymKey]
    request: Request

    def rehearse(self) -> Report:
        """Return what would be removed."""
        return self._through(remove=False)

    def carry_out(self, *, rows: bool) -> Report:
        """Return what was removed; rows only where that is asked for.

        Raises:
            RefusedError: nothing was removed, and why.
        """
        self._refuse_what_is_retained()
        self._refuse_without_keys()
        self._refuse_what_waits()
        self._record("begun", self.rehearse().found)
        report = self._through(remove=True)
        self._end(report, rows=rows)
        return report

    def _end(self, report: Report, *, rows: bool) -> None:
        """Remove rows, and between them what was found by reading.

        That alone leads to rows of its own, so it goes after them; and those of versions lead to
        it, where it names nothing but a study, so they go last.
        """
        leading = [each for each in report.rows if each.table == INSTANCES]
        led_to = [each for each in report.rows if each.table != INSTANCES]
        if rows:
            self._remove(led_to)
        if still := sum(map(self.cloud.holdings.count, led_to)):
            report.left["rows that came meanwhile"] = still if rows else 0
            report.left[LEADING] = report.found.pop(READ, 0)
            report.left = +report.left
            return
        for stored in self._standing.own:
            self.cloud.objects.delete(stored.version)
        if rows:
            self._remove(leading)
        if not any(map(self.cloud.holdings.count, leading)):
            report.done = True
            self._record("done", report.found)

    def _remove(self, rows: Iterable[Selected]) -> None:
        for selected in rows:
            self.cloud.holdings.remove(selected)

    def _through(self, *, remove: bool) -> Report:
        report = Report()
        objects = {
            "research": self._copies(),
            "archive": self._versions(),
            "archive: kept whole": self._kept_whole(self.cloud.archive),
            "archive: claims": self._claims(),
            "quarantine": self._kept_whole(self.cloud.quarantine),
            READ: iter(self._standing.own),
            "receipts": self._receipts(),
            "receipts: ledger": self._ledger(),
        }
        for place, found in objects.items():
            for stored in found:
                report.found[place] += 1
                if remove and place != READ:
                    delete_whole(self.cloud.objects, stored)
        for selected in self._rows():
            if selected.values and (count := self.cloud.holdings.count(selected)):
                report.found[selected.table] += count
                report.rows.append(selected)
        report.found = +report.found
        self._leave(report)
        return report

    @cached_property
    def _scope(self) -> Scope:
        subject, whole = self.request.subject, self.request.whole
        return Scope.of(self.cloud.holdings, subject, whole=whole)

    @cached_property
    def _standing(self) -> Standing:
        return standing(self.cloud, self.request.subject, self._scope, whole=self.request.whole)

    @cached_property
    def _twins(self) -> frozenset[str]:
        return frozenset(self.cloud.holdings.twins(self.request.subject))

    @cached_property
    def _namesakes(self) -> frozenset[str]:
        return frozenset(self.cloud.holdings.namesakes(self.request.subject))

    @property
    def _not_given(self) -> set[str]:
        """The keys of which there are copies, and that nobody gave."""
        return set(self.cloud.holdings.key_ids()) - {key.key_id for key in self.keys}

    def _copies(self) -> Iterator[StoredObject]:
        """Yield the copies of these originals, and the metadata beside them, by their tokens."""
        tokens = {
            key.token("original", version.natural_key)
            for key in self.keys
            for version in self._scope.versions
        }
        for prefix in sorted(self._research_prefixes()):
            for stored in self.cloud.objects.list(self.cloud.research, prefix):
                if stored.labels.get(ORIGINAL) in tokens:
                    yield stored

    def _research_prefixes(self) -> set[str]:
        """Return the folders of their studies, under the UIDs that copies may have."""
        found = set()
        for identity in (version.identity for version in self._scope.versions):
            for uid in self._uids(identity.study_instance_uid or identity.sop_instance_uid):
                found.add(f"{uid}/" if identity.study_instance_uid else f"non-patient/{uid}.")
        return found

    def _shared_uris(self) -> Iterator[str]:
        """Yield where copies of theirs are, or were, whose UIDs somebody else's have, too."""
        uids = self._twins | self._namesakes
        shared = (each for each in self._scope.versions if each.identity.sop_instance_uid in uids)
        for version, key in product(shared, self.keys):
            token = key.token("original", version.natural_key)
            name = layout.research_name(_pseudonymous(version.identity, key))
            there = self.cloud.objects.find(self.cloud.research, name)
            yield f"gs://{self.cloud.research}/{layout.conflict_name(name, token[:MARK_DIGITS])}"
            if there is None or there.labels.get(ORIGINAL) == token:
                yield f"gs://{self.cloud.research}/{name}"

    def _uids(self, original: str) -> set[str]:
        """Return what a UID is called in copies: a profile may keep it."""
        return {original, *(key.uid(original) for key in self.keys)}

    def _versions(self) -> Iterator[StoredObject]:
        yield from filter(None, map(self._stored, self._scope.versions))

    def _stored(self, version: Version) -> StoredObject | None:
        """Return the object of a version; None where it is gone, or another took its place."""
        name = version.uri.removeprefix(f"gs://{self.cloud.archive}/")
        stored = self.cloud.objects.find(self.cloud.archive, name)
        return stored if stored and stored.crc32c == version.crc32c else None

    def _kept_whole(self, bucket: str) -> Iterator[StoredObject]:
        folder = f"gs://{bucket}/"
        for uri in sorted(uri for uri in self._scope.kept_whole if uri.startswith(folder)):
            if stored := self.cloud.objects.find(bucket, uri.removeprefix(folder)):
                yield stored

    def _claims(self) -> Iterator[StoredObject]:
        """Yield the claims of these versions; one of a version that stays goes on."""
        places = {
            version.uri.removeprefix(f"gs://{self.cloud.archive}/"): version.identity
            for version in self._scope.versions
        }
        facility = self.request.subject.facility
        for name in sorted({layout.claim_name(facility, each) for each in places.values()}):
            claim = self.cloud.objects.find(self.cloud.archive, name)
            if claim and claim.labels.get(PLACE) in places:
                yield claim

    @property
    def _names(self) -> set[str]:
        return self._scope.names | self._standing.names

    @cached_property
    def _marks(self) -> Mapping[str, Sequence[str]]:
        """The `EventId` of rows to which nothing else leads, by their table."""
        holdings, subject, names = self.cloud.holdings, self.request.subject, self._names
        told = holdings.receipts(subject.facility)
        naming = {one for one, data in told if receipts.tells(data, subject.facility, names)}
        return {**holdings.marks(subject), "imaging.receipts": sorted(naming)}

    def _receipts(self) -> Iterator[StoredObject]:
        facility = self.request.subject.facility
        return receipts.naming(self.cloud.objects, self.cloud.receipts, facility, self._names)

    def _ledger(self) -> Iterator[StoredObject]:
        """Yield who was first to say what the rows of a ledger say: it would be said again."""
        for table in LEDGERS:
            for event_id in sorted(set(self._marks[table])):
                name = layout.ledger_name(table, event_id)
                if stored := self.cloud.objects.find(self.cloud.receipts, name):
                    yield stored

    def _rows(self) -> Iterator[Selected]:
        """Yield every row, those last from which the others are told."""
        scope, holdings = self._scope, self.cloud.holdings
        facility = self.request.subject.facility
        upload_ids = sorted({*scope.upload_ids, *self._standing.upload_ids})
        roots = [one for one in upload_ids if one not in scope.shared]
        originals = sorted({version.identity.sop_instance_uid for version in scope.versions})
        alone = [uid for uid in originals if uid not in self._namesakes]
        own = [uid for uid in alone if uid not in self._twins]
        copies = sorted({uid for each in own for uid in self._uids(each)})
        declared = sorted({each for table in LEDGERS for each in self._marks[table]})
        yield Selected(table="research.instances", column="SOPInstanceUID", values=copies)
        yield Selected(
            table="research.instances", column="ObjectUri", values=sorted(self._shared_uris())
        )
        events = [
            Selected(table=EVENTS, column="SOPInstanceUID", values=copies),
            Selected(table=EVENTS, column="RootEventId", values=roots),
            Selected(table=EVENTS, column="SOPInstanceUID", values=alone, facility=facility),
            Selected(table=EVENTS, column="EventId", values=declared),
        ]
        told = sorted({one for each in events for one in holdings.event_ids(each)})
        yield Selected(table="imaging.deliveries", column="EventId", values=told)
        yield Selected(table=EVENTS, column="EventId", values=told)
        yield Selected(table="imaging.sweeps", column="RunAt", values=self._sweeps())
        for table, ids in self._marks.items():
            yield Selected(table=table, column="EventId", values=ids)
        yield Selected(table="imaging.landed", column="UploadId", values=upload_ids)
        yield Selected(
            table="imaging.uploads", column="UploadId", values=scope.in_order(upload_ids)
        )
        yield Selected(
            table=INSTANCES,
            column="EventId",
            values=sorted({version.event_id for version in scope.versions}),
        )

    def _sweeps(self) -> list[datetime]:
        """Return when the sweeps ran whose rows name something of it."""
        uris = {version.uri for version in self._scope.versions} | self._scope.kept_whole
        names = self._names | {uri.removeprefix("gs://").partition("/")[2] for uri in uris}
        mentions = self.cloud.holdings.mentions()
        return sorted({at for at, name in mentions if {name, _without_bucket(name)} & names})

    def _leave(self, report: Report) -> None:
        """Count what a person has to look at."""
        left = report.left
        scope = self._scope
        left["containers with others' data"] = len(scope.mixed)
        left["manifests and directories that list others' studies"] = len(scope.lists)
        known = {each.upload_id for each in (*scope.mixed, *scope.lists)}
        refused = self._standing.containers - known - set(scope.upload_ids)
        left["containers of what was refused"] = len(refused)
        report.mixed = sorted(known | refused)
        left["quarantined with others' data"] = len(self._standing.mixed)
        left["quarantined, not readable"] = self._standing.unreadable
        strangers = self.cloud.holdings.strangers(self.request.subject)
        left["studies in which something is not theirs"] = len(strangers)
        left["copies shared with another facility"] = len(self._twins)
        left["instances of which somebody else has a version"] = len(self._namesakes)
        left["keys of copies that were not given"] = len(self._not_given)
        folder, objects = f"{self.request.subject.facility}/", self.cloud.objects
        inbox = objects.list(self.cloud.inbox, folder)
        staged = objects.list(self.cloud.quarantine, f"{layout.STAGING}{folder}")
        left["in the inbox, not decided"] = sum(1 for _ in inbox)
        left["members of containers, not decided"] = sum(1 for _ in staged)
        left["dead letters"] = len(waiting(self.cloud.dead_letters, MAX_DEAD_LETTERS))
        report.left = +left

    def _refuse_what_is_retained(self) -> None:
        period = self.cloud.retention(self.cloud.archive).retained
        now, found = (
            self.cloud.clock.now(),
            [*self._versions(), *self._kept_whole(self.cloud.archive)],
        )
        until = [each.created + period for each in found if each.created + period > now]
        if period and until:
            raise RefusedError(
                f"a retention period keeps {len(until)} objects until {max(until):%F %T} UTC; "
                "nothing was removed"
            )

    def _refuse_without_keys(self) -> None:
        """Rows of versions lead to copies, by a key: without either nobody finds them any more."""
        missing = set(self.cloud.holdings.keys(self.request.subject)) & self._not_given
        if missing:
            made = ", ".join(sorted(missing))
            raise RefusedError(f"give the keys, too, that made copies: {made}; nothing was removed")

    def _refuse_what_waits(self) -> None:
        """What is being de-identified, and was not yet, would write a copy behind our back."""
        undecided = set(self.cloud.holdings.undecided(self.request.subject))
        waiting = (each for each in self._scope.versions if each.event_id in undecided)
        there = sum(1 for each in waiting if self._stored(each))  # else an earlier try removed it
        if there:
            raise RefusedError(
                f"{there} versions wait for de-identification, or are dead letters of it; "
                "nothing was removed"
            )

    def _record(self, state: str, counts: Counter[str]) -> None:
        row = self.request.row(self.cloud.clock.now(), self.keys[0], state, counts)
        self.cloud.tables.append(TABLE, [row])


def recoverable(cloud: Cloud) -> Mapping[str, timedelta]:
    """Return how long the platform can bring back what is deleted, by the bucket's stem."""
    buckets = {
        "archive": cloud.archive,
        "quarantine": cloud.quarantine,
        "research": cloud.research,
        "receipts": cloud.receipts,
    }
    return {stem: cloud.retention(bucket).soft_deleted for stem, bucket in buckets.items()}


def _pseudonymous(identity: Identity, key: PseudonymKey) -> Identity:
    study, series = identity.study_instance_uid, identity.series_instance_uid
    return replace(
        identity,
        study_instance_uid=study and key.uid(study),
        series_instance_uid=series and key.uid(series),
        sop_instance_uid=key.uid(identity.sop_instance_uid),
    )


def _without_bucket(uri: str) -> str:
    return uri.removeprefix("gs://").partition("/")[2] if uri.startswith("gs://") else uri
