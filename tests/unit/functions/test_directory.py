"""What a DICOMDIR names, and how it reaches the account."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from struct import pack
from typing import NamedTuple

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_files
from pydicom.fileset import FileSet

from functions.index import rows
from shared.adapters.memory import ManualClock, MemoryObjectStore, MemoryTopic
from shared.contracts.encoding import decoded
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


class Record(NamedTuple):
    """One directory record of a tree; the others are named by their places."""

    study: str = ""
    names: str = ""
    following: int | None = None
    below: int | None = None


def a_tree_of(*records: Record) -> bytes:
    """Return a DICOMDIR whose offsets lead where its records say; beyond them: nowhere."""
    nowhere = (0,) * (len(records) + 1)
    lengths = [len(_linked(record, nowhere)) for record in records]
    first = len(part10(b"")) + 12  # the header of the sequence
    places = (*accumulate(lengths, initial=first),)[:-1]
    return a_directory_of(*(_linked(record, (*places, 7)) for record in records))


def _linked(record: Record, places: Sequence[int]) -> bytes:
    def offset(place: int | None) -> bytes:
        return pack("<L", 0 if place is None else places[place])

    return item(
        element(0x00041400, "UL", offset(record.following))
        + element(0x00041410, "US", pack("<H", IN_USE))
        + element(0x00041420, "UL", offset(record.below))
        + (element(0x00041511, "UI", padded(record.names)) if record.names else b"")
        + (element(0x0020000D, "UI", padded(record.study)) if record.study else b"")
    )


def _studies(*records: Record) -> dict[str, str]:
    """Return the study of each instance, by the instance."""
    read = read_directory(_header(a_tree_of(*records)))
    return {each.sop_instance_uid: each.study_instance_uid for each in read.references}


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


A, B = a_uid(1), a_uid(2)  # studies
ONE, TWO_, THREE = a_uid(1, 1, 1), a_uid(1, 1, 2), a_uid(2, 1, 1)  # instances


def test_an_instance_is_of_the_study_above_it() -> None:
    assert _studies(
        Record(below=1),  # a patient
        Record(study=A, following=2, below=3),
        Record(study=B, below=6),
        Record(below=4),  # a series
        Record(names=ONE, following=5),
        Record(names=TWO_),
        Record(below=7),
        Record(names=THREE),
    ) == {ONE: A, TWO_: A, THREE: B}


def test_the_order_of_records_says_nothing() -> None:
    assert _studies(
        Record(names=THREE),
        Record(names=ONE),
        Record(study=B, below=0),
        Record(study=A, below=1, following=2),
    ) == {ONE: A, THREE: B}


@pytest.mark.parametrize("below", [None, 4, 1, 0], ids=["none", "nowhere", "itself", "circle"])
def test_where_no_offset_leads_no_study_is_guessed(below: int | None) -> None:
    assert _studies(
        Record(study=A, below=2),
        Record(study=B, below=below),
        Record(names=ONE, below=0, following=2),
        Record(names=THREE),
    ) == {ONE: A, THREE: ""}


def test_where_no_offset_leads_it_is_of_the_only_study() -> None:
    assert _studies(Record(study=A), Record(names=ONE), Record(names=TWO_)) == {ONE: A, TWO_: A}


def test_a_records_own_study_counts_before_that_above_it() -> None:
    assert _studies(
        Record(study=A, below=1), Record(study=B, names=THREE, following=2), Record(names=ONE)
    ) == {THREE: B, ONE: A}


def test_a_record_that_two_claim_is_of_one_and_the_others_are_not_lost() -> None:
    found = _studies(
        Record(study=A, below=2), Record(study=B, below=2), Record(names=ONE, following=3),
        Record(names=TWO_, following=2),
    )  # fmt: skip
    assert found in ({ONE: A, TWO_: A}, {ONE: B, TWO_: B})


def test_an_unusable_study_is_none() -> None:
    assert _studies(Record(study="a/b", below=1), Record(names=ONE)) == {ONE: ""}


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
    {"SOPInstanceUID": a_uid(1), "FileID": "IMAGES/IM1", "StudyInstanceUID": None},
    {"SOPInstanceUID": a_uid(2), "FileID": "IMAGES/IM2", "StudyInstanceUID": None},
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
        "h/DICOMDIR",
        a_directory_of(
            item(element(0x0020000D, "UI", padded("2" * 64))),
            *(a_record(uid, longest) for uid in uids),
        ),
    )
    assert len(outcome.references) == DEFAULT_LIMITS.max_references
    assert outcome.findings == (Finding(code="more-references", path=""),)
    assert len(decoded(outcome.to_message(), "outcome")) < 500 * number


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


# Of the others this reader says less, or that reader nothing.
SOUND = [
    path for path in DIRECTORIES if path.name not in {"DICOMDIR-nooffset", "DICOMDIR-nopatient"}
]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.name)
def test_its_studies_are_what_another_reader_finds(path: Path) -> None:
    theirs = {each.SOPInstanceUID: each.StudyInstanceUID for each in FileSet(path)}
    ours = read_directory(_header(path.read_bytes())).references
    assert {each.sop_instance_uid: each.study_instance_uid for each in ours} == theirs
