"""Encapsulated pixel data larger than what is fetched: what is checked, and what it costs."""

from __future__ import annotations

from struct import pack
from typing import Final

import pytest

from shared.dicom.inspection import Inspection, inspect
from shared.dicom.limits import Limits
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from shared.errors import FormatError
from tests.builders import (
    JPEG_BASELINE,
    RLE,
    SEQUENCE_END,
    UNDEFINED,
    element,
    identity_elements,
    item,
    part10,
    study_elements,
)

KIB = 1024
MIB = 1024 * KIB
MPEG2: Final = "1.2.840.10008.1.2.4.100"
PADDING: Final = element(0xFFFCFFFC, "OB", bytes(126))


class Sparse:
    """An object of mostly zeros that takes no memory and counts what is asked of it."""

    def __init__(self, *pieces: bytes | int) -> None:
        self.size = 0
        self._runs: list[tuple[int, bytes]] = []
        for piece in pieces:
            if isinstance(piece, bytes):
                self._runs.append((self.size, piece))
                self.size += len(piece)
            else:
                self.size += piece

    def read(self, offset: int, length: int) -> bytes:
        data = bytearray(max(0, min(length, self.size - offset)))
        for start, run in self._runs:
            begin, end = max(start, offset), min(start + len(run), offset + len(data))
            if begin < end:
                data[begin - offset : end - offset] = run[begin - start : end - start]
        return bytes(data)


def item_header(length: int) -> bytes:
    return item(b"")[:4] + pack("<L", length)


def header(
    syntax: str = JPEG_BASELINE, frames: str = "", extended: bytes = b"", elements: bytes = b""
) -> bytes:
    stated = element(0x00280008, "IS", frames.encode()) if frames else b""
    table = element(0x7FE00001, "OV", extended) if extended else b""
    pixels = element(0x7FE00010, "OB", b"", UNDEFINED)
    dataset = identity_elements() + study_elements() + elements + stated + table + pixels
    return part10(dataset, syntax)


def multi_frame(
    frames: int,
    frame: int,
    *,
    table: list[int] | None = None,
    tail: bytes = SEQUENCE_END,
    stated: int | None = None,
    syntax: str = JPEG_BASELINE,
) -> Sparse:
    offsets = [] if table is None else table
    basic = item(pack(f"<{len(offsets)}L", *offsets))
    pieces: list[bytes | int] = [header(syntax, str(stated or frames)) + basic]
    for _ in range(frames):
        pieces += [item_header(frame), frame]
    return Sparse(*pieces, tail)


def starts(frames: int, frame: int) -> list[int]:
    return [index * (frame + 8) for index in range(frames)]


def codes(inspection: Inspection) -> set[str]:
    return {warning.code for warning in inspection.warnings} & {
        "fragments-unchecked",
        "offset-table-wrong",
        "fragment-count-differs",
        "pixel-data-empty",
    }


def end_of(inspection: Inspection) -> int:
    assert inspection.header.pixel_data is not None
    extent = inspection.header.pixel_data.extent
    return extent.offset + extent.length


@pytest.mark.parametrize("tail", [b"", PADDING, bytes(10)])
def test_one_large_fragment_costs_two_requests(tail: bytes) -> None:
    source = Sparse(header() + item() + item_header(MIB), MIB, SEQUENCE_END + tail)

    inspection = inspect(source)

    assert end_of(inspection) == source.size - len(tail)
    assert [each.tag for each in inspection.header.trailing] == [0xFFFCFFFC] * (tail == PADDING)
    assert inspection.requests == 2
    assert inspection.bytes_read < 65 * KIB
    assert codes(inspection) == set()


@pytest.mark.parametrize("table", [True, False])
def test_a_gigabyte_of_frames_costs_few_requests(table: bool) -> None:  # noqa: FBT001
    frames, frame = 2_000, 512 * KIB
    offsets = starts(frames, frame) if table else None

    inspection = inspect(source := multi_frame(frames, frame, table=offsets))

    assert end_of(inspection) == source.size
    assert inspection.requests <= 5
    assert inspection.bytes_read < 150 * KIB
    assert codes(inspection) == (set() if table else {"fragments-unchecked"})


def test_the_extended_table_leads_to_the_last_frame_too() -> None:
    frames, frame = 1_000, 200 * KIB
    offsets = pack(f"<{frames}Q", *starts(frames, frame))
    pieces: list[bytes | int] = [header(frames=str(frames), extended=offsets) + item()]
    for _ in range(frames):
        pieces += [item_header(frame), frame]
    source = Sparse(*pieces, SEQUENCE_END + PADDING)

    inspection = inspect(source)

    assert end_of(inspection) == source.size - len(PADDING)
    assert inspection.requests <= 5
    assert codes(inspection) == set()


def test_a_table_longer_than_its_limit_is_read_from_its_end() -> None:
    limits = Limits(max_offset_table_bytes=400)
    frames, frame = 300, 100 * KIB

    inspection = inspect(source := multi_frame(frames, frame, table=starts(frames, frame)), limits)

    assert end_of(inspection) == source.size
    assert codes(inspection) == {"fragments-unchecked"}


