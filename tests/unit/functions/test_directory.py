"""What a DICOMDIR names, and how it reaches the account."""

from __future__ import annotations

from pathlib import Path
from struct import pack

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_files

from functions.index import rows
from shared.adapters.memory import ManualClock, MemoryObjectStore, MemoryTopic
from shared.contracts.outcome import Finding, Outcome, OutcomeKind
from shared.contracts.upload import Upload
from shared.dicom.directory import (
    MAX_FILE_ID_CHARACTERS,
    Directory,
    FileReference,
    read_directory,
)
from shared.dicom.elements import Header
from shared.dicom.limits import DEFAULT_LIMITS, Limits
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from shared.dicom.warnings import Warning_
from tests.archives import zipped
from tests.builders import a_uid, element, item, padded, part10, sequence
from tests.ingest import an_ingest

IN_USE, NOT_IN_USE = 0xFFFF, 0


def a_record(
    uid: str | None = None, file_id: bytes | None = None, flag: int | None = IN_USE
) -> bytes:
    """Return one directory record; what is None is left out."""
    elements = [] if flag is None else [element(0x00041410, "US", pack("<H", flag))]
    if file_id is not None:
        elements.append(element(0x00041500, "CS", file_id + b" " * (len(file_id) % 2)))
    if uid is not None:
        elements.append(element(0x00041511, "UI", padded(uid)))
    return item(b"".join(elements))


def a_directory_of(*records: bytes) -> bytes:
    """Return a DICOMDIR with records."""
    return part10(sequence(0x00041220, *records))


def _header(data: bytes) -> Header:
    return read_header(BytesSource(data))


def _referenced(*records: bytes) -> tuple[FileReference, ...]:
    return read_directory(_header(a_directory_of(*records))).references


def test_records_name_instances_in_their_order() -> None:
    assert _referenced(
        a_record(),  # a patient's record names no file
        a_record(a_uid(2), b"IMAGES\\IM2"),
        a_record(a_uid(1), b"IMAGES\\IM1"),
    ) == (FileReference(a_uid(2), "IMAGES/IM2"), FileReference(a_uid(1), "IMAGES/IM1"))


def test_an_instance_counts_once() -> None:
    twice = _referenced(a_record(a_uid(1), b"A"), a_record(a_uid(1), b"B"))
    assert twice == (FileReference(a_uid(1), "A"),)


@pytest.mark.parametrize("uid", ["", "a.b", "1/2", "1" * 65, "-1"])
def test_an_unusable_uid_is_left_out(uid: str) -> None:
    assert _referenced(a_record(uid, b"A"), a_record(a_uid(1), b"B")) == (
        FileReference(a_uid(1), "B"),
    )


def test_what_is_not_in_use_is_left_out() -> None:
    assert _referenced(a_record(a_uid(1), b"A", NOT_IN_USE), a_record(a_uid(2), b"B", None)) == (
        FileReference(a_uid(2), "B"),
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"\\DIR \\\\IM1\x00", "DIR/IM1"),
        (b"D\xdcR\\..\\\xff", "D\xdcR/../\xff"),
        (b"A\nB", ""),
        (b"A\x85B", ""),
        (b"A" * MAX_FILE_ID_CHARACTERS, "A" * MAX_FILE_ID_CHARACTERS),
        (b"A" * (MAX_FILE_ID_CHARACTERS + 1), ""),
        (b"A" * (1 << 15), ""),
        (b"", ""),
        (None, ""),
    ],
)
def test_a_file_id_is_a_path_whatever_its_bytes(written: bytes | None, read: str) -> None:
    assert _referenced(a_record(a_uid(1), written)) == (FileReference(a_uid(1), read),)


def test_a_sequence_in_a_record_is_not_walked() -> None:
    inner = sequence(0x00041220, a_record(a_uid(2), b"B"))
    outer = item(inner + element(0x00041511, "UI", padded(a_uid(1))))
    assert _referenced(outer) == (FileReference(a_uid(1), ""),)


