"""What the tables of BigQuery hold of one subject, and the statements that remove it.

Rows that the Storage Write API wrote, as all of these are, may be removed at once; what `insertAll`
wrote may not for up to 90 minutes ("Cannot update or delete over BigQuery streaming tables").
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from shared.adapters.queries import Queries
from shared.contracts.subject import Decided, Selected, Subject, Version
from shared.dicom.identity import Identity

_LITERAL: Final = re.compile(r"[\w./:-]+", re.ASCII)
CHUNK: Final = 1_000  # values of one statement, which may have a megabyte

# `@bare`: what names no issuer is theirs, too.
_WHOSE: Final = """
  Facility = @facility AND (
    (@kind = 'study' AND StudyInstanceUID = @value)
    OR (
      @kind = 'patient' AND PatientID = @value
      AND (IssuerOfPatientID = @issuer OR (@bare = 1 AND IFNULL(IssuerOfPatientID, '') = ''))
    )
  )
"""
_VERSIONS: Final = """
SELECT DISTINCT
  ObjectUri, Generation, Crc32c, EventId, StudyInstanceUID, SeriesInstanceUID, SOPInstanceUID,
  SOPClassUID, TransferSyntaxUID
FROM instances
WHERE {whose}
"""
_DECIDED: Final = """
SELECT DISTINCT
  UploadId, RootEventId, ObjectName, Outcome, IFNULL(TargetUri, '') AS TargetUri,
  IFNULL(SOPInstanceUID, '') AS SOPInstanceUID, IFNULL(Crc32c, '') AS Crc32c
FROM uploads
WHERE RootEventId IN (
  SELECT RootEventId FROM uploads
  WHERE Facility = @facility
    AND SOPInstanceUID IN (SELECT SOPInstanceUID FROM instances WHERE {whose})
)
"""
# A manifest lists studies in `Expected`, a directory instances with their studies in `References`.
_LISTING: Final = """
WITH listed AS (
  SELECT uploads.UploadId, named.StudyInstanceUID
  FROM uploads CROSS JOIN UNNEST(uploads.References) AS named
  WHERE uploads.Facility = @facility
  UNION DISTINCT
  SELECT uploads.UploadId, named.StudyInstanceUID
  FROM uploads CROSS JOIN UNNEST(uploads.Expected) AS named
  WHERE uploads.Facility = @facility
),
theirs AS (SELECT DISTINCT StudyInstanceUID FROM instances WHERE {whose}),
list AS (
  SELECT
    listed.UploadId,
    COUNTIF(theirs.StudyInstanceUID IS NOT NULL OR {itself}) AS Theirs,
    COUNTIF(theirs.StudyInstanceUID IS NULL AND NOT {itself}) AS Others
  FROM listed LEFT JOIN theirs ON theirs.StudyInstanceUID = listed.StudyInstanceUID
  WHERE listed.StudyInstanceUID IS NOT NULL
  GROUP BY listed.UploadId
)
SELECT DISTINCT
  uploads.UploadId, RootEventId, ObjectName, Outcome, IFNULL(TargetUri, '') AS TargetUri,
  IFNULL(SOPInstanceUID, '') AS SOPInstanceUID, IFNULL(Crc32c, '') AS Crc32c, list.Others
FROM uploads JOIN list ON list.UploadId = uploads.UploadId
WHERE list.Theirs > 0
""".replace("{itself}", "(@kind = 'study' AND listed.StudyInstanceUID = @value)")
_RECEIPTS: Final = """
SELECT EventId, Data FROM receipts WHERE Facility = @facility
"""
_OTHERS: Final = """
SELECT DISTINCT {uid}
FROM instances
WHERE Facility = @facility
  AND {uid} IN (SELECT {uid} FROM instances WHERE {whose})
  AND EventId NOT IN (SELECT EventId FROM instances WHERE {whose})
"""
_STRANGERS: Final = _OTHERS.replace("{uid}", "StudyInstanceUID")
_NAMESAKES: Final = _OTHERS.replace("{uid}", "SOPInstanceUID")
_TWINS: Final = """
SELECT DISTINCT SOPInstanceUID
FROM instances
WHERE Facility != @facility
  AND SOPInstanceUID IN (SELECT SOPInstanceUID FROM instances WHERE {whose})
