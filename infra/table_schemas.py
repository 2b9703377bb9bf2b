"""The table schemas in `infra/schemas`, made from the columns that the code writes.

Terraform, the local cloud, the adapter and the tests read the files; `make schemas` writes them and
a test fails when a file and this module differ.
"""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from pydicom.datadict import dictionary_description

from shared.contracts.outcome import OutcomeKind
from shared.contracts.receipt import Closing
from shared.contracts.study import Cause, Change
from shared.contracts.targets import Result, TargetKind
from shared.dicom.attributes import HOT_COLUMNS, NAME_GROUPS, HotColumn
from shared.dicom.deidentification.table import table

SCHEMAS = Path(__file__).resolve().parent / "schemas"

Field = dict[str, object]
Schema = Mapping[str, object]


class Policy(StrEnum):
    """What a column tells of a patient, as the name of the policy tag that restricts it."""

    IDENTIFYING = "identifying"
    LINKING = "linking"


POLICIES: Mapping[Policy, str] = {
    Policy.IDENTIFYING: "tells who or when: names, numbers, dates, texts, names of files as sent",
    Policy.LINKING: "tells it to whoever has another system, or a key: UIDs and what they name",
}
# Columns that are one attribute each, by its tag as DICOM JSON names it.
ATTRIBUTES: Mapping[str, str] = {
    "StudyInstanceUID": "0020000D",
    "SeriesInstanceUID": "0020000E",
    "SOPInstanceUID": "00080018",
    "SOPClassUID": "00080016",
    "TransferSyntaxUID": "00020010",
    **{hot.column: hot.tag for hot in HOT_COLUMNS},
}


def policy_of(tag: str) -> Policy | None:
    """Return the policy of an attribute: none, where the Basic Profile leaves it as it is."""
    row = table().by_tag.get(int(tag, 16))
    if row is None:
        return None
    return Policy.LINKING if row.basic == "U" else Policy.IDENTIFYING


def column(
    name: str, kind: str, description: str, mode: str = "NULLABLE", policy: Policy | None = None
) -> Field:
    """Return a column in BigQuery's own schema form."""
    field: Field = {"name": name, "type": kind, "mode": mode, "description": description}
    return {**field, "policyTags": {"names": [policy.value]}} if policy else field


def records(name: str, description: str, fields: Sequence[Field]) -> Field:
    """Return a repeated record; only what is in it can have a policy."""
    return {**column(name, "RECORD", description, "REPEATED"), "fields": list(fields)}


def attribute(tag: str) -> str:
    """Return an attribute by name and tag, as PS3.6 writes them."""
    return f"{dictionary_description(int(tag, 16))} ({tag[:4]},{tag[4:]})"


def _hot(hot: HotColumn) -> Field:
    policy, description = policy_of(hot.tag), f"{hot.description}; {attribute(hot.tag)}"
    if hot.bigquery_type != "RECORD":
        return column(hot.column, hot.bigquery_type, description, hot.mode, policy)
    groups = (
        column(group, "STRING", f"{group} group of the name", policy=policy)
        for group in NAME_GROUPS
    )
    return {**column(hot.column, "RECORD", description, hot.mode), "fields": list(groups)}


def _uid(name: str) -> Field:
    tag = ATTRIBUTES[name]
    return column(name, "STRING", attribute(tag), policy=policy_of(tag))


def _unrestricted(field: Field) -> Field:
    """Return a column of copies: what is in it is no identity, whatever it is in the original."""
    without = {key: value for key, value in field.items() if key != "policyTags"}
    if isinstance(inner := field.get("fields"), list):
        without["fields"] = list(map(_unrestricted, inner))
    return without


def _of_copies(field: Field) -> Field:
    """Return a column of the research side, where a row may be of a copy that was not made."""
    return {**_unrestricted(field), **_OF_COPIES.get(str(field["name"]), {})}


