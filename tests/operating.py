"""A cloud of memory twins, as operators act upon it."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from infra.operate.cloud import Cloud
from infra.operate.erasure_terms import Request
from infra.operate.reidentification import Kind, Question
from shared.adapters.memory import (
    MemoryCatalogue,
    MemoryOriginals,
    MemorySubscription,
    MemoryTables,
)
from shared.adapters.retention import Retention
from shared.contracts.standing import Standing
from shared.contracts.subject import Decided, Selected, Subject, Version
from shared.contracts.subject import Kind as Known
from shared.dicom.deidentification.pseudonyms import PseudonymKey
from shared.dicom.identity import Identity
from shared.ports import Clock, ObjectStore, Publisher

KEY = PseudonymKey(b"a made-up secret of some length", "research")
NO_RETENTION = Retention()


def a_cloud(
    objects: ObjectStore,
    clock: Clock,
    tables: MemoryTables,
    topics: Mapping[str, Publisher],
    dead_letters: MemorySubscription | None = None,
    *,
    retention: Callable[[str], Retention] = lambda _: NO_RETENTION,
) -> Cloud:
    """Return a cloud whose buckets have their stems for names."""
    return Cloud(
        objects=objects,
        catalogue=MemoryCatalogue(tables),
        originals=MemoryOriginals(tables),
        holdings=MemoryHoldings(tables),
        tables=tables,
        clock=clock,
        dead_letters=dead_letters or MemorySubscription(),
        topic=topics.__getitem__,
        retention=retention,
        deliveries=MemoryDeliveries(tables),
        inbox="inbox",
        archive="archive",
        quarantine="quarantine",
        research="research",
        receipts="receipts",
    )


def a_question(kind: Kind = Kind.PATIENT, pseudonym: str = "AAAAAAAAAAAAAAAA") -> Question:
    return Question(kind=kind, pseudonym=pseudonym, who="Dr. Made Up", reason="a finding")


def an_erasure(subject: Subject | None = None, *, whole: bool = False) -> Request:
    subject = subject or a_patient("PLANTED-ID")
    return Request(subject=subject, who="Dr. Made Up", reason="the patient's wish", whole=whole)


def a_patient(patient_id: str, facility: str = "demo-hospital") -> Subject:
    """Return a patient whose ids are the facility's own."""
    return Subject(
        kind=Known.PATIENT, facility=facility, value=patient_id, issuer=facility, by_default=True
    )