"""
_UNDECIDED: Final = """
SELECT DISTINCT EventId
FROM instances
WHERE {whose} AND IsPrimary AND ObjectUri NOT IN (SELECT SourceUri FROM deid_audit)
"""
_KEYS: Final = """
SELECT DISTINCT KeyId
FROM deid_audit
WHERE KeyId IS NOT NULL AND SourceUri IN (SELECT ObjectUri FROM instances WHERE {whose})
"""
_MARKS: Final[Mapping[str, str]] = {
    "imaging.deid_audit": """
SELECT DISTINCT EventId
FROM deid_audit
WHERE SourceUri IN (SELECT ObjectUri FROM instances WHERE {whose})
""",
    "imaging.study_changes": """
SELECT DISTINCT EventId
FROM study_changes
WHERE Facility = @facility
  AND (
    (@kind = 'study' AND StudyInstanceUID = @value)
    OR (
      StudyInstanceUID IN (SELECT StudyInstanceUID FROM instances WHERE {whose})
      AND StudyInstanceUID NOT IN ({strangers})
    )
  )
""",
}
_MENTIONS: Final = """
SELECT RunAt, Found.ObjectUri AS Name FROM sweeps, UNNEST(Findings) AS Found
UNION ALL
SELECT RunAt, RedrivenTo FROM sweeps WHERE RedrivenTo != ''
UNION ALL
SELECT RunAt, ComparedFrom FROM sweeps WHERE ComparedFrom != ''
UNION ALL
SELECT RunAt, ComparedTo FROM sweeps WHERE ComparedTo != ''
"""
_KEY_IDS: Final = """
SELECT DISTINCT KeyId FROM instances WHERE KeyId IS NOT NULL
"""
_KEPT: Final = """
SELECT DISTINCT TargetUri
FROM uploads
WHERE LandedAt >= @since AND LandedAt < @until AND TargetUri IS NOT NULL
  AND (@facility = '' OR Facility = @facility)
