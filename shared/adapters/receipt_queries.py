"""The tables of BigQuery as `Arrivals`.

Every query but that of where receipts end bounds the partitions that it reads; what a query costs
is said in `functions/sweep/README.md`.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from shared.adapters.queries import Queries
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

_LOOKBACK: Final = timedelta(days=31)

# One row per object that landed, or member: its first outcome, or none. An announcement's LandedAt
# is the event's, a moment after the object's creation, which is an outcome's: read is an hour more.
# An upload lands with its members when the first of its rows says; its digest tells by ids which
# files there are and what became of each, whatever the order of rows.
_UPLOADS: Final = """
WITH announced AS (
  SELECT
    UploadId,
    MIN(RootEventId) AS RootEventId,
    MIN(Facility) AS Facility,
    MIN(LandedAt) AS LandedAt,
    MIN(IF(Facility IS NULL, NULL, ObjectName)) AS ObjectName
  FROM landed
  WHERE LandedAt >= TIMESTAMP_SUB(@since, INTERVAL 1 HOUR)
    AND LandedAt <= TIMESTAMP_ADD(@until, INTERVAL 1 HOUR)
  GROUP BY UploadId
),
decided AS (
  SELECT
    UploadId, RootEventId, EventId, ObjectName, LandedAt, Outcome, Reason, Difference, Size,
    StudyInstanceUID, SOPInstanceUID
  FROM uploads
  WHERE LandedAt >= TIMESTAMP_SUB(@since, INTERVAL 1 HOUR)
    AND LandedAt <= TIMESTAMP_ADD(@until, INTERVAL 1 HOUR)
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY UploadId ORDER BY DecidedAt, EventId, PipelineVersion
  ) = 1
),
item AS (
  SELECT
    COALESCE(decided.UploadId, announced.UploadId) AS UploadId,
    COALESCE(decided.RootEventId, announced.RootEventId) AS RootEventId,
    COALESCE(SPLIT(decided.ObjectName, '/')[SAFE_OFFSET(0)], announced.Facility) AS Facility,
    LEAST(
      COALESCE(decided.LandedAt, announced.LandedAt),
      COALESCE(announced.LandedAt, decided.LandedAt)
    ) AS LandedAt,
    COALESCE(decided.ObjectName, announced.ObjectName) AS ObjectName,
    CAST(CONCAT('0x', SUBSTR(COALESCE(decided.EventId, announced.UploadId), 1, 15)) AS INT64)
      AS Digest,
    decided.EventId,
    decided.Outcome,
    decided.Reason,
    decided.Difference,
    decided.Size,
    decided.StudyInstanceUID,
    decided.SOPInstanceUID
  FROM announced
  FULL JOIN decided ON decided.UploadId = announced.UploadId
),
upload AS (
  SELECT
    RootEventId,
    MAX(Facility) AS Facility,
    MIN(LandedAt) AS LandedAt,
    COUNTIF(EventId IS NULL) AS Undecided,
    COUNTIF(UploadId = RootEventId AND Outcome = 'ignored' AND Reason = 'manifest') AS Manifests,
    BIT_XOR(Digest) AS Digest
  FROM item
  GROUP BY RootEventId
)"""
_BEHIND_RECEIPTS: Final = """,
covered AS (
  SELECT Facility, MAX(CoversTo) AS CoversTo FROM receipts GROUP BY Facility
)
SELECT
  upload.Facility,
  upload.LandedAt,
  upload.Undecided,
  upload.Manifests,
  covered.CoversTo
FROM upload
LEFT JOIN covered ON covered.Facility = upload.Facility
WHERE upload.LandedAt > @since AND upload.LandedAt <= @until
  AND upload.Facility IS NOT NULL
  AND (covered.CoversTo IS NULL OR upload.LandedAt > covered.CoversTo)
