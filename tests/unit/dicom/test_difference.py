from __future__ import annotations

import zlib
from functools import partial
from typing import NamedTuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.crc32c import crc32c
from shared.dicom.difference import MEANINGS, Difference, Version, difference
from shared.dicom.limits import DEFAULT_LIMITS, KIB, MIB, Limits
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from shared.errors import TransientError
from tests.builders import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    JPEG_BASELINE,
    RLE,
    a_dataset,
    an_instance,
    deflated,
    element,
    identity_elements,
    implicit_element,
    item,
    part10,
    sequence,
    study_elements,
    with_preamble,
    without_file_meta,
    without_preamble,
    written,
)

SYNTAXES = [IMPLICIT, EXPLICIT, BIG_ENDIAN, JPEG_BASELINE, RLE]
IDENTITY = identity_elements() + study_elements()


class Watched(BytesSource):
    """A source that counts the bytes which are read of it."""

    bytes_read = 0

    def read(self, offset: int, length: int) -> bytes:
        self.bytes_read += length
        return super().read(offset, length)


def version_of(data: bytes, *, surveys_pixels: bool = True) -> Version:
    header = read_header(BytesSource(data), surveys_pixels=surveys_pixels)
    return Version(header=header, source=Watched(data), crc32c=f"{crc32c(data):08x}")


def bytes_read(version: Version) -> int:
    assert isinstance(version.source, Watched)
    return version.source.bytes_read


def told(ours: bytes, theirs: bytes, limits: Limits = DEFAULT_LIMITS) -> Difference:
    """Return the difference, which is the same whichever version comes first."""
    one, other = version_of(ours), version_of(theirs)
    found = difference(one, other, limits)
    assert difference(other, one, limits) is found
    return found


def native(value: bytes = bytes(range(64))) -> bytes:
    return element(0x7FE00010, "OW", value)


def encapsulated(*fragments: bytes) -> bytes:
    items = [item(), *map(item, fragments)]
    return sequence(0x7FE00010, *items, undefined=True, vr="OB")


def other_pixel(data: bytes) -> bytes:
    """Return an object of which one byte of pixel data is another."""
    pixels = version_of(data).header.pixel_data
    assert pixels is not None
    at = pixels.extent.offset + 20
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_versions_are_told_apart_by_where_they_differ(syntax: str) -> None:
    ours = an_instance(transfer_syntax=syntax)
    described = an_instance(transfer_syntax=syntax, StudyDescription="Another")

    assert told(ours, with_preamble(ours, b"another")) is Difference.FILE_META
    assert told(ours, without_preamble(ours)) is Difference.FILE_META
    assert told(ours, described) is Difference.HEADER
    assert told(ours, other_pixel(ours)) is Difference.PIXELS
    assert told(ours, other_pixel(described)) is Difference.HEADER_AND_PIXELS


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
def test_a_file_meta_that_is_missing_is_one_that_differs(syntax: str) -> None:
    ours = an_instance(transfer_syntax=syntax)

    assert told(ours, without_file_meta(ours)) is Difference.FILE_META
    assert told(ours, without_file_meta(other_pixel(ours))) is Difference.PIXELS


@pytest.mark.parametrize(
    ("pixels", "syntax"),
    [(native(), EXPLICIT), (encapsulated(b"\xff\xd8" * 9), JPEG_BASELINE)],
    ids=["native", "encapsulated"],
)
def test_what_follows_the_pixel_data_belongs_to_the_header(pixels: bytes, syntax: str) -> None:
    bare, signed, resigned = (
        part10(IDENTITY + pixels + signature, syntax)
        for signature in (
            b"",
            element(0xFFFAFFFA, "SQ", item(element(0x00100020, "LO", b"1 "))),
            element(0xFFFAFFFA, "SQ", item(element(0x00100020, "LO", b"2 "))),
        )
    )

    assert told(signed, resigned) is Difference.HEADER
    assert told(signed, bare) is Difference.HEADER
    assert told(signed, other_pixel(signed)) is Difference.PIXELS
    assert told(signed, other_pixel(resigned)) is Difference.HEADER_AND_PIXELS