ORDER BY TargetUri
"""
# What is kept whole has a `#` in its name; of a version its own row tells.
_TOLD: Final = """
SELECT ObjectUri AS Uri FROM instances WHERE STARTS_WITH(ObjectUri, @place)
UNION DISTINCT
SELECT TargetUri FROM uploads WHERE STARTS_WITH(TargetUri, @place) AND STRPOS(TargetUri, '#') > 0
ORDER BY Uri
"""


class BigQueryHoldings:
    """The datasets that stand for `imaging` and `research`."""

    def __init__(self, project: str, imaging: str, research: str) -> None:
        self._imaging = Queries(project, imaging)
        self._research = Queries(project, research)

    def versions(self, subject: Subject) -> Sequence[Version]:
        """Return every archived version that is theirs."""
        return [_version(row) for row in self._of(subject, _VERSIONS)]

    def decided(self, subject: Subject) -> Sequence[Decided]:
        """Return what landed of theirs, and all that came in the same containers."""
        return [_decided(row) for row in self._of(subject, _DECIDED)]

    def listing(self, subject: Subject) -> Mapping[Decided, bool]:
        """Return the manifests and directories that list a study of theirs; True: others', too."""
        return {_decided(row): row["Others"] > 0 for row in self._of(subject, _LISTING)}

    def strangers(self, subject: Subject) -> Sequence[str]:
        """Return the studies of theirs in which something is not known as theirs."""
        return [row["StudyInstanceUID"] for row in self._of(subject, _STRANGERS)]

    def twins(self, subject: Subject) -> Sequence[str]:
        """Return the SOP Instance UIDs of theirs that another facility has archived, too."""
        return [row["SOPInstanceUID"] for row in self._of(subject, _TWINS)]

    def namesakes(self, subject: Subject) -> Sequence[str]:
        """Return the SOP Instance UIDs of theirs that somebody else's version there has, too."""
        return [row["SOPInstanceUID"] for row in self._of(subject, _NAMESAKES)]

    def undecided(self, subject: Subject) -> Sequence[str]:
        """Return the `EventId` of their versions that wait for de-identification."""
        return [row["EventId"] for row in self._of(subject, _UNDECIDED)]

    def keys(self, subject: Subject) -> Sequence[str]:
        """Return every key by which something of theirs was de-identified."""
        return [row["KeyId"] for row in self._of(subject, _KEYS)]

    def marks(self, subject: Subject) -> Mapping[str, Sequence[str]]:
        """Return the `EventId` of their rows by the table, where nothing above tells it."""
        return {
            table: [row["EventId"] for row in self._of(subject, query)]
            for table, query in _MARKS.items()
        }

    def receipts(self, facility: str) -> Iterator[tuple[str, object]]:
        """Yield each row of a facility's receipts: its `EventId`, and all that it tells."""
        for row in self._imaging.rows(_RECEIPTS, facility=facility):
            data = row["Data"]  # clients give JSON as values, or as text
            yield row["EventId"], json.loads(data) if isinstance(data, str) else data

    def mentions(self) -> Iterator[tuple[datetime, str]]:
        """Yield every name that a sweep's row tells, as gs:// address or without the bucket."""
        for row in self._imaging.rows(_MENTIONS):
            yield row["RunAt"], row["Name"]

    def key_ids(self) -> Sequence[str]:
        """Return every key that some copy's row names."""
        return [row["KeyId"] for row in self._research.rows(_KEY_IDS)]

    def count(self, selected: Selected) -> int:
        """Return how many rows there are."""
        queries = self._queries(selected)
        found = 0
        for part in selected.chunks(CHUNK):
            (row,) = queries.rows(f"SELECT COUNT(*) AS Found FROM {_where(part)}")  # noqa: S608 - ids
            found += row["Found"]
        return found

    def event_ids(self, selected: Selected) -> Sequence[str]:
        """Return the `EventId` of each of these rows."""
        queries = self._queries(selected)
        return [
            row["EventId"]
            for part in selected.chunks(CHUNK)
            for row in queries.rows(f"SELECT DISTINCT EventId FROM {_where(part)}")  # noqa: S608 - ids
        ]

    def remove(self, selected: Selected) -> None:
        """Return once these rows are gone."""
        queries = self._queries(selected)
        for part in selected.chunks(CHUNK):
            list(queries.rows(f"DELETE FROM {_where(part)}"))  # noqa: S608 - ids

    def kept(self, since: datetime, until: datetime, facility: str) -> Iterator[str]:
        """Yield where everything is that landed in that time, as gs:// addresses."""
        for row in self._imaging.rows(_KEPT, since=since, until=until, facility=facility):
            yield row["TargetUri"]

    def told(self, bucket: str, prefix: str) -> Iterator[str]:
        """Yield the names in a bucket of which there is a row, in their order, each once."""
        folder = f"gs://{bucket}/"
        for row in self._imaging.rows(_TOLD, place=f"{folder}{prefix}"):
            yield row["Uri"].removeprefix(folder)

    def _of(self, subject: Subject, query: str) -> Iterator[Any]:
        return self._imaging.rows(
            query.replace("{strangers}", _STRANGERS).replace("{whose}", _WHOSE),
            facility=subject.facility,
            kind=subject.kind.value,
            value=subject.value,
            issuer=subject.issuer,
            bare=int(subject.by_default),
        )

    def _queries(self, selected: Selected) -> Queries:
        return self._research if selected.table.startswith("research.") else self._imaging


def statements(selected: Selected) -> Iterator[str]:
    """Yield what removes these rows, for somebody else to run."""
    for part in selected.chunks(CHUNK):
        dataset = selected.table.partition(".")[0]
        yield f"DELETE FROM {dataset}.{_where(part)};"  # noqa: S608 - ids


def _where(selected: Selected) -> str:
    """Return the table within its dataset, and which of its rows."""
    name = selected.table.partition(".")[2]
    moments = any(isinstance(value, datetime) for value in selected.values)
    column = f"UNIX_MICROS({selected.column})" if moments else selected.column
    where = f"{name} WHERE {column} IN ({', '.join(map(_literal, selected.values))})"
    return where + (f" AND Facility = {_literal(selected.facility)}" if selected.facility else "")


def _literal(value: str | datetime) -> str:
    if isinstance(value, datetime):
        return str(round(value.timestamp() * 1_000_000))
    if not _LITERAL.fullmatch(value):
        raise ValueError("no id is made of such characters")
    return f"'{value}'"


def _decided(row: Any) -> Decided:
    return Decided(
        upload_id=row["UploadId"],
        root_event_id=row["RootEventId"],
        name=row["ObjectName"],
        outcome=row["Outcome"],
        target_uri=row["TargetUri"],
        sop_instance_uid=row["SOPInstanceUID"],
        crc32c=row["Crc32c"],
    )


def _version(row: Any) -> Version:
    return Version(
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
