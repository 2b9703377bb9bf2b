"""The data dictionary: every column of every table, where it comes from and what stands there."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from infra.example_rows import example_rows
from infra.table_schemas import ATTRIBUTES, SCHEMAS, attribute

HEAD: Final = ("column", "type", "holds", "restricted as", "source", "for example")
_EXAMPLE_CHARACTERS: Final = 60
_FILE_META: Final = "0002"

# Where what is no attribute comes from, by column: the same name is the same thing everywhere.
SOURCES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("EventId", "RootEventId", "UploadId"), "derived: `shared/contracts/ids.py`"),
    "Facility": "first folder of the name in the inbox, and the registry",
    **dict.fromkeys(("IsPrimary", "PrimaryAt"), "`ingest`: the facility's policy, or a promotion"),
    **dict.fromkeys(("Metadata", "DroppedTags", "MetadataUri"), "the header: PS3.18 Annex F"),
    **dict.fromkeys(
        ("Bucket", "ObjectName", "Generation", "Crc32c", "BlobStorageSize", "Size", "LastUpdated"),
        "the object store",
    ),
    **dict.fromkeys(("ObjectUri", "TargetUri", "SourceUri"), "`shared/contracts/layout.py`"),
    "LandedAt": "the object store; of a member, that of its container",
    "StructuredStorageSize": "`index`: counted",
    **dict.fromkeys(("StorageClass", "Type"), "`index`"),
    **dict.fromkeys(("Warnings", "Difference", "References"), "`ingest`: validation, comparison"),
    "Expected": "the manifest",
    "ExpectedInstances": "a label of the upload, or of its container",
    **dict.fromkeys(("HeaderBytes", "DurationMs"), "measured by the function"),
    **dict.fromkeys(("Outcome", "Reason", "DecidedAt"), "the function that decided"),
    **dict.fromkeys(("Profile", "ProfileDigest", "Actions"), "`deidentify`: PS3.15 Annex E"),
    "KeyId": "the pseudonym key, as a digest",
    **dict.fromkeys(("Source", "Time", "Data"), "the event: CloudEvents 1.0"),
    "RecordedAt": "`index`: its clock",
    **dict.fromkeys(("AskedAt", "Who", "Kind", "Pseudonym", "Found"), "`reidentify`"),
    **dict.fromkeys(("State", "Subject", "Places"), "`erase`"),
    **dict.fromkeys(("Target", "TargetKind"), "the targets"),
    **dict.fromkeys(("Result", "AttemptedAt"), "`notify`"),
    "Status": "the receiver",
    "PublishedAt": "Pub/Sub: `publishTime`",
    **dict.fromkeys(
        (
            "RunAt", "Redriven", "RedrivenTo", "Reannounced", "Vanished", "ArchiveListed",
            "RowsMissing", "ObjectsMissing", "Unlabelled", "DeadLetters", "ComparedFrom",
            "ComparedTo", "PassComplete", "Findings", "FindingsOmitted", "StudiesSince",
            "StudiesCompleted", "StudiesReopened", "StudiesTold", "Revision", "Change", "Cause",
            "DeclaredAt", "FirstArrival", "LastArrival", "Instances", "Series", "ReceiptsIssued",
            "ReceiptsTold", "ReceiptId", "OpenedAt", "ClosedAt", "CoversFrom", "CoversTo",
            "Closing", "Files", "Undecided", "Digest", "Uri",
        ),
        "`sweep`",
    ),
    "PipelineVersion": "the release",
}  # fmt: skip


def rows(table: str) -> Iterator[tuple[object, ...]]:
    """Yield what `HEAD` says of each column of a table, from its schema file."""
    example = example_rows()[table]
    for field in json.loads((SCHEMAS / f"{table}.json").read_text(encoding="utf-8"))["fields"]:
        name = field["name"]
        yield (
            f"`{name}`",
            type_of(field),
            field["description"].removesuffix(f"; {_attribute_of(name)}"),
            ", ".join(sorted(set(_policies(field)))),
            source_of(name),
            _example(example.get(name)),
        )


def source_of(name: str) -> str:
    """Return the attribute of a column with its place in the standard, or what else makes it.

    Raises:
        KeyError: nobody has said where it comes from.
    """
    if name not in ATTRIBUTES:
        return SOURCES[name]
    chapter = 7 if ATTRIBUTES[name].startswith(_FILE_META) else 6
    return f"{_attribute_of(name)}, PS3.6 Chapter {chapter}"


def _attribute_of(name: str) -> str:
    return attribute(ATTRIBUTES[name]) if name in ATTRIBUTES else ""


def type_of(field: Mapping[str, Any]) -> str:
    """Return a column's type, the fields of a record with it, and its mode where it has one."""
    inner = field["type"]
    if inner == "RECORD":
        inner = f"RECORD({', '.join(child['name'] for child in field['fields'])})"
    return f"{inner}, {str(field['mode']).lower()}" if field["mode"] != "NULLABLE" else str(inner)


def _policies(field: Mapping[str, Any]) -> Iterator[str]:
    yield from field.get("policyTags", {}).get("names", [])
    for child in field.get("fields", []):
        yield from _policies(child)


def _example(value: object) -> str:
    if value in (None, [], ""):
        return ""
    if isinstance(value, bytes):  # JSON already
        value = value.decode()
    text = value if isinstance(value, str) else json.dumps(value, default=_text, ensure_ascii=False)
    short = text if len(text) <= _EXAMPLE_CHARACTERS else f"{text[:_EXAMPLE_CHARACTERS]}…"
    return f"`{short.strip(chr(34))}`"


def _text(value: date) -> str:
    return value.isoformat()