@pytest.mark.parametrize("frames", [1, 5, 300])
@pytest.mark.parametrize("table", [True, False])
@pytest.mark.parametrize("lost", [4, 8, 100_000])
def test_a_transfer_that_broke_off_is_seen(frames: int, table: bool, lost: int) -> None:  # noqa: FBT001
    frame = 150 * KIB
    whole = multi_frame(frames, frame, table=starts(frames, frame) if table else None)
    whole.size -= lost

    with pytest.raises(FormatError) as caught:
        inspect(whole)

    assert caught.value.reason == "truncated"


def test_a_length_that_passes_the_end_is_seen() -> None:
    source = Sparse(header() + item() + item_header(2 * MIB), MIB, SEQUENCE_END)

    with pytest.raises(FormatError) as caught:
        inspect(source)

    assert caught.value.reason == "truncated"


def test_what_is_no_item_among_fragments_is_seen() -> None:
    source = Sparse(header() + item() + item_header(MIB), MIB, bytes(8) + SEQUENCE_END)

    with pytest.raises(FormatError) as caught:
        inspect(source)

    assert caught.value.reason == "malformed-fragments"


@pytest.mark.parametrize("frames", [4, 200])
@pytest.mark.parametrize(
    "change",
    [
        lambda table: [*table[:-1], table[-1] + 2],  # no item there
        lambda table: [*table[:-2], table[-1], table[-2]],  # not ascending
        lambda table: [4, *table[1:]],  # not at the first fragment
        lambda table: [*table[:-1], 0xFFFFFFF0],  # past the end
        lambda table: table[:-1],  # fewer than frames
        lambda table: [table[0], table[1] + 1, *table[2:]],  # only one of the middle
    ],
)
def test_an_offset_table_that_does_not_fit_is_a_warning(frames: int, change: object) -> None:
    frame = 40 * KIB if frames > 4 else 10 * KIB
    table = change(starts(frames, frame))  # type: ignore[operator]

    inspection = inspect(source := multi_frame(frames, frame, table=table))

    assert end_of(inspection) == source.size
    assert codes(inspection) - {"fragments-unchecked"} == {"offset-table-wrong"}


def test_a_table_whose_length_is_no_number_of_entries_is_wrong() -> None:
    source = Sparse(header() + item(bytes(6)) + item(bytes(8)) + SEQUENCE_END)

    assert codes(inspect(source)) == {"offset-table-wrong"}


@pytest.mark.parametrize(
    ("syntax", "fragments", "frames", "differs"),
    [
        (JPEG_BASELINE, 3, 3, False),
        (JPEG_BASELINE, 6, 3, False),  # a frame may take several
        (JPEG_BASELINE, 2, 3, True),
        (RLE, 3, 3, False),
        (RLE, 4, 3, True),
        (RLE, 2, 3, True),
        (MPEG2, 1, 300, False),  # a video is one stream
    ],
)
def test_fragments_are_counted_against_frames(
    syntax: str,
    fragments: int,
    frames: int,
    differs: bool,  # noqa: FBT001
) -> None:
    inspection = inspect(multi_frame(fragments, 100, stated=frames, syntax=syntax))

    assert codes(inspection) == ({"fragment-count-differs"} if differs else set())


def test_no_fragments_at_all_are_marked() -> None:
    for empty in (item(), b""):
        assert codes(inspect(Sparse(header() + empty + SEQUENCE_END))) == {"pixel-data-empty"}


def test_more_fragments_than_are_walked_leave_a_warning() -> None:
    inspection = inspect(multi_frame(60, 10), Limits(max_fragments=50))

    assert codes(inspection) == {"fragments-unchecked"}


def test_fewer_requests_than_needed_leave_a_warning() -> None:
    inspection = inspect(multi_frame(4, MIB), Limits(max_fragment_requests=2))

    assert codes(inspection) == {"fragments-unchecked"}
    assert inspection.requests == 2
    assert codes(inspect(multi_frame(4, MIB))) == set()


@pytest.mark.parametrize(
    "tail", [bytes(500), PADDING, PADDING + bytes(20), b"\x01" * 40, element(0xFFFAFFFA, "SQ", b"")]
)
def test_the_end_is_found_whatever_follows_it(tail: bytes) -> None:
    source = multi_frame(100, 70 * KIB, tail=SEQUENCE_END + tail)

    assert end_of(inspect(source)) == source.size - len(tail)


def test_a_delimiter_in_what_follows_is_not_the_end() -> None:
    signature = element(0xFFFAFFFA, "SQ", item(undefined=True) + SEQUENCE_END, UNDEFINED)
    source = multi_frame(100, 70 * KIB, tail=SEQUENCE_END + signature)

    inspection = inspect(source)

    assert end_of(inspection) == source.size - len(signature)
    assert [each.tag for each in inspection.header.trailing] == [0xFFFAFFFA]


def test_pixel_data_behind_the_first_window_are_walked_as_well() -> None:
    long = element(0x00209161, "UC", b"x" * (64 * KIB))
    source = Sparse(header(elements=long) + item() + item_header(MIB), MIB, SEQUENCE_END)

    inspection = inspect(source)

    assert end_of(inspection) == source.size
    assert inspection.requests == 3
    assert codes(inspection) == set()


def test_without_a_survey_no_request_is_spent_on_pixel_data() -> None:
    source = multi_frame(4, MIB)

    read = read_header(source)

    assert read.pixel_data is not None
    assert read.pixel_data.extent.offset + read.pixel_data.extent.length == source.size
    assert read.bytes_read == 64 * KIB
    assert read_header(BytesSource(source.read(0, source.size))).pixel_data == read.pixel_data
