"""What tables in memory say of what facilities sent: the twin of `receipt_queries`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import xor
from typing import Any

from shared.adapters.memory import MemoryTables
from shared.contracts.receipt import (
    BEGINNING,
    LISTED_NAMES,
    LISTED_STUDIES,
    LISTED_WARNINGS,
    Changed,
    Closing,
    Contents,
    Group,
    IncompleteStudy,
    Landing,
    Stretch,
    by_device,
    name_in_facility,
)
from shared.ports import Row

_OF_INSTANCES = {"archived", "duplicate", "conflict"}


@dataclass(slots=True, kw_only=True)
class _Upload:
    """An upload with its members: what was announced and what was decided of it."""

    root: str
    facility: str | None
    landed_at: datetime
    items: list[Any]

    @property
    def undecided(self) -> int:
        return sum(item["EventId"] is None for item in self.items)

    @property
    def digest(self) -> int:
        return reduce(xor, (_digit(item["EventId"] or item["UploadId"]) for item in self.items), 0)


@dataclass(slots=True)
class MemoryArrivals:
    """What tables in memory say."""

    tables: MemoryTables

    def unsaid(
        self, since: datetime, until: datetime
    ) -> tuple[Sequence[Changed], Iterator[Landing]]:
        """Return what receipts do not say of what landed in that time."""
        return list(self._changed(since)), self._landings(since, until)

    def _landings(self, since: datetime, until: datetime) -> Iterator[Landing]:
        covered = self.covered()
        uploads = [each for each in self._uploads() if each.facility]
        for upload in sorted(uploads, key=lambda each: (str(each.facility), each.landed_at)):
            facility = str(upload.facility)
            end = covered.get(facility, BEGINNING)
            if since < upload.landed_at <= until and upload.landed_at > end:
                yield Landing(
                    facility=facility,
                    landed_at=upload.landed_at,
                    undecided=upload.undecided > 0,
                    ends_drop=any(
                        (item["UploadId"], item["Outcome"], item["Reason"])
                        == (upload.root, "ignored", "manifest")
                        for item in upload.items
                    ),
                    covered_to=end,
                )

    def covered(self) -> Mapping[str, datetime]:
        """Return up to where the receipts of each facility cover its time."""
        ends: dict[str, datetime] = {}
        for row in self._rows("imaging.receipts"):
            end = ends.setdefault(row["Facility"], row["CoversTo"])
            ends[row["Facility"]] = max(end, row["CoversTo"])
        return ends

    def _changed(self, since: datetime) -> Iterator[Changed]:
        latest: dict[str, Any] = {}
        for row in self._rows("imaging.receipts"):
            known = latest.setdefault(row["ReceiptId"], row)
            latest[row["ReceiptId"]] = max(known, row, key=lambda each: int(each["Revision"]))
        everything = self._uploads()
        for row in latest.values():
            stretch = Stretch(
                facility=row["Facility"], covers_from=row["CoversFrom"], covers_to=row["CoversTo"]
            )
            uploads = _within(stretch, everything)
            digest = reduce(xor, (upload.digest for upload in uploads), 0)
            if row["OpenedAt"] > since and digest != row["Digest"]:
                yield Changed(
                    stretch=stretch,
                    revision=row["Revision"],
                    closing=Closing(row["Closing"]),
                    issued_at=row["DeclaredAt"],
                    opened_at=row["OpenedAt"],
                    closed_at=row["ClosedAt"],
                    undecided=sum(upload.undecided for upload in uploads),
                )

    def contents(self, stretch: Stretch) -> Contents:
        """Return what landed in a stretch, and what became of it."""
        uploads = _within(stretch, self._uploads())
        times = [upload.landed_at for upload in uploads]
        items = [item for upload in uploads for item in upload.items]
        instances = [item for item in items if item["Outcome"] in _OF_INSTANCES]
        studies = {item["StudyInstanceUID"] for item in instances} - {None}
        incomplete, open_studies = self._studies(stretch.facility, instances)
        warnings = self._warnings(items)
        return Contents(
            digest=reduce(xor, (upload.digest for upload in uploads), 0),
            opened_at=min(times, default=None),
            closed_at=max(times, default=None),
            size=sum(item["Size"] for item in items if item["UploadId"] == item["RootEventId"]),
            groups=_groups(stretch.facility, items),
            studies=len(studies),
            instances=len({item["SOPInstanceUID"] for item in instances}),
            open_studies=open_studies,
            incomplete=tuple(incomplete[:LISTED_STUDIES]),
            incomplete_studies=len(incomplete),
            warnings=by_device(warnings)[:LISTED_WARNINGS],
            warnings_left_out=max(0, len(by_device(warnings)) - LISTED_WARNINGS),
        )

    def _studies(self, facility: str, instances: list[Any]) -> tuple[list[IncompleteStudy], int]:
        """Return those of which something is missing, and how many are not complete yet."""
        latest: dict[str, Any] = {}
        for row in self._rows("imaging.study_changes"):
            if row["Facility"] == facility:
                known = latest.setdefault(row["StudyInstanceUID"], row)
                latest[row["StudyInstanceUID"]] = max(known, row, key=_progress)
        names: dict[str, str] = {}
        for item in sorted(instances, key=lambda each: str(each["ObjectName"])):
            if item["StudyInstanceUID"] and item["Outcome"] != "duplicate":
                names.setdefault(item["StudyInstanceUID"], item["ObjectName"])
        incomplete, still_open = [], 0
        for uid, name in sorted(names.items(), key=lambda each: each[1]):
            change = latest.get(uid)
            if change is None or change["Change"] != "completed":
                still_open += 1
            elif change["Instances"] < (change["ExpectedInstances"] or 0):
                incomplete.append(
                    IncompleteStudy(
                        name=name_in_facility(name, facility),
                        instances=change["Instances"],
                        expected=change["ExpectedInstances"],
                    )
                )
        return incomplete, still_open

    def _warnings(self, items: list[Any]) -> list[tuple[str | None, str | None, str, int]]:
        devices = {row["EventId"]: row for row in self._rows("imaging.instances")}
        found = []
        for item in items:
            device = devices.get(item["EventId"], {})
            for code in {warning["Code"] for warning in item["Warnings"]}:
                model = device.get("ManufacturerModelName")
                found.append((device.get("Manufacturer"), model, code, 1))
        return found

    def _uploads(self) -> list[_Upload]:
        uploads: dict[str, _Upload] = {}
        for item in self._items():
            upload = uploads.setdefault(
                item["RootEventId"],
                _Upload(
                    root=item["RootEventId"],
                    facility=item["Facility"],
                    landed_at=item["LandedAt"],
                    items=[],
                ),
            )
            upload.items.append(item)
            upload.facility = upload.facility or item["Facility"]
            upload.landed_at = min(upload.landed_at, item["LandedAt"])
        return list(uploads.values())

    def _items(self) -> Iterator[Any]:
        """Yield what was announced or decided, once, with what was decided first."""
        decided: dict[str, Any] = {}
        for row in self._rows("imaging.uploads"):
            known = decided.setdefault(row["UploadId"], row)
            decided[row["UploadId"]] = min(known, row, key=_decision)
        announced: dict[str, list[Row]] = {}
        for row in self._rows("imaging.landed"):
            announced.setdefault(row["UploadId"], []).append(row)
        for upload_id in {**decided, **announced}:
            yield _item(upload_id, decided.get(upload_id), announced.get(upload_id, []))

    def _rows(self, table: str) -> list[Any]:
        return list(self.tables.rows.get(table, []))


def _within(stretch: Stretch, uploads: list[_Upload]) -> list[_Upload]:
    return [
        upload
        for upload in uploads
        if upload.facility == stretch.facility
        and stretch.read_from < upload.landed_at <= stretch.covers_to
    ]


def _item(upload_id: str, decided: Any, announced: list[Any]) -> Row:
    sent = [row for row in announced if row["Facility"]]
    times = [row["LandedAt"] for row in announced]
    if decided:
        facility = decided["ObjectName"].partition("/")[0]
        return {**decided, "Facility": facility, "LandedAt": min([decided["LandedAt"], *times])}
    return {
        "UploadId": upload_id,
        "RootEventId": announced[0]["RootEventId"],
        "Facility": sent[0]["Facility"] if sent else None,
        "ObjectName": min((row["ObjectName"] for row in sent), default=None),
        "LandedAt": min(times),
        "Size": 0,
        "Warnings": (),
        **dict.fromkeys(
            ("EventId", "Outcome", "Reason", "Difference", "StudyInstanceUID", "SOPInstanceUID")
        ),
    }


def _groups(facility: str, items: list[Any]) -> tuple[Group, ...]:
    found: dict[tuple[Any, ...], list[str | None]] = {}
    for item in items:
        kind = item["Outcome"], item["Reason"], item["Difference"]
        found.setdefault(kind, []).append(item["ObjectName"])
    return tuple(
        Group(
            outcome=outcome,
            reason=reason,
            difference=difference,
            files=len(names),
            names=tuple(
                name_in_facility(name, facility)
                for name in sorted(filter(None, names))[:LISTED_NAMES]
            ),
        )
        for (outcome, reason, difference), names in sorted(
            found.items(), key=lambda item: [part or "" for part in item[0]]
        )
    )


def _decision(row: Any) -> tuple[datetime, str]:
    return row["DecidedAt"], row["EventId"]


def _progress(row: Any) -> tuple[int, bool]:
    return row["Revision"], row["Change"] == "completed"


def _digit(event_id: str) -> int:
    return int(event_id[:15], 16)