_OF_COPIES: Mapping[str, Field] = {
    "ObjectUri": {"mode": "NULLABLE"},
    "Generation": {"mode": "NULLABLE"},
    "LastUpdated": {"description": "When it was decided, to the next whole second"},
}
_WARNINGS = records(
    "Warnings",
    "What is odd about the object, by stable codes",
    [
        column("Code", "STRING", "Stable code of the finding"),
        column("Path", "STRING", "Attribute path, empty for the whole object"),
        column("Count", "INTEGER", "How often; of several places, Path is the first"),
    ],
)
_ORIGIN = [
    column("EventId", "STRING", "Id of the outcome; equal for every delivery of it", "REQUIRED"),
    column("RootEventId", "STRING", "Id of the upload it descends from", "REQUIRED"),
    column("Facility", "STRING", "The facility that sent the object", "REQUIRED"),
]
_UPLOAD_ID = column("UploadId", "STRING", "Id of the upload, or of the member", "REQUIRED")
_KEY_ID = column("KeyId", "STRING", "Which key made the pseudonyms of the copy; no secret")
_PROFILE_DIGEST = column("ProfileDigest", "STRING", "What the profile was then, as a digest")
_VERSION = column("PipelineVersion", "STRING", "Version of the pipeline that wrote the row")
_UIDS = {
    name: _uid(name)
    for name in (
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "SOPInstanceUID",
        "SOPClassUID",
        "TransferSyntaxUID",
    )
}
_PRIMARY = [
    column("IsPrimary", "BOOLEAN", "Whether the version was the primary one from PrimaryAt on"),
    column("PrimaryAt", "TIMESTAMP", "When it landed as, or was promoted to, the primary version"),
]
_STORED = [
    column(
        "Metadata",
        "JSON",
        "The header in the DICOM JSON Model (PS3.18 Annex F)",
        policy=Policy.IDENTIFYING,
    ),
    column(
        "MetadataUri",
        "STRING",
        "Where all of the header is, as gs:// address, when it is too large for a row",
        policy=Policy.LINKING,
    ),
    records(
        "DroppedTags",
        "Attributes that are not in Metadata, such as bulk data",
        [
            column("Path", "STRING", "Attribute path"),
            column("VR", "STRING", "Value representation"),
            column("Length", "INTEGER", "Length of the value in bytes"),
        ],
    ),
    column(
        "ObjectUri",
        "STRING",
        "Where the object stands, as gs:// address",
        "REQUIRED",
        policy=Policy.LINKING,
    ),
    column("Generation", "INTEGER", "Generation of the object", "REQUIRED"),
    column("Crc32c", "STRING", "CRC32C of the object's bytes, eight hexadecimal digits"),
    column("BlobStorageSize", "INTEGER", "Size of the object in bytes"),
    column("StructuredStorageSize", "INTEGER", "Size of Metadata in bytes of JSON"),
    column("StorageClass", "STRING", "Storage class at the time of writing"),
    column("Type", "STRING", "CREATE; of copies, DELETE where a version was held"),
    column("LastUpdated", "TIMESTAMP", "When the object was stored", "REQUIRED"),
]


def _outcome(kinds: Sequence[OutcomeKind]) -> Field:
    return column("Outcome", "STRING", f"One of {', '.join(kinds)}", "REQUIRED")


def _hot_fields() -> list[Field]:
    return list(map(_hot, HOT_COLUMNS))