@dataclass(slots=True)
class MemoryHoldings:
    """What tables in memory hold: the twin of `BigQueryHoldings`."""

    tables: MemoryTables

    def versions(self, subject: Subject) -> Sequence[Version]:
        found = {
            row["EventId"]: Version(
                uri=row["ObjectUri"],
                generation=row["Generation"],
                crc32c=row["Crc32c"],
                event_id=row["EventId"],
                identity=Identity(
                    study_instance_uid=row["StudyInstanceUID"],
                    series_instance_uid=row["SeriesInstanceUID"],
                    sop_instance_uid=row["SOPInstanceUID"],
                    sop_class_uid=row["SOPClassUID"],
                    transfer_syntax_uid=row["TransferSyntaxUID"],
                ),
            )
            for row in self._theirs(subject)
        }
        return list(found.values())

    def decided(self, subject: Subject) -> Sequence[Decided]:
        instances = {row["SOPInstanceUID"] for row in self._theirs(subject)}
        roots = {
            row["RootEventId"]
            for row in self._rows("imaging.uploads")
            if row["Facility"] == subject.facility and row["SOPInstanceUID"] in instances
        }
        return list(
            dict.fromkeys(
                _decided(row)
                for row in self._rows("imaging.uploads")
                if row["RootEventId"] in roots
            )
        )

    def listing(self, subject: Subject) -> Mapping[Decided, bool]:
        studies = {row["StudyInstanceUID"] for row in self._theirs(subject)} - {None}
        studies |= {subject.value} if subject.kind is Known.STUDY else set()
        found = {}
        for row in self._rows("imaging.uploads"):
            listed = {each["StudyInstanceUID"] for each in (*row["References"], *row["Expected"])}
            if row["Facility"] == subject.facility and listed & studies:
                found[_decided(row)] = bool(listed - studies - {None})
        return found

    def strangers(self, subject: Subject) -> Sequence[str]:
        own = self._theirs(subject)
        events = {row["EventId"] for row in own}
        studies = {row["StudyInstanceUID"] for row in own}
        return sorted(
            {
                row["StudyInstanceUID"]
                for row in self._rows("imaging.instances")
                if row["Facility"] == subject.facility
                and row["StudyInstanceUID"] in studies
                and row["EventId"] not in events
            }
        )

    def twins(self, subject: Subject) -> Sequence[str]:
        own = {row["SOPInstanceUID"] for row in self._theirs(subject)}
        others = [
            row for row in self._rows("imaging.instances") if row["Facility"] != subject.facility
        ]
        return sorted(own & {row["SOPInstanceUID"] for row in others})

    def namesakes(self, subject: Subject) -> Sequence[str]:
        own = self._theirs(subject)
        uids, events = ({row[key] for row in own} for key in ("SOPInstanceUID", "EventId"))
        others = [row for row in self._rows("imaging.instances") if row["EventId"] not in events]
        return sorted(
            {row["SOPInstanceUID"] for row in others if row["Facility"] == subject.facility} & uids
        )

    def undecided(self, subject: Subject) -> Sequence[str]:
        audited = {row["SourceUri"] for row in self._rows("imaging.deid_audit")}
        return sorted(
            {
                row["EventId"]
                for row in self._theirs(subject)
                if row["IsPrimary"] and row["ObjectUri"] not in audited
            }
        )

    def keys(self, subject: Subject) -> Sequence[str]:
        uris = {row["ObjectUri"] for row in self._theirs(subject)}
        rows = [row for row in self._rows("imaging.deid_audit") if row["SourceUri"] in uris]
        return sorted({row["KeyId"] for row in rows if row["KeyId"]})

    def marks(self, subject: Subject) -> Mapping[str, Sequence[str]]:
        own = self._theirs(subject)
        uris = {row["ObjectUri"] for row in own}
        studies = {row["StudyInstanceUID"] for row in own} - set(self.strangers(subject))
        studies |= {subject.value} if subject.kind is Known.STUDY else set()
        audited, changed = self._rows("imaging.deid_audit"), self._rows("imaging.study_changes")
        return {
            "imaging.deid_audit": [row["EventId"] for row in audited if row["SourceUri"] in uris],
            "imaging.study_changes": [
                row["EventId"]
                for row in changed
                if row["Facility"] == subject.facility and row["StudyInstanceUID"] in studies
            ],
        }

    def receipts(self, facility: str) -> Iterator[tuple[str, object]]:
        for row in self._rows("imaging.receipts"):
            if row["Facility"] == facility:
                yield row["EventId"], row["Data"]

    def mentions(self) -> Iterator[tuple[datetime, str]]:
        for row in self._rows("imaging.sweeps"):
            named = [found["ObjectUri"] for found in row["Findings"]]
            for name in (*named, row["RedrivenTo"], row["ComparedFrom"], row["ComparedTo"]):
                if name:
                    yield row["RunAt"], name

    def key_ids(self) -> Sequence[str]:
        rows = self._rows("research.instances")
        return sorted({row["KeyId"] for row in rows if row["KeyId"]})

    def count(self, selected: Selected) -> int:
        return sum(_is_selected(row, selected) for row in self._rows(selected.table))

    def event_ids(self, selected: Selected) -> Sequence[str]:
        rows = self._rows(selected.table)
        return sorted({row["EventId"] for row in rows if _is_selected(row, selected)})

    def remove(self, selected: Selected) -> None:
        rows = self._rows(selected.table)
        self.tables.rows[selected.table] = [row for row in rows if not _is_selected(row, selected)]

    def kept(self, since: datetime, until: datetime, facility: str) -> Iterator[str]:
        yield from sorted(
            {
                row["TargetUri"]
                for row in self._rows("imaging.uploads")
                if since <= row["LandedAt"] < until
                and row["TargetUri"]
                and facility in {"", row["Facility"]}
            }
        )

    def told(self, bucket: str, prefix: str) -> Iterator[str]:
        folder = f"gs://{bucket}/"
        uris = {row["ObjectUri"] for row in self._rows("imaging.instances")}
        uris |= {
            row["TargetUri"]
            for row in self._rows("imaging.uploads")
            if row["TargetUri"] and "#" in row["TargetUri"]
        }
        found = (uri.removeprefix(folder) for uri in uris if uri.startswith(folder + prefix))
        yield from sorted(found)

    def _theirs(self, subject: Subject) -> list[Any]:
        return [
            row
            for row in self._rows("imaging.instances")
            if subject.has(
                row["Facility"],
                row["PatientID"] or "",
                row["IssuerOfPatientID"] or "",
                row["StudyInstanceUID"] or "",
            )
        ]

    def _rows(self, table: str) -> list[Any]:
        return list(self.tables.rows.get(table, []))


@dataclass(slots=True)
class MemoryDeliveries:
    """What tables in memory say of targets, and who is told again."""

    tables: MemoryTables
    replayed: list[tuple[str, datetime]] = field(default_factory=list)

    def standings(self) -> Iterator[Standing]:
        rows = self.tables.rows.get("imaging.deliveries", [])
        for target in sorted({str(row["Target"]) for row in rows}):
            yield _standing(target, [row for row in rows if row["Target"] == target])

    def replay(self, target: str, since: datetime) -> None:
        self.replayed.append((target, since))


def _standing(target: str, rows: list[Any]) -> Standing:
    last: dict[str, Any] = {}
    for row in sorted(rows, key=lambda row: row["AttemptedAt"]):
        if last.get(row["EventId"], {}).get("Result") != "delivered":
            last[row["EventId"]] = row
    left = [row for row in last.values() if row["Result"] != "delivered"]
    counts = Counter(row["Result"] for row in last.values())
    return Standing(
        target=target,
        delivered=counts["delivered"],
        failed=counts["failed"],
        refused=counts["refused"],
        given_up=counts["given-up"],
        attempted_at=max(row["AttemptedAt"] for row in rows),
        oldest=min((row["PublishedAt"] for row in left), default=None),
    )


def _decided(row: Any) -> Decided:
    return Decided(
        upload_id=row["UploadId"],
        root_event_id=row["RootEventId"],
        name=row["ObjectName"],
        outcome=row["Outcome"],
        target_uri=row["TargetUri"] or "",
        sop_instance_uid=row["SOPInstanceUID"] or "",
        crc32c=row["Crc32c"] or "",
    )


def _is_selected(row: Any, selected: Selected) -> bool:
    of_facility = not selected.facility or row["Facility"] == selected.facility
    return of_facility and row[selected.column] in selected.values
