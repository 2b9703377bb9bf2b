"""The instances that a DICOMDIR names (PS3.3 Annex F, PS3.10 Section 8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

from shared.dicom.elements import Header, RawItem
from shared.dicom.identification import DIRECTORY_RECORD_SEQUENCE
from shared.dicom.identity import USABLE_UID
from shared.dicom.limits import DEFAULT_LIMITS, Limits
from shared.dicom.warnings import Warning_

RECORD_IN_USE_FLAG: Final = 0x00041410
REFERENCED_FILE_ID: Final = 0x00041500
REFERENCED_SOP_INSTANCE_UID_IN_FILE: Final = 0x00041511
# PS3.10 Section 8.2 allows eight components of eight; twice that is for writers that do not care.
MAX_FILE_ID_CHARACTERS: Final = 128

_NOT_IN_USE: Final = b"\x00\x00"
_PADDING: Final = "\x00 "


class FileReference(NamedTuple):
    """One instance of a file-set, and where its file stands there."""

    sop_instance_uid: str
    file_id: str  # components joined by `/`; empty when the record names no usable one


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
    files: dict[str, str] = {}
    for element in header.dataset:
        if element.tag == DIRECTORY_RECORD_SEQUENCE:
            for record in element.items or ():
                _add(files, _values(record))
    return Directory(
        references=tuple(
            FileReference(uid, file_id)
            for uid, file_id in islice(files.items(), limits.max_references)
        ),
        warnings=(Warning_("more-references"),) if len(files) > limits.max_references else (),
    )


def _add(files: dict[str, str], record: Mapping[int, bytes]) -> None:
    uid = _text(record.get(REFERENCED_SOP_INSTANCE_UID_IN_FILE, b"")).strip(_PADDING)
    if USABLE_UID.fullmatch(uid) and record.get(RECORD_IN_USE_FLAG) != _NOT_IN_USE:
        files.setdefault(uid, _file_id(record.get(REFERENCED_FILE_ID, b"")))


def _values(record: RawItem) -> dict[int, bytes]:
    return {element.tag: element.value or b"" for element in record.elements}


def _file_id(value: bytes) -> str:
    components = (component.strip(_PADDING) for component in _text(value).split("\\"))
    path = "/".join(component for component in components if component)
    return path if path.isprintable() and len(path) <= MAX_FILE_ID_CHARACTERS else ""


def _text(value: bytes) -> str:
    return value.decode("latin-1")