TABLES: Mapping[str, Schema] = {
    "imaging.instances": {
        "description": "One row per archived version of an instance, and again per redelivery.",
        "partition_field": "LastUpdated",
        "clustering": ["StudyInstanceUID", "SeriesInstanceUID", "Modality"],
        "fields": [
            *_ORIGIN,
            *_UIDS.values(),
            *_PRIMARY,
            *_hot_fields(),
            *_STORED,
            _WARNINGS,
            _VERSION,
        ],
    },
    "imaging.landed": {
        "description": "One row per announcement of an object that landed, or of a member; "
        "what is decided again is announced again, from where it is kept.",
        "partition_field": "LandedAt",
        "clustering": ["UploadId"],
        "fields": [
            _UPLOAD_ID,
            column("RootEventId", "STRING", "Id of the upload it descends from", "REQUIRED"),
            column("Facility", "STRING", "First folder of its name in the inbox; NULL elsewhere"),
            column("Bucket", "STRING", "Where it is: of a member, and again, not the inbox"),
            column(
                "ObjectName",
                "STRING",
                "Its name there; of a member, where it is staged",
                policy=Policy.IDENTIFYING,
            ),
            column("Generation", "INTEGER", "Its generation there"),
            column("LandedAt", "TIMESTAMP", "When it was created there"),
            _VERSION,
        ],
    },
    "imaging.uploads": {
        "description": "The account: one row per object that landed, or member of a container, "
        "and again per redelivery.",
        "partition_field": "LandedAt",
        "clustering": ["Facility", "Outcome", "Reason"],
        "fields": [
            *_ORIGIN,
            _UPLOAD_ID,
            column("Bucket", "STRING", "The inbox"),
            column(
                "ObjectName",
                "STRING",
                "The facility's name for it; of a member, after `!/` the path",
                policy=Policy.IDENTIFYING,
            ),
            column("Generation", "INTEGER", "Generation that landed"),
            column("Size", "INTEGER", "Size in bytes"),
            column("Crc32c", "STRING", "CRC32C of the bytes, eight hexadecimal digits"),
            column("LandedAt", "TIMESTAMP", "When it, or its container, landed", "REQUIRED"),
            column("DecidedAt", "TIMESTAMP", "When its outcome was decided", "REQUIRED"),
            _outcome([kind for kind in OutcomeKind if kind.ends_upload]),
            column("Reason", "STRING", "Why it was refused or ignored, by stable code"),
            column("Difference", "STRING", "Of a conflict: what differs from the first version"),
            records(
                "References",
                "Of a DICOMDIR or a manifest: the instances that it names",
                [
                    column(
                        "SOPInstanceUID",
                        "STRING",
                        "SOP Instance UID in File (0004,1511), or as the manifest has it",
                        policy=Policy.LINKING,
                    ),
                    column(
                        "FileID",
                        "STRING",
                        "File ID (0004,1500), components separated by /; not of a manifest",
                        policy=Policy.IDENTIFYING,
                    ),
                    column(
                        "StudyInstanceUID",
                        "STRING",
                        "Study to which it says the instance belongs; NULL: it does not tell",
                        policy=Policy.LINKING,
                    ),
                ],
            ),
            records(
                "Expected",
                "Of a manifest: the studies that it names; none: all of its folder was sent",
                [
                    _UIDS["StudyInstanceUID"],
                    column(
                        "Instances",
                        "INTEGER",
                        "How many instances the study has; NULL: those that landed below the "
                        "manifest's folder before it",
                    ),
                ],
            ),
            column(
                "ExpectedInstances",
                "INTEGER",
                "How many instances its study has, as was said with the upload",
            ),
            _WARNINGS,
            *_UIDS.values(),
            column(
                "TargetUri",
                "STRING",
                "Where the object is now, as gs:// address",
                policy=Policy.IDENTIFYING,
            ),
            column("HeaderBytes", "INTEGER", "Bytes read from storage to decide"),
            column("DurationMs", "INTEGER", "Milliseconds from the delivery to the decision"),
            _VERSION,
        ],
    },
    "imaging.deid_audit": {
        "description": "What de-identification did to each archived instance; never a value, "
        "and not where the copy is.",
        "partition_field": "DecidedAt",
        "clustering": ["Facility", "Outcome", "Reason"],
        "fields": [
            *_ORIGIN,
            column(
                "SourceUri",
                "STRING",
                "The archived object, as gs:// address",
                "REQUIRED",
                policy=Policy.LINKING,
            ),
            _outcome([kind for kind in OutcomeKind if kind.stage == "deidentify"]),
            column("Reason", "STRING", "Why there is no copy, by stable code"),
            column("DecidedAt", "TIMESTAMP", "When it was decided", "REQUIRED"),
            column("Profile", "STRING", "The profile under which it was decided, by its name"),
            _PROFILE_DIGEST,
            _KEY_ID,
            records(
                "Actions",
                "What was done to which attribute",
                [
                    column("Path", "STRING", "Attribute path"),
                    column("Action", "STRING", "Action code (PS3.15 Table E.1-1a)"),
                    column("Rule", "STRING", "The rule that called for it"),
                ],
            ),
            _VERSION,
        ],
    },
    "imaging.reidentifications": {
        "description": "One row per question that went back behind a pseudonym, written before it "
        "was answered; never the answer.",
        "partition_field": "AskedAt",
        "fields": [
            column("AskedAt", "TIMESTAMP", "When it was asked", "REQUIRED"),
            column(
                "Who",
                "STRING",
                "Who asked, by their own account",
                "REQUIRED",
                policy=Policy.IDENTIFYING,
            ),
            column(
                "Reason",
                "STRING",
                "Why, by their own account",
                "REQUIRED",
                policy=Policy.IDENTIFYING,
            ),
            column("Kind", "STRING", "What was asked for: patient, uid or accession", "REQUIRED"),
            column("Pseudonym", "STRING", "The pseudonym", "REQUIRED", policy=Policy.LINKING),
            column("Found", "BOOLEAN", "Whether there is such an original", "REQUIRED"),
            column("KeyId", "STRING", "Which key was used; no secret", "REQUIRED"),
            _VERSION,
        ],
    },
    "imaging.erasures": {
        "description": "Two rows per erasure: before anything was removed, and when all of it was; "
        "never whose data they were.",
        "partition_field": "RecordedAt",
        "fields": [
            column("RecordedAt", "TIMESTAMP", "When it was written down", "REQUIRED"),
            column("State", "STRING", "begun or done", "REQUIRED"),
            column(
                "Who",
                "STRING",
                "Who asked, by their own account",
                "REQUIRED",
                policy=Policy.IDENTIFYING,
            ),
            column(
                "Reason",
                "STRING",
                "Why, by their own account",
                "REQUIRED",
                policy=Policy.IDENTIFYING,
            ),
            column("Facility", "STRING", "Whose patient or study it was", "REQUIRED"),
            column("Kind", "STRING", "What was erased: patient or study", "REQUIRED"),
            column(
                "Subject",
                "STRING",
                "What only the key makes of who was erased",
                "REQUIRED",
                policy=Policy.LINKING,
            ),
            column("KeyId", "STRING", "Which key made Subject; no secret", "REQUIRED"),
            records(
                "Places",
                "What was found: objects by bucket, rows by table",
                [
                    column("Place", "STRING", "A bucket, or a table"),
                    column("Count", "INTEGER", "How many objects or rows there"),
                ],
            ),
            _VERSION,
        ],
    },
    "imaging.events": {
        "description": "One row per event that was published, and again per redelivery: what the "
        "public topic says, and no more.",
        "partition_field": "RecordedAt",
        "clustering": ["Type", "Facility", "StudyInstanceUID"],
        "fields": [
            column("EventId", "STRING", "Id of the event: `ce-id`", "REQUIRED"),
            column("RootEventId", "STRING", "Id of the upload it descends from; not of copies"),
            column("Type", "STRING", "Type of the event: `ce-type`", "REQUIRED"),
            column("Source", "STRING", "Which function decided it: `ce-source`", "REQUIRED"),
            column("Time", "TIMESTAMP", "When it was decided; of copies the hour", "REQUIRED"),
            column("Outcome", "STRING", f"One of {', '.join(OutcomeKind)}"),
            column("Reason", "STRING", "Why it was refused or ignored, by stable code"),
            column("Facility", "STRING", "The facility that sent the object; not of copies"),
            column("Modality", "STRING", "Modality (0008,0060) where it is a defined term"),
            *(_UIDS[name] for name in _UIDS if name != "TransferSyntaxUID"),
            column("IsPrimary", "BOOLEAN", "Whether the version is the primary one from then on"),
            column("Difference", "STRING", "Of a conflict: what differs from the first version"),
            column("Data", "JSON", "The event's data, whole", policy=Policy.LINKING),
            column(
                "RecordedAt",
                "TIMESTAMP",
                "When the row was written, which is its place in the feed; of copies the end of "
                "that hour",
                "REQUIRED",
            ),
            _VERSION,
        ],
    },
    "imaging.receipts": {
        "description": "One row per revision of a receipt, and again where it was entered again; "
        "never two that differ.",
        "partition_field": "DeclaredAt",
        "clustering": ["Facility", "ReceiptId"],
        "fields": [
            column("EventId", "STRING", "Id of the event that tells it: `ce-id`", "REQUIRED"),
            column("ReceiptId", "STRING", "Id of the receipt, in all its revisions", "REQUIRED"),
            column("Facility", "STRING", "The facility whose files it tells of", "REQUIRED"),
            column("Revision", "INTEGER", "Counted from 1; the greatest counts", "REQUIRED"),
            column("DeclaredAt", "TIMESTAMP", "When it was decided", "REQUIRED"),
            column("OpenedAt", "TIMESTAMP", "When the first of its files landed", "REQUIRED"),
            column("ClosedAt", "TIMESTAMP", "When the last of its files landed", "REQUIRED"),
            column(
                "CoversFrom",
                "TIMESTAMP",
                "It covers what landed after this, when the receipt before it ends",
                "REQUIRED",
            ),
            column("CoversTo", "TIMESTAMP", "… and up to this", "REQUIRED"),
            column("Closing", "STRING", f"What ended the drop: {', '.join(Closing)}", "REQUIRED"),
            column("Files", "INTEGER", "How many files it tells of, with members", "REQUIRED"),
            column("Undecided", "INTEGER", "How many of them had no outcome", "REQUIRED"),
            column(
                "Digest",
                "INTEGER",
                "Tells which files they are and what became of each; 0 of none",
                "REQUIRED",
            ),
            column("Uri", "STRING", "Where its JSON form is, as gs:// address", "REQUIRED"),
            column(
                "Data",
                "JSON",
                "The whole receipt, as both its forms are made of it",
                policy=Policy.IDENTIFYING,
            ),
            _VERSION,
        ],
    },
    "imaging.deliveries": {
        "description": "One row per attempt to tell a target of an event: no body, no address.",
        "partition_field": "AttemptedAt",
        "clustering": ["Target", "EventId"],
        "fields": [
            column("EventId", "STRING", "Id of the event, and of the webhook", "REQUIRED"),
            column("Target", "STRING", "The target, by its name", "REQUIRED"),
            column("TargetKind", "STRING", f"One of {', '.join(TargetKind)}", "REQUIRED"),
            column("Type", "STRING", "Type of the event", "REQUIRED"),
            column("Result", "STRING", f"One of {', '.join(Result)}", "REQUIRED"),
            column("Status", "INTEGER", "What the receiver answered, of HTTP or SMTP"),
            column("Reason", "STRING", "Why it was not delivered, by stable code"),
            column("PublishedAt", "TIMESTAMP", "When the event was published", "REQUIRED"),
            column("AttemptedAt", "TIMESTAMP", "When the attempt began", "REQUIRED"),
            column("DurationMs", "INTEGER", "How long it took, in milliseconds"),
            _VERSION,
        ],
    },
    "imaging.study_changes": {
        "description": "One row per change of a study as a whole, complete or open again, and "
        "again where it was declared again; never two that differ.",
        "partition_field": "DeclaredAt",
        "clustering": ["StudyInstanceUID", "Facility"],
        "fields": [
            column("EventId", "STRING", "Id of the event that tells it: `ce-id`", "REQUIRED"),
            column("Facility", "STRING", "The facility that sent the study", "REQUIRED"),
            {**_UIDS["StudyInstanceUID"], "mode": "REQUIRED"},
            column("Revision", "INTEGER", "Which gathering of it, counted from 1", "REQUIRED"),
            column("Change", "STRING", f"One of {', '.join(Change)}", "REQUIRED"),
            column("Cause", "STRING", f"One of {', '.join(Cause)}", "REQUIRED"),
            column("DeclaredAt", "TIMESTAMP", "When it was decided", "REQUIRED"),
            column("FirstArrival", "TIMESTAMP", "When the first of its versions was archived"),
            column("LastArrival", "TIMESTAMP", "When the last of these was archived"),
            column("Instances", "INTEGER", "How many instances were there"),
            column("ExpectedInstances", "INTEGER", "How many were to be; NULL: nothing said so"),
            column("Series", "INTEGER", "How many series were there"),
            column(
                "Data",
                "JSON",
                "The whole change, as the event is made of it",
                policy=Policy.LINKING,
            ),
            _VERSION,
        ],
    },
    "imaging.sweeps": {
        "description": "One row per run of the sweep: what it found, and how far it has come.",
        "partition_field": "RunAt",
        "fields": [
            column("RunAt", "TIMESTAMP", "When it began", "REQUIRED"),
            column("DurationMs", "INTEGER", "How long it took, in milliseconds"),
            column("Redriven", "INTEGER", "Objects that waited for too long, announced again"),
            column(
                "RedrivenTo",
                "STRING",
                "Where the next run goes on with them; empty: nowhere",
                policy=Policy.IDENTIFYING,
            ),
            column("Reannounced", "INTEGER", "Open uploads, announced again; NULL: not asked for"),
            column("Vanished", "INTEGER", "Open uploads that are not there; NULL: not asked for"),
            column("ArchiveListed", "INTEGER", "Archived versions compared; NULL: no comparison"),
            column("RowsMissing", "INTEGER", "Of these, announced again for want of a row"),
            column("ObjectsMissing", "INTEGER", "Rows of archived versions that are not there"),
            column("Unlabelled", "INTEGER", "Kept objects that do not say what they were sent as"),
            column("DeadLetters", "INTEGER", "Dead letters that wait, as far as they are counted"),
            column(
                "StudiesSince",
                "TIMESTAMP",
                "Studies that got something since then were looked at; NULL: none were",
            ),
            column("StudiesCompleted", "INTEGER", "Of these, declared complete"),
            column("StudiesReopened", "INTEGER", "Of these, declared open again"),
            column("StudiesTold", "INTEGER", "Events of studies that were published, or again"),
            column("ReceiptsIssued", "INTEGER", "Receipts that were entered, or new revisions"),
            column("ReceiptsTold", "INTEGER", "Events of receipts that were published, or again"),
            column(
                "ComparedFrom",
                "STRING",
                "The archive was compared behind this name",
                policy=Policy.LINKING,
            ),
            column(
                "ComparedTo",
                "STRING",
                "… and up to this one, where the next part begins",
                policy=Policy.LINKING,
            ),
            column("PassComplete", "BOOLEAN", "Whether the archive ends there"),
            records(
                "Findings",
                "The first of what was found",
                [
                    column("Kind", "STRING", "What it is, by stable code"),
                    column(
                        "ObjectUri",
                        "STRING",
                        "The object, as gs:// address",
                        policy=Policy.IDENTIFYING,
                    ),
                    column("Generation", "INTEGER", "Its generation"),
                    column("Action", "STRING", "announced: it is decided again; or reported"),
                ],
            ),
            column("FindingsOmitted", "INTEGER", "How many more there were"),
            _VERSION,
        ],
    },
    "research.instances": {
        "description": "One row per de-identified instance, and per one that was held in place of "
        "an earlier version's copy; again per redelivery.",
        "partition_field": "LastUpdated",
        "clustering": ["StudyInstanceUID", "SeriesInstanceUID", "Modality"],
        "fields": [
            *map(_unrestricted, _UIDS.values()),
            _PRIMARY[0],
            column("PrimaryAt", "TIMESTAMP", "Orders an instance's versions; not when they came"),
            *map(_of_copies, [*_hot_fields(), *_STORED]),
            _PROFILE_DIGEST,
            _KEY_ID,
            _VERSION,
        ],
    },
}


def text(schema: Schema) -> str:
    """Return the one spelling of a schema file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write every schema file."""
    for name, schema in TABLES.items():
        (SCHEMAS / f"{name}.json").write_text(text(schema))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