@pytest.mark.parametrize("records", [b"", element(0x00041220, "UN", b"\x00" * 6)])
def test_a_directory_without_records_names_nothing(records: bytes) -> None:
    data = part10(records + element(0x00080005, "CS", b"ISO_IR 6"))
    assert read_directory(_header(data)) == Directory(())


@pytest.mark.parametrize(("number", "warnings"), [(2, ()), (3, (Warning_("more-references"),))])
def test_it_names_no_more_than_a_limit(number: int, warnings: tuple[Warning_, ...]) -> None:
    data = a_directory_of(*(a_record(a_uid(each), b"A") for each in range(number)))
    assert read_directory(_header(data), Limits(max_references=2)) == Directory(
        (FileReference(a_uid(0), "A"), FileReference(a_uid(1), "A")), warnings
    )


class _World:
    """One ingest that is delivered whatever it announces."""

    def __init__(self) -> None:
        clock = ManualClock()
        self.store = MemoryObjectStore(clock.now)
        self.topic, self.uploads = MemoryTopic(), MemoryTopic()
        self.ingest = an_ingest(self.store, clock, self.topic, self.uploads)

    def land(self, name: str, data: bytes) -> list[Outcome]:
        self.ingest(Upload(version=self.store.put("inbox", name, data).version))
        for message in self.uploads.messages:
            self.ingest(Upload.from_message(message))
        return [Outcome.from_message(message) for message in self.topic.messages]


TWO = a_directory_of(a_record(a_uid(1), b"IMAGES\\IM1"), a_record(a_uid(2), b"IMAGES\\IM2"))
NAMED = [
    {"SOPInstanceUID": a_uid(1), "FileID": "IMAGES/IM1"},
    {"SOPInstanceUID": a_uid(2), "FileID": "IMAGES/IM2"},
]


def test_its_references_reach_the_account() -> None:
    (outcome,) = _World().land("h/DICOMDIR", TWO)
    assert (outcome.kind, outcome.reason) == (OutcomeKind.IGNORED, "dicomdir")
    assert rows.upload(outcome)["References"] == NAMED
    assert outcome.findings == ()


def test_a_members_references_do_too() -> None:
    outcomes = _World().land("h/disc.zip", zipped({"DICOMDIR": TWO}))
    (member,) = (outcome for outcome in outcomes if outcome.reason == "dicomdir")
    assert rows.upload(member)["References"] == NAMED


def test_the_most_references_fit_a_message_and_the_cut_is_told() -> None:
    number = DEFAULT_LIMITS.max_references + 1
    longest = b"\xff" * MAX_FILE_ID_CHARACTERS
    uids = (f"1.{'9' * 50}.{each:011d}" for each in range(number))
    (outcome,) = _World().land(
        "h/DICOMDIR", a_directory_of(*(a_record(uid, longest) for uid in uids))
    )
    assert len(outcome.references) == DEFAULT_LIMITS.max_references
    assert outcome.findings == (Finding(code="more-references", path=""),)
    assert len(outcome.to_message().data) < 400 * number


DIRECTORIES = [
    Path(path) for path in get_testdata_files("**/DICOMDIR*") if not path.endswith(".py")
]


@pytest.mark.parametrize("path", DIRECTORIES, ids=lambda path: path.name)
def test_it_names_what_another_reader_finds(path: Path) -> None:
    theirs = [
        (record.ReferencedSOPInstanceUIDInFile, record.ReferencedFileID)
        for record in dcmread(path).DirectoryRecordSequence
        if "ReferencedSOPInstanceUIDInFile" in record
    ]
    ours = read_directory(_header(path.read_bytes())).references
    assert [(uid, [id_] if isinstance(id_, str) else list(id_)) for uid, id_ in theirs] == [
        (each.sop_instance_uid, each.file_id.split("/")) for each in ours
    ]