@pytest.mark.parametrize(
    ("ours", "theirs", "syntax"),
    [
        (native(bytes(64)), native(bytes(66)), EXPLICIT),
        (encapsulated(b"\xff\xd8"), encapsulated(b"\xff\xd8", b"\xff\xd9"), JPEG_BASELINE),
    ],
    ids=["native", "encapsulated"],
)
def test_the_length_of_pixel_data_goes_with_them(ours: bytes, theirs: bytes, syntax: str) -> None:
    assert told(part10(IDENTITY + ours, syntax), part10(IDENTITY + theirs, syntax)) is (
        Difference.PIXELS
    )


def test_a_command_set_is_no_file_meta() -> None:
    command = implicit_element(0x00000002, b"1.2 ")

    assert told(part10(command + IDENTITY + native()), part10(IDENTITY + native())) is (
        Difference.HEADER
    )


def test_without_pixel_data_in_both_the_data_sets_differ() -> None:
    report, other = (written(a_dataset(patient=patient)) for patient in (1, 2))

    assert told(report, other) is Difference.DATA_SET
    assert told(report, with_preamble(report, b"another")) is Difference.FILE_META
    assert told(part10(IDENTITY + native()), part10(IDENTITY)) is Difference.DATA_SET


def test_a_deflated_data_set_is_compared_whole() -> None:
    ours = an_instance(transfer_syntax=DEFLATED)
    described = an_instance(transfer_syntax=DEFLATED, StudyDescription="Another")

    assert told(ours, described) is Difference.DATA_SET
    assert told(ours, with_preamble(ours, b"another")) is Difference.FILE_META


def test_data_sets_deflated_otherwise_differ() -> None:
    def stored(level: int) -> bytes:
        compressor = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
        data = IDENTITY + native(bytes(4096))
        return part10(compressor.compress(data) + compressor.flush(), DEFLATED)

    assert told(stored(0), part10(deflated(IDENTITY + native(bytes(4096))), DEFLATED)) is (
        Difference.DATA_SET
    )


def test_bytes_of_other_encodings_are_not_compared() -> None:
    explicit, implicit = (an_instance(transfer_syntax=each) for each in (EXPLICIT, IMPLICIT))
    mislabelled = part10(without_file_meta(implicit), EXPLICIT)

    assert told(explicit, implicit) is Difference.ENCODING
    assert told(explicit, mislabelled) is Difference.ENCODING
    assert told(implicit, mislabelled) is Difference.ENCODING


def test_values_that_the_reader_jumped_over_are_read() -> None:
    long = bytes(3 * MIB)
    ours, theirs = (
        part10(IDENTITY + element(0x00420011, "OB", value) + native())
        for value in (long, long[:-99] + b"x" + long[-98:])
    )

    assert told(ours, theirs) is Difference.HEADER
    assert told(ours, other_pixel(ours)) is Difference.PIXELS


def test_long_padding_after_the_pixel_data_is_read() -> None:
    ours, theirs = (part10(IDENTITY + native() + bytes(size)) for size in (3 * MIB, 2 * MIB))

    assert told(ours, theirs) is Difference.HEADER
    assert told(ours, other_pixel(ours)) is Difference.PIXELS


@pytest.mark.parametrize(
    "theirs",
    [
        IDENTITY + element(0x00420011, "OB", bytes(64 * KIB)) + native(),
        IDENTITY + native() + bytes(64 * KIB),
    ],
    ids=["before", "after"],
)
def test_more_than_the_limit_is_not_read(theirs: bytes) -> None:
    ours, longer = part10(IDENTITY + native()), part10(theirs)
    around = len(longer) - 64 - 4  # all but the value and its length field
    versions = version_of(ours), version_of(longer)
    too_few = Limits(max_compared_bytes=around - 1)

    assert difference(*versions, too_few) is Difference.NOT_COMPARED
    assert [bytes_read(each) for each in versions] == [0, 0]
    assert told(ours, longer, too_few) is Difference.NOT_COMPARED
    assert told(ours, longer, Limits(max_compared_bytes=around)) is Difference.HEADER


