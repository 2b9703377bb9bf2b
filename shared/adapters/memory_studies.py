"""The in-memory twin of `Studies`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.adapters.memory import MemoryTables
from shared.contracts.gathering import Announcement, Declared, GatheredSeries, Gathering
from shared.contracts.study import Change

_OF_STUDIES = frozenset({"archived", "duplicate", "conflict"})
Study = tuple[str, str]  # facility and Study Instance UID


@dataclass(slots=True)
class MemoryStudies:
    """What tables in memory say of studies."""

    tables: MemoryTables

    def gathered(self, since: datetime, only: Sequence[str] = ()) -> Iterator[Gathering]:
        """Yield the studies that got something since then and are not complete with it."""
        uploads = _Uploads(self._rows("imaging.uploads"), self._rows("imaging.landed"), since)
        versions: dict[Study, list[Any]] = {}
        for row in self._rows("imaging.instances"):
            uid = row["StudyInstanceUID"]
            if row["LastUpdated"] >= since and uid and (not only or uid in only):
                versions.setdefault((row["Facility"], uid), []).append(row)
        for study, rows in sorted(versions.items()):
            last = self._last(study)
            found = _gathering(study, rows, uploads, last)
            if not last or last.change is Change.REOPENED or _is_more(found, last):
                yield found

    def _last(self, study: Study) -> Declared | None:
        rows = [
            row
            for row in self._rows("imaging.study_changes")
            if (row["Facility"], row["StudyInstanceUID"]) == study
        ]
        if not rows:
            return None
        completed = [row["Instances"] for row in rows if row["Change"] == "completed"]
        last = max(rows, key=lambda row: (row["Revision"], row["Change"] == "completed"))
        return Declared(
            revision=last["Revision"],
            change=Change(last["Change"]),
            declared_at=last["DeclaredAt"],
            first_arrival=last["FirstArrival"],
            last_arrival=last["LastArrival"],
            instances=last["Instances"],
            completed_instances=max(completed, default=0),
        )

    def _rows(self, table: str) -> list[Any]:
        return list(self.tables.rows.get(table, []))


class _Uploads:
    """What was said of studies with uploads, from a day before on."""

    def __init__(self, decided: list[Any], landed: list[Any], since: datetime) -> None:
        before = since - timedelta(days=1)
        earlier = before - timedelta(hours=1)  # it is told a moment after it landed
        self._decided = {row["UploadId"]: row for row in decided if row["LandedAt"] >= earlier}
        self._landed = [row for row in landed if row["LandedAt"] >= before]
        self._manifests = [
            row for row in self._decided.values() if _kind(row) == ("ignored", "manifest")
        ]

    def named(self, study: Study) -> set[str]:
        return {
            reference["SOPInstanceUID"]
            for row in self._decided.values()
            for reference in row["References"]
            if (row["Facility"], reference["StudyInstanceUID"]) == study
        }

    def counted(self, study: Study) -> list[int]:
        return [
            expected["Instances"]
            for row in self._manifests
            for expected in row["Expected"]
            if (row["Facility"], expected["StudyInstanceUID"]) == study and expected["Instances"]
        ]

    def below(self, study: Study) -> Iterator[tuple[int, int]]:
        """Yield, per manifest that covers it, how many landed below it, and the undecided."""
        for row in self._manifests:
            if row["Facility"] == study[0] and _covers(row, study[1]):
                sent = {
                    each["SOPInstanceUID"]
                    for each in self._decided.values()
                    if (each["Facility"], each["StudyInstanceUID"]) == study
                    and each["Outcome"] in _OF_STUDIES
                    and _is_before(each, row)
                }
                if sent:
                    yield len(sent), self._undecided(row)

    def announced(self, study: Study) -> int | None:
        counts = [
            row["ExpectedInstances"]
            for row in self._decided.values()
            if (row["Facility"], row["StudyInstanceUID"]) == study and row["ExpectedInstances"]
        ]
        return max(counts, default=None)

    def _undecided(self, manifest: Any) -> int:
        roots = {
            row["UploadId"]
            for row in self._landed
            if row["Facility"] == manifest["Facility"] and _is_before(row, manifest)
        }
        below = {row["UploadId"] for row in self._landed if row["RootEventId"] in roots}
        return len(below - self._decided.keys())


def _gathering(
    study: Study, rows: list[Any], uploads: _Uploads, last: Declared | None
) -> Gathering:
    instances = {row["SOPInstanceUID"] for row in rows}
    arrivals = [row["LastUpdated"] for row in rows]
    return Gathering(
        facility=study[0],
        study_instance_uid=study[1],
        instances=len(instances),
        first_arrival=min(arrivals),
        last_arrival=max(arrivals),
        series=tuple(_series(rows)),
        manifest=_announcement(study, rows, instances, uploads),
        upload=uploads.announced(study),
        last=last,
    )


def _series(rows: list[Any]) -> Iterator[GatheredSeries]:
    for uid in sorted({row["SeriesInstanceUID"] for row in rows}):
        own = [row for row in rows if row["SeriesInstanceUID"] == uid]
        yield GatheredSeries(
            series_instance_uid=uid,
            modality=min((row["Modality"] for row in own if row["Modality"]), default=None),
            instances=len({row["SOPInstanceUID"] for row in own}),
            last_arrival=max(row["LastUpdated"] for row in own),
        )


def _announcement(
    study: Study, rows: list[Any], instances: set[str], uploads: _Uploads
) -> Announcement | None:
    named, below = uploads.named(study), list(uploads.below(study))
    related = max((row["NumberOfStudyRelatedInstances"] or 0 for row in rows), default=0)
    counts = [
        *([len(named)] if named else []),
        *uploads.counted(study),
        *(count for count, _ in below),
        *([related] if related >= len(instances) else []),
    ]
    if not counts:
        return None
    return Announcement(
        instances=max(counts),
        missing=len(named - instances),
        undecided=max((undecided for _, undecided in below), default=0),
    )


def _kind(row: Mapping[str, Any]) -> tuple[str, str | None]:
    return row["Outcome"], row["Reason"]


def _covers(manifest: Any, study: str) -> bool:
    """Return whether a manifest says that all of the study that landed in its folder was sent."""
    expected = manifest["Expected"]
    return not expected or any(
        each["StudyInstanceUID"] == study and each["Instances"] is None for each in expected
    )


def _is_before(row: Any, manifest: Any) -> bool:
    folder = str(manifest["ObjectName"]).rpartition("/")[0] + "/"
    is_below = str(row["ObjectName"]).startswith(folder)
    return is_below and bool(row["LandedAt"] <= manifest["LandedAt"])


def _is_more(found: Gathering, last: Declared) -> bool:
    return found.last_arrival > last.last_arrival or found.instances > last.instances