ORDER BY Facility, LandedAt
"""
COVERED: Final = "SELECT Facility, MAX(CoversTo) AS CoversTo FROM receipts GROUP BY Facility"
_OTHERWISE_THAN_SAID: Final = """,
latest AS (
  SELECT
    ReceiptId, Facility, Revision, DeclaredAt, OpenedAt, ClosedAt, CoversFrom, CoversTo, Closing,
    Digest
  FROM receipts
  WHERE DeclaredAt >= @since
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY ReceiptId ORDER BY Revision DESC, PipelineVersion
  ) = 1
),
now AS (
  SELECT
    latest.ReceiptId,
    COALESCE(BIT_XOR(upload.Digest), 0) AS Digest,
    COALESCE(SUM(upload.Undecided), 0) AS Undecided
  FROM latest
  LEFT JOIN upload
    ON upload.Facility = latest.Facility
    AND upload.LandedAt > latest.CoversFrom
    AND upload.LandedAt <= latest.CoversTo
  GROUP BY latest.ReceiptId
)
SELECT latest.*, now.Undecided AS UndecidedNow
FROM latest
JOIN now ON now.ReceiptId = latest.ReceiptId
WHERE latest.OpenedAt > @since AND now.Digest != latest.Digest
ORDER BY latest.Facility, latest.CoversFrom
"""
_WITHIN: Final = """,
sent AS (
  SELECT item.*, upload.LandedAt AS UploadLandedAt
  FROM item
  JOIN upload ON upload.RootEventId = item.RootEventId
  WHERE upload.Facility = @facility
    AND upload.LandedAt > @since AND upload.LandedAt <= @until
)"""
_TOTALS: Final = """
SELECT
  COALESCE(BIT_XOR(Digest), 0) AS Digest,
  MIN(UploadLandedAt) AS OpenedAt,
  MAX(UploadLandedAt) AS ClosedAt,
  COALESCE(SUM(IF(UploadId = RootEventId, Size, 0)), 0) AS Size,
  COUNT(DISTINCT IF(Outcome IN ('archived', 'duplicate', 'conflict'), StudyInstanceUID, NULL))
    AS Studies,
  COUNT(DISTINCT IF(Outcome IN ('archived', 'duplicate', 'conflict'), SOPInstanceUID, NULL))
    AS Instances
FROM sent
"""
_GROUPS: Final = """,
numbered AS (
  SELECT
    Outcome,
    Reason,
    Difference,
    ObjectName,
    COUNT(*) OVER (PARTITION BY Outcome, Reason, Difference) AS Files,
    ROW_NUMBER() OVER (
      PARTITION BY Outcome, Reason, Difference
      ORDER BY ObjectName IS NULL, ObjectName, UploadId
    ) AS Place
  FROM sent
)
SELECT Outcome, Reason, Difference, ObjectName, Files
FROM numbered
WHERE Place <= @names
ORDER BY
  COALESCE(Outcome, ''), COALESCE(Reason, ''), COALESCE(Difference, ''), Place
"""
_WARNINGS: Final = """,
warned AS (
  SELECT DISTINCT uploads.EventId, warning.Code
  FROM uploads
  CROSS JOIN UNNEST(uploads.Warnings) AS warning
  WHERE uploads.LandedAt >= TIMESTAMP_SUB(@since, INTERVAL 1 HOUR)
    AND uploads.LandedAt <= TIMESTAMP_ADD(@until, INTERVAL 1 HOUR)
),
device AS (
  SELECT
    EventId,
    MIN(Manufacturer) AS Manufacturer,
    MIN(ManufacturerModelName) AS ManufacturerModelName
  FROM instances
  WHERE LastUpdated >= @since
  GROUP BY EventId
)
SELECT
  device.Manufacturer,
  device.ManufacturerModelName,
  warned.Code,
  COUNT(*) AS Files
FROM sent
JOIN warned ON warned.EventId = sent.EventId
LEFT JOIN device ON device.EventId = sent.EventId
GROUP BY device.Manufacturer, device.ManufacturerModelName, warned.Code
"""
_STUDIES: Final = """,
study AS (
  SELECT StudyInstanceUID, MIN(ObjectName) AS ObjectName
  FROM sent
  WHERE Outcome IN ('archived', 'conflict') AND StudyInstanceUID IS NOT NULL
  GROUP BY StudyInstanceUID
),
latest AS (
  SELECT StudyInstanceUID, Change, Instances, ExpectedInstances
  FROM study_changes
  WHERE Facility = @facility AND DeclaredAt >= @since
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY StudyInstanceUID ORDER BY Revision DESC, Change, PipelineVersion
  ) = 1
)
SELECT
  study.ObjectName,
  latest.Instances,
  latest.ExpectedInstances,
  latest.Change
FROM study
LEFT JOIN latest ON latest.StudyInstanceUID = study.StudyInstanceUID
WHERE latest.Change IS NULL OR latest.Change != 'completed'
  OR latest.Instances < latest.ExpectedInstances