def test_where_encapsulated_pixel_data_end_need_not_be_known_where_all_of_it_is_the_same() -> None:
    pixels = encapsulated(*[bytes(KIB)] * 99) + element(0xFFFCFFFC, "OB", bytes(9))
    surveyed, other = (
        version_of(part10(IDENTITY + number + pixels, JPEG_BASELINE), surveys_pixels=surveys)
        for number, surveys in (
            (element(0x00200010, "SH", b"42"), True),
            (element(0x00200010, "SH", b"4711"), False),
        )
    )

    assert difference(surveyed, other) is Difference.HEADER


@pytest.mark.parametrize(
    ("signature", "changes", "expected"),
    [
        (b"", False, Difference.HEADER),
        (b"", True, Difference.HEADER_AND_PIXELS),
        (element(0xFFFAFFFA, "SQ", item()), True, Difference.HEADER_AND_PIXELS),
    ],
    ids=["same pixels", "other pixels", "other pixels and another end"],
)
def test_fifty_megabytes_of_pixels_are_not_read(
    signature: bytes, expected: Difference, *, changes: bool
) -> None:
    ours = part10(IDENTITY + native(bytes(50 * MIB)) + signature)
    theirs = part10(IDENTITY + element(0x00200010, "SH", b"42") + native(bytes(50 * MIB)))
    versions = version_of(ours), version_of(other_pixel(theirs) if changes else theirs)

    assert difference(*versions) is expected
    assert max(bytes_read(each) for each in versions) < KIB


def test_a_source_that_gives_less_is_tried_again() -> None:
    version = version_of(an_instance())
    cut = version_of(an_instance(patient=2))

    class Short(BytesSource):
        size = cut.source.size

    short = Version(header=cut.header, source=Short(b"DICM"), crc32c=cut.crc32c)
    with pytest.raises(TransientError) as caught:
        difference(version, short)

    assert caught.value.reason == "short-read"


def test_every_difference_is_explained() -> None:
    assert list(MEANINGS) == list(Difference)


class Parts(NamedTuple):
    """What a version is made of."""

    preamble: bytes
    before: bytes
    pixels: list[bytes]
    after: bytes

    def joined(self, *, in_frames: bool) -> bytes:
        syntax = JPEG_BASELINE if in_frames else EXPLICIT
        value = encapsulated(*self.pixels) if in_frames else native(b"".join(self.pixels))
        data_set = IDENTITY + self.before + value + self.after
        return part10(data_set, syntax, preamble=self.preamble)


few = st.binary(max_size=1)
parts = st.builds(
    Parts,
    preamble=few.map(b"made up".__add__),
    before=few.map(partial(element, 0x00420011, "OB")),
    pixels=st.lists(few, min_size=1, max_size=2),
    after=few.map(partial(element, 0xFFFCFFFC, "OB")),
)


@given(ours=parts, theirs=parts, in_frames=st.booleans())
def test_the_parts_that_differ_are_those_that_are_told(
    ours: Parts, theirs: Parts, *, in_frames: bool
) -> None:
    one, other = (each.joined(in_frames=in_frames) for each in (ours, theirs))
    assume(one != other)
    other_header = (ours.before, ours.after) != (theirs.before, theirs.after)
    other_pixels = ours._replace(pixels=theirs.pixels).joined(in_frames=in_frames) != one
    expected = {
        (False, False): Difference.FILE_META,
        (True, False): Difference.HEADER,
        (False, True): Difference.PIXELS,
        (True, True): Difference.HEADER_AND_PIXELS,
    }
    assert told(one, other) is expected[other_header, other_pixels]
