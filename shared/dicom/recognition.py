"""What an object is, told by its content and never by its name."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from shared.dicom.vrs import EXPLICIT_VRS

PREAMBLE_BYTES: Final = 128
PREFIX: Final = b"DICM"
RECOGNITION_BYTES: Final = 512


class Kind(StrEnum):
    """The closed set of what the first bytes can look like."""

    PART10 = "dicom-part-10"
    POLYGLOT = "dicom-polyglot"
    BARE_FILE_META = "dicom-without-preamble"
    BARE_DATASET = "dicom-without-file-meta"
    EMPTY = "empty"
    ZIP = "zip"
    GZIP = "gzip"
    TAR = "tar"
    BZIP2 = "bzip2"
    XZ = "xz"
    ZSTD = "zstd"
    SEVEN_ZIP = "7z"
    RAR = "rar"
    PDF = "pdf"
    JPEG = "jpeg"
    PNG = "png"
    GIF = "gif"
    TIFF = "tiff"
    XML = "xml"
    HTML = "html"
    JSON = "json"
    TEXT = "text"
    EXECUTABLE = "executable"
    UNKNOWN = "unknown"


DICOM_KINDS: Final = frozenset({Kind.PART10, Kind.BARE_FILE_META, Kind.BARE_DATASET})
CONTAINER_KINDS: Final = frozenset(
    {Kind.ZIP, Kind.GZIP, Kind.TAR, Kind.BZIP2, Kind.XZ, Kind.ZSTD, Kind.SEVEN_ZIP, Kind.RAR}
)

_EXECUTABLE_MAGIC: Final = (
    b"MZ",
    b"\x7fELF",
    b"#!",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"\xbe\xba\xfe\xca",
    b"\x00asm",
    b"dex\n",
)
_SCRIPT_MARKS: Final = (b"<!doctype", b"<html", b"<script", b"<svg", b"<?php", b"javascript:")
_TIFF_MAGIC: Final = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_MAGIC: Final = (
    (Kind.ZIP, (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")),
    (Kind.GZIP, (b"\x1f\x8b",)),
    (Kind.BZIP2, (b"BZh",)),
    (Kind.XZ, (b"\xfd7zXZ\x00",)),
    (Kind.ZSTD, (b"\x28\xb5\x2f\xfd",)),
    (Kind.SEVEN_ZIP, (b"7z\xbc\xaf\x27\x1c",)),
    (Kind.RAR, (b"Rar!\x1a\x07",)),
    (Kind.PDF, (b"%PDF-",)),
    (Kind.JPEG, (b"\xff\xd8\xff",)),
    (Kind.PNG, (b"\x89PNG\r\n\x1a\n",)),
    (Kind.GIF, (b"GIF87a", b"GIF89a")),
    (Kind.TIFF, _TIFF_MAGIC),
    (Kind.EXECUTABLE, _EXECUTABLE_MAGIC),
)
_FILE_META_GROUP: Final = 0x0002
_FIRST_GROUPS: Final = frozenset({0x0000, 0x0002, 0x0004, 0x0008, 0x0010})
_TEXT_BYTES: Final = frozenset({9, 10, 12, 13, *range(32, 127), *range(128, 256)})
_ELEMENT_HEADER_BYTES: Final = 8
_LARGEST_FIRST_VALUE: Final = 0x10000


def recognise(head: bytes, size: int) -> Kind:
    """Return what an object of `size` bytes is that starts with `head`.

    `head` needs `RECOGNITION_BYTES` bytes, or all where the object is shorter.
    """
    if size == 0:
        return Kind.EMPTY
    if head[PREAMBLE_BYTES : PREAMBLE_BYTES + len(PREFIX)] == PREFIX:
        return Kind.POLYGLOT if is_executable(head[:PREAMBLE_BYTES]) else Kind.PART10
    return _by_magic(head) or _bare(head, size) or _textual(head)


def is_executable(preamble: bytes) -> bool:
    """Tell whether a preamble would make some program run the object (PS3.10 Section 7.5)."""
    if preamble.startswith(_EXECUTABLE_MAGIC):
        return True
    lowered = preamble.lower()
    return any(mark in lowered for mark in _SCRIPT_MARKS)


def is_tiff(preamble: bytes) -> bool:
    """Tell whether a preamble makes the object a TIFF file too (PS3.10 Section 7.1)."""
    return preamble.startswith(_TIFF_MAGIC)


def looks_explicit(element: bytes) -> bool:
    """Tell whether an element's first bytes have a value representation of the standard."""
    return element[4:6] in EXPLICIT_VRS


def first_group(head: bytes) -> tuple[int, bool]:
    """Return the group of the first element and whether it reads as little endian."""
    little = int.from_bytes(head[:2], "little")
    big = int.from_bytes(head[:2], "big")
    return (little, True) if little <= big else (big, False)


def _by_magic(head: bytes) -> Kind | None:
    for kind, magic in _MAGIC:
        if head.startswith(magic):
            return kind
    return Kind.TAR if head[257:262] == b"ustar" else None


def _bare(head: bytes, size: int) -> Kind | None:
    if len(head) < _ELEMENT_HEADER_BYTES:
        return None
    group, little = first_group(head)
    if group not in _FIRST_GROUPS or not _plausible_element(head, size, little=little):
        return None
    return Kind.BARE_FILE_META if group == _FILE_META_GROUP else Kind.BARE_DATASET


def _plausible_element(head: bytes, size: int, *, little: bool) -> bool:
    if looks_explicit(head):
        return True
    length = int.from_bytes(head[4:8], "little")
    fits = length <= min(size - _ELEMENT_HEADER_BYTES, _LARGEST_FIRST_VALUE)
    return little and fits and _is_followed(head, _ELEMENT_HEADER_BYTES + length)


def _is_followed(head: bytes, end: int) -> bool:
    """Tell whether a greater tag follows an implicit element, as far as it can be seen."""
    following = head[end : end + 4]
    return len(following) < 4 or _tag(following) > _tag(head)  # noqa: PLR2004 - a tag


def _tag(data: bytes) -> tuple[int, int]:
    return int.from_bytes(data[:2], "little"), int.from_bytes(data[2:4], "little")


def _textual(head: bytes) -> Kind:
    if not _TEXT_BYTES.issuperset(head):
        return Kind.UNKNOWN
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if any(mark in text for mark in _SCRIPT_MARKS):
        return Kind.HTML
    if text.startswith(b"<"):
        return Kind.XML
    return Kind.JSON if text.startswith((b"{", b"[")) else Kind.TEXT