ORDER BY study.ObjectName
"""


LANDINGS: Final = _UPLOADS + _BEHIND_RECEIPTS
CHANGED: Final = _UPLOADS + _OTHERWISE_THAN_SAID
TOTALS: Final = _UPLOADS + _WITHIN + _TOTALS
GROUPS: Final = _UPLOADS + _WITHIN + _GROUPS
WARNINGS: Final = _UPLOADS + _WITHIN + _WARNINGS
STUDIES: Final = _UPLOADS + _WITHIN + _STUDIES


class BigQueryArrivals:
    """The dataset that stands for `imaging`."""

    def __init__(self, project: str, dataset: str) -> None:
        self._queries = Queries(project, dataset)

    def landings(self, since: datetime, until: datetime) -> Iterator[Landing]:
        """Yield what landed in that time and behind its facility's last receipt."""
        for row in self._queries.rows(LANDINGS, since=since, until=until):
            yield Landing(
                facility=row["Facility"],
                landed_at=row["LandedAt"],
                undecided=row["Undecided"] > 0,
                ends_drop=row["Manifests"] > 0,
                covered_to=row["CoversTo"] or BEGINNING,
            )

    def covered(self) -> Mapping[str, datetime]:
        """Return up to where the receipts of each facility cover its time."""
        return {row["Facility"]: row["CoversTo"] for row in self._queries.rows(COVERED)}

    def changed(self, since: datetime) -> Iterator[Changed]:
        """Yield the receipts of what landed since then that do not say what the tables say."""
        until = since + 2 * _LOOKBACK  # nothing lands in the future
        for row in self._queries.rows(CHANGED, since=since, until=until):
            yield Changed(
                stretch=Stretch(
                    facility=row["Facility"],
                    covers_from=row["CoversFrom"],
                    covers_to=row["CoversTo"],
                ),
                revision=row["Revision"],
                closing=Closing(row["Closing"]),
                issued_at=row["DeclaredAt"],
                opened_at=row["OpenedAt"],
                closed_at=row["ClosedAt"],
                undecided=row["UndecidedNow"],
            )

    def contents(self, stretch: Stretch) -> Contents:
        """Return what landed in a stretch, and what became of it.

        The digest is asked for first: what comes to the tables meanwhile is then in the rest and
        not in it, so that the receipt will count as changed, and not the other way round.
        """
        (totals,) = self._rows(TOTALS, stretch)
        studies = list(self._rows(STUDIES, stretch))
        incomplete = [row for row in studies if row["Change"] == "completed"]
        warnings = by_device(
            (row["Manufacturer"], row["ManufacturerModelName"], row["Code"], row["Files"])
            for row in self._rows(WARNINGS, stretch)
        )
        return Contents(
            digest=totals["Digest"],
            opened_at=totals["OpenedAt"],
            closed_at=totals["ClosedAt"],
            size=totals["Size"],
            groups=self._groups(stretch),
            studies=totals["Studies"],
            instances=totals["Instances"],
            open_studies=len(studies) - len(incomplete),
            incomplete=tuple(
                IncompleteStudy(
                    name=name_in_facility(row["ObjectName"], stretch.facility),
                    instances=row["Instances"],
                    expected=row["ExpectedInstances"],
                )
                for row in incomplete[:LISTED_STUDIES]
            ),
            incomplete_studies=len(incomplete),
            warnings=warnings[:LISTED_WARNINGS],
            warnings_left_out=max(0, len(warnings) - LISTED_WARNINGS),
        )

    def _groups(self, stretch: Stretch) -> tuple[Group, ...]:
        files: dict[tuple[Any, ...], int] = {}
        names: dict[tuple[Any, ...], list[str]] = {}
        for row in self._rows(GROUPS, stretch, names=LISTED_NAMES):
            kind = row["Outcome"], row["Reason"], row["Difference"]
            files[kind] = row["Files"]
            listed = names.setdefault(kind, [])
            if row["ObjectName"]:
                listed.append(name_in_facility(row["ObjectName"], stretch.facility))
        return tuple(
            Group(
                outcome=kind[0],
                reason=kind[1],
                difference=kind[2],
                files=count,
                names=tuple(names[kind]),
            )
            for kind, count in files.items()
        )

    def _rows(self, query: str, stretch: Stretch, **values: int) -> Iterator[Any]:
        return self._queries.rows(
            query,
            facility=stretch.facility,
            since=max(stretch.covers_from, stretch.covers_to - _LOOKBACK),
            until=stretch.covers_to,
            **values,
        )
