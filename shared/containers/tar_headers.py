"""One header of a tar archive: POSIX ustar and pax, GNU's long names (IEEE 1003.1, pax)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from shared.errors import FormatError

BLOCK_BYTES: Final = 512
FILES: Final = frozenset({b"0", b"\0", b"7"})
FOLDER: Final = b"5"
LINKS: Final = frozenset({b"1", b"2"})
PAX: Final = b"x"
PAX_GLOBAL: Final = b"g"
LONG_NAME: Final = b"L"
LONG_LINK: Final = b"K"
EXTENDED: Final = frozenset({PAX, PAX_GLOBAL, LONG_NAME, LONG_LINK})
# These have no data, whatever their size field says.
WITHOUT_DATA: Final = LINKS | {FOLDER, b"3", b"4", b"6"}

_CHECKSUM: Final = slice(148, 156)
_BINARY: Final = 0x80
_OCTAL: Final = re.compile(rb"[0-7]+")
_PAX_RECORD: Final = re.compile(rb"(\d{1,9}) ([^=\n]+)=")


@dataclass(frozen=True, slots=True)
class TarHeader:
    """What one header block says."""

    path: bytes
    size: int
    type: bytes

    @property
    def padded_size(self) -> int:
        """Bytes up to the next header."""
        return -(-self.size // BLOCK_BYTES) * BLOCK_BYTES


def parse(block: bytes) -> TarHeader:
    """Return what a block says.

    Raises:
        FormatError: it is no header.
    """
    if len(block) != BLOCK_BYTES or not _is_checked(block):
        raise FormatError("container-damaged")
    name, prefix = _text(block[:100]), _text(block[345:500])
    ustar = block[257:263] == b"ustar\0"  # GNU keeps other things where the prefix is
    return TarHeader(
        path=prefix + b"/" + name if ustar and prefix else name,
        size=_number(block[124:136]),
        type=block[156:157],
    )


def pax_records(data: bytes) -> dict[str, bytes]:
    """Return the records of an extended header.

    Raises:
        FormatError: a record is not as long as it says.
    """
    records: dict[str, bytes] = {}
    position = 0
    while position < len(data) and data[position]:
        found = _PAX_RECORD.match(data, position)
        end = position + int(found[1]) if found else 0
        if found is None or end <= found.end() or end > len(data) or data[end - 1 : end] != b"\n":
            raise FormatError("container-damaged")
        records[found[2].decode("utf-8", "replace")] = data[found.end() : end - 1]
        position = end
    return records


def pax_size(records: dict[str, bytes]) -> int | None:
    """Return the size that an extended header gives, or None."""
    text = records.get("size")
    if text is None:
        return None
    if not text.isdigit() or len(text) > 19:  # noqa: PLR2004 - digits of 64 bits
        raise FormatError("container-damaged")
    return int(text)


def is_sparse(records: dict[str, bytes]) -> bool:
    """Tell whether the member's data are a map and pieces."""
    return any(key.startswith("GNU.sparse.") for key in records)


def _is_checked(block: bytes) -> bool:
    """Tell whether the checksum fits, computed with signed bytes as some old archivers did."""
    rest = block[: _CHECKSUM.start] + b" " * 8 + block[_CHECKSUM.stop :]
    unsigned = sum(rest)
    signed = unsigned - 256 * sum(byte > 127 for byte in rest)  # noqa: PLR2004 - two's complement
    return _number(block[_CHECKSUM]) in {unsigned, signed}


def _number(field: bytes) -> int:
    if field[0] & _BINARY:
        value = int.from_bytes(bytes([field[0] & ~_BINARY & 0xFF]) + field[1:], "big")
        if field[0] != _BINARY:
            raise FormatError("container-damaged")
        return value
    text = field.strip(b" \0")
    if text and not _OCTAL.fullmatch(text):
        raise FormatError("container-damaged")
    return int(text or b"0", 8)


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]
