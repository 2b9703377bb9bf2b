"""The instances that a DICOMDIR names (PS3.3 Annex F, PS3.10 Section 8)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal, NamedTuple

from shared.dicom.elements import Header, RawItem
from shared.dicom.identification import DIRECTORY_RECORD_SEQUENCE, STUDY_INSTANCE_UID
from shared.dicom.identity import USABLE_UID
from shared.dicom.limits import DEFAULT_LIMITS, Limits
from shared.dicom.warnings import Warning_

OFFSET_OF_THE_NEXT_DIRECTORY_RECORD: Final = 0x00041400
RECORD_IN_USE_FLAG: Final = 0x00041410
OFFSET_OF_REFERENCED_LOWER_LEVEL_DIRECTORY_ENTITY: Final = 0x00041420
REFERENCED_FILE_ID: Final = 0x00041500
REFERENCED_SOP_INSTANCE_UID_IN_FILE: Final = 0x00041511
# PS3.10 Section 8.2 allows eight components of eight; twice that is for writers that do not care.
MAX_FILE_ID_CHARACTERS: Final = 128

_ByteOrder = Literal["little", "big"]
_NOT_IN_USE: Final = b"\x00\x00"
_PADDING: Final = "\x00 "
# A record begins with its item tag and (0004,1400), a UL: eight bytes each before the value.
_BEFORE_FIRST_VALUE: Final = 16


class FileReference(NamedTuple):
    """One instance of a file-set, where its file stands there, and to which study it belongs."""

    sop_instance_uid: str
    file_id: str  # components joined by `/`; empty when the record names no usable one
    study_instance_uid: str = ""  # empty when the directory does not tell


@dataclass(frozen=True, slots=True)
class Directory:
    """What a DICOMDIR names, and what is odd about that."""

    references: tuple[FileReference, ...]
    warnings: tuple[Warning_, ...] = ()


def read_directory(header: Header, limits: Limits = DEFAULT_LIMITS) -> Directory:
    """Return the instances that the records name, each once, the first `limits.max_references`.

    The records stand beside each other, whatever tree their offsets make, so that a damaged tree
    hides none. Left out are records that are not in use (PS3.3 Table F.3-3) and those with an
    unusable UID.
    """
    order: _ByteOrder = "little" if header.encoding.little_endian else "big"
    records = [_record(item, order) for item in _items(header)]
    files: dict[str, FileReference] = {}
    for record, study in zip(records, _studies(records), strict=True):
        if record.names:
            files.setdefault(record.names, FileReference(record.names, record.file_id, study))
    return Directory(
        references=tuple(islice(files.values(), limits.max_references)),
        warnings=(Warning_("more-references"),) if len(files) > limits.max_references else (),
    )


class _Record(NamedTuple):
    """What one directory record says (PS3.3 Table F.3-3), and where it stands."""

    offset: int | None  # of its item in the file; None where it does not begin as it should
    following: int  # offset of the next record of the same entity; 0: there is none
    below: int  # offset of the first record of the entity below; 0: there is none
    study: str  # its own Study Instance UID, as a STUDY record has it; may be empty
    names: str  # the SOP Instance UID of its file; empty when it names none, or is not in use
    file_id: str


def _record(record: RawItem, order: _ByteOrder) -> _Record:
    values = {element.tag: element.value or b"" for element in record.elements}
    in_use = values.get(RECORD_IN_USE_FLAG) != _NOT_IN_USE
    return _Record(
        offset=_offset(record),
        following=_pointer(values.get(OFFSET_OF_THE_NEXT_DIRECTORY_RECORD), order),
        below=_pointer(values.get(OFFSET_OF_REFERENCED_LOWER_LEVEL_DIRECTORY_ENTITY), order),
        study=_uid(values.get(STUDY_INSTANCE_UID)),
        names=_uid(values.get(REFERENCED_SOP_INSTANCE_UID_IN_FILE)) if in_use else "",
        file_id=_file_id(values.get(REFERENCED_FILE_ID, b"")),
    )


def _items(header: Header) -> Iterator[RawItem]:
    for element in header.dataset:
        if element.tag == DIRECTORY_RECORD_SEQUENCE:
            yield from element.items or ()


def _studies(records: Sequence[_Record]) -> Sequence[str]:
    """Return the study of each record: its own, or that of the nearest one above it (PS3.3 F.2.2).

    Where no offset leads to a record, it belongs to the only study that there is, or to none that
    is known. Each record is reached once, so that offsets in a circle end.
    """
    studies = [record.study for record in records]
    places = {record.offset: place for place, record in enumerate(records)}
    reached = set[int]()
    waiting = [place for place, study in enumerate(studies) if study]
    while waiting:
        above = waiting.pop()
        place = places.get(records[above].below)
        while place is not None and place not in reached:
            reached.add(place)
            if not studies[place]:
                studies[place] = studies[above]
                waiting.append(place)
            place = places.get(records[place].following)
    known = set(filter(None, studies))
    only = known.pop() if len(known) == 1 else ""
    return [study or only for study in studies]


def _offset(record: RawItem) -> int | None:
    first = record.elements[0] if record.elements else None
    if first is None or first.tag != OFFSET_OF_THE_NEXT_DIRECTORY_RECORD:
        return None
    return first.extent.offset - _BEFORE_FIRST_VALUE


def _pointer(value: bytes | None, order: _ByteOrder) -> int:
    return int.from_bytes(value or b"", order)


def _uid(value: bytes | None) -> str:
    uid = _text(value or b"").strip(_PADDING)
    return uid if USABLE_UID.fullmatch(uid) else ""


def _file_id(value: bytes) -> str:
    components = (component.strip(_PADDING) for component in _text(value).split("\\"))
    path = "/".join(component for component in components if component)
    return path if path.isprintable() and len(path) <= MAX_FILE_ID_CHARACTERS else ""


def _text(value: bytes) -> str:
    return value.decode("latin-1")
