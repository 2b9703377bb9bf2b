"""Where two versions of one instance differ, told without reading their pixels.

The store knows the CRC32C of each whole object. With those of the bytes before and after the
pixel data, which are read, follows that of the pixel data, which are not (`shared.crc32c`).
Parts are the same when their bytes are: a group length that counts other bytes, or a sequence
written with other delimiters, is a difference.

A checksum of 32 bits proves nothing: parts that differ pass for equal once in four thousand
million times by chance, and whenever somebody wants them to. The answer is a label for people to
sort conflicts by. Whatever it says, both versions are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from shared.crc32c import extend, without_prefix, without_suffix
from shared.dicom.elements import Extent, Header
from shared.dicom.limits import DEFAULT_LIMITS, Limits
from shared.dicom.recognition import PREAMBLE_BYTES, PREFIX
from shared.dicom.source import LARGEST_WINDOW_BYTES, Source
from shared.errors import TransientError

_LENGTH_BYTES: Final = 4  # that end the header of a pixel data element, whatever its form


class Difference(StrEnum):
    """In what two versions differ."""

    FILE_META = "file-meta"
    HEADER = "header"
    PIXELS = "pixels"
    HEADER_AND_PIXELS = "header-and-pixels"
    DATA_SET = "data-set"
    ENCODING = "encoding"
    NOT_COMPARED = "not-compared"


MEANINGS: Final = {
    Difference.FILE_META: "The data sets are the same; the preamble or the file meta differ.",
    Difference.HEADER: "The pixel data are the same; other elements of the data sets differ.",
    Difference.PIXELS: "All elements are the same but the pixel data.",
    Difference.HEADER_AND_PIXELS: "The pixel data differ, and so do other elements.",
    Difference.DATA_SET: "The data sets differ, and one is deflated or has no pixel data.",
    Difference.ENCODING: "The transfer syntaxes differ, so that the bytes cannot be compared.",
    Difference.NOT_COMPARED: "More than the limit stands around the pixel data of one.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One of two objects with the same identity and other bytes.

    The end of encapsulated pixel data is known only from a header that was read with
    `surveys_pixels`; without it what follows them counts as theirs, where it differs.
    """

    header: Header
    source: Source
    crc32c: str  # of the whole object, eight hexadecimal digits


def difference(ours: Version, theirs: Version, limits: Limits = DEFAULT_LIMITS) -> Difference:
    """Return in what two versions differ that are known to differ.

    Of each is read what stands around the pixel data, and of those that cannot be told apart by
    pixel data the file meta alone.

    Raises:
        TransientError: `short-read`, a source gave less than it has.
    """
    one, other = _Layout.of(ours), _Layout.of(theirs)
    if one.encoding != other.encoding:
        return Difference.ENCODING
    if max(one.bytes_to_read, other.bytes_to_read) > limits.max_compared_bytes:
        return Difference.NOT_COMPARED
    data_set, their_data_set = one.data_set(), other.data_set()
    if data_set == their_data_set:
        return Difference.FILE_META
    if one.pixels is None or other.pixels is None:
        return Difference.DATA_SET
    return _of_pixels(one.parts(data_set, one.pixels), other.parts(their_data_set, other.pixels))


def _of_pixels(one: _Parts, other: _Parts) -> Difference:
    # Where all from the pixel data on is the same, it does not matter where they end.
    if one.from_pixels == other.from_pixels or one.pixels == other.pixels:
        return Difference.HEADER
    same_header = (one.before, one.after) == (other.before, other.after)
    return Difference.PIXELS if same_header else Difference.HEADER_AND_PIXELS


class _Run(NamedTuple):
    """Bytes that are known by their length and their checksum."""

    length: int
    crc: int

    def without_prefix(self, prefix: _Run) -> _Run:
        length = self.length - prefix.length
        return _Run(length, without_prefix(self.crc, prefix.crc, length))

    def without_suffix(self, suffix: _Run) -> _Run:
        crc = without_suffix(self.crc, suffix.crc, suffix.length)
        return _Run(self.length - suffix.length, crc)


class _Parts(NamedTuple):
    """A data set before, of and after the pixel data."""

    before: _Run
    from_pixels: _Run
    pixels: _Run
    after: _Run


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """Where the parts of one version stand."""

    encoding: tuple[object, ...]
    source: Source
    whole: _Run
    start: int  # of the data set
    pixels: Extent | None

    @classmethod
    def of(cls, version: Version) -> _Layout:
        header = version.header
        return cls(
            encoding=(header.transfer_syntax_uid, header.encoding),
            source=version.source,
            whole=_Run(version.source.size, int(version.crc32c, 16)),
            start=_data_set_offset(header),
            pixels=None if header.deflated else _with_length_field(header),
        )

    @property
    def bytes_to_read(self) -> int:
        return self.whole.length - self.pixels.length if self.pixels else self.start

    def data_set(self) -> _Run:
        return self.whole.without_prefix(self._read(0, self.start))

    def parts(self, data_set: _Run, pixels: Extent) -> _Parts:
        before = self._read(self.start, pixels.offset)
        after = self._read(pixels.offset + pixels.length, self.whole.length)
        from_pixels = data_set.without_prefix(before)
        return _Parts(before, from_pixels, from_pixels.without_suffix(after), after)

    def _read(self, offset: int, end: int) -> _Run:
        crc = 0
        for start in range(offset, end, LARGEST_WINDOW_BYTES):
            length = min(LARGEST_WINDOW_BYTES, end - start)
            data = self.source.read(start, length)
            if len(data) != length:
                raise TransientError("short-read")
            crc = extend(crc, data)
        return _Run(end - offset, crc)


def _data_set_offset(header: Header) -> int:
    """Return where the file meta end, a command set counting as part of the data set."""
    if header.file_meta:
        last = header.file_meta[-1].extent
        return last.offset + last.length
    return 0 if header.preamble is None else PREAMBLE_BYTES + len(PREFIX)


def _with_length_field(header: Header) -> Extent | None:
    """Return the value of the pixel data and the length before it, which goes with them."""
    if header.pixel_data is None:
        return None
    value = header.pixel_data.extent
    return Extent(value.offset - _LENGTH_BYTES, value.length + _LENGTH_BYTES)
