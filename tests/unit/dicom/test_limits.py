from __future__ import annotations

import zlib
from dataclasses import fields
from functools import reduce
from itertools import count

import pytest

from shared.dicom.inspection import inspect
from shared.dicom.limits import (
    DEFAULT_LIMITS,
    LIMITS,
    LONG_TEXT_VRS,
    MIB,
    Effect,
    Limit,
    Limits,
)
from shared.dicom.reasons import REASONS
from shared.dicom.source import BytesSource
from shared.errors import FormatError, LimitError, PermanentError, TransientError
from tests.builders import (
    DEFLATED,
    IMPLICIT,
    deflated,
    element,
    identity_elements,
    implicit_element,
    item,
    part10,
    sequence,
    study_elements,
)

KIB = 1024


def nested(depth: int) -> bytes:
    return reduce(lambda inner, _: item(sequence(0x0040A730, inner)), range(depth - 1), item())


def nested_undefined(depth: int) -> bytes:
    opening = element(0x0040A730, "SQ", b"", 0xFFFFFFFF) + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    return opening * depth


def padded_with(value: bytes, count: int, tag: int = 0x00400001, vr: str = "OB") -> bytes:
    return b"".join(element(tag, vr, value) for _ in range(count))


HITS = {
    "max_header_bytes": part10(padded_with(bytes(60 * KIB), 700)),
    "max_requests": part10(padded_with(bytes(200 * KIB), 401)),
    "max_elements": part10(padded_with(b"", 100_001, vr="SH")),
    "max_nesting_depth": part10(sequence(0x0040A730, nested(65))),
    "max_items_per_sequence": part10(sequence(0x0040A730, item() * 50_001)),
    "max_private_bytes": part10(padded_with(bytes(60 * KIB), 274, tag=0x00091001)),
    "max_inflated_bytes": part10(deflated(padded_with(bytes(range(256)) * 200, 700)), DEFLATED),
    "max_inflation_ratio": part10(deflated(element(0x00420011, "OB", bytes(8 * MIB))), DEFLATED),
}
TEXT_TAGS = {"LT": 0x40004000, "ST": 0x00420010, "UC": 0x0072006F, "UT": 0x0040A160}
RELAXED = {"max_inflated_bytes": Limits(max_inflation_ratio=10_000)}
REFUSING = [limit for limit in LIMITS if limit.effect is Effect.REFUSED]


def test_the_table_has_every_limit_with_its_default() -> None:
    expected = [(field.name, getattr(DEFAULT_LIMITS, field.name)) for field in fields(Limits)]

    assert expected == [(limit.field, limit.default) for limit in LIMITS]


def test_every_refusing_limit_has_a_reason_and_an_object_that_hits_it() -> None:
    assert {limit.field for limit in REFUSING} == set(HITS)
    assert {limit.reason for limit in REFUSING} <= set(REASONS)


@pytest.mark.parametrize("limit", REFUSING, ids=lambda limit: limit.field)
def test_a_limit_refuses_what_exceeds_it(limit: Limit) -> None:
    field, reason = limit.field, limit.reason

    with pytest.raises(LimitError) as caught:
        inspect(BytesSource(HITS[field]), RELAXED.get(field, DEFAULT_LIMITS))

    assert reason == caught.value.reason


def test_two_hundred_undefined_levels_are_refused_without_recursion() -> None:
    data = part10(identity_elements() + nested_undefined(100_000))

    with pytest.raises(LimitError) as caught:
        inspect(BytesSource(data))

    assert caught.value.reason == "nesting-too-deep"


def test_a_long_value_is_left_out_and_named() -> None:
    long = element(0x00420010, "ST", b"x" * 65_534) + element(0x00420011, "OB", bytes(70_000))
    data = part10(identity_elements() + study_elements() + long)

    inspection = inspect(BytesSource(data))

    kept = inspection.metadata["00420010"]
    assert kept == {"vr": "ST", "Value": ["x" * 65_534]}
    assert [(each.path, each.vr, each.length, each.reason) for each in inspection.dropped] == [
        ("00420011", "OB", 70_000, "value-too-large")
    ]


@pytest.mark.parametrize("vr", sorted(LONG_TEXT_VRS))
def test_long_texts_are_read_up_to_a_limit_of_their_own(vr: str) -> None:
    def texts(length: int) -> bytes:
        report = implicit_element(TEXT_TAGS[vr], b"x" * length)
        found = implicit_element(0x00080016, b"1.2") + implicit_element(0x00080018, b"1.3")
        return part10(
            found
            + implicit_element(0x0020000D, b"1.4")
            + implicit_element(0x0020000E, b"1.5")
            + report,
            IMPLICIT,
        )

    kept, left = (inspect(BytesSource(texts(length))) for length in (MIB, MIB + 2))

    assert kept.metadata[f"{TEXT_TAGS[vr]:08X}"] == {"vr": vr, "Value": ["x" * MIB]}
    assert [(each.vr, each.length, each.reason) for each in left.dropped] == [
        (vr, MIB + 2, "value-too-large")
    ]


def test_values_beyond_the_memory_for_all_stay_in_the_object() -> None:
    large, small = padded_with(bytes(60 * KIB), 9), element(0x00420010, "ST", b"short")
    limits = Limits(max_inline_bytes=200 * KIB)
    data = part10(identity_elements() + study_elements() + large + small)

    inspection = inspect(BytesSource(data), limits)

    read = [each for each in inspection.header.dataset if each.value is not None]
    assert sum(len(each.value or b"") for each in read) < 300 * KIB
    assert {each.reason for each in inspection.dropped} == {"binary-value", "value-too-large"}
    assert inspection.metadata["00420010"] == {"vr": "ST", "Value": ["short"]}


def test_a_slow_source_is_tried_again_and_never_refused() -> None:
    data = part10(identity_elements() + study_elements() + padded_with(bytes(60 * KIB), 9))
    clock = count(0, 100).__next__

    with pytest.raises(TransientError) as caught:
        inspect(BytesSource(data), clock=clock)

    assert caught.value.reason == "reading-too-slow"


def test_left_out_values_are_named_up_to_a_limit() -> None:
    data = part10(identity_elements() + study_elements() + padded_with(b"ab", 1_005))

    inspection = inspect(BytesSource(data))

    assert (len(inspection.dropped), inspection.more_dropped) == (1_000, 5)
    assert "more-dropped" in {warning.code for warning in inspection.warnings}


def test_much_after_the_pixel_data_is_not_read() -> None:
    pixels = element(0x7FE00010, "OW", bytes(16))
    data = part10(identity_elements() + study_elements() + pixels + bytes(2 * MIB))

    inspection = inspect(BytesSource(data))

    assert "trailing-too-large" in {warning.code for warning in inspection.warnings}
    assert inspection.bytes_read < 100 * KIB


def test_a_jump_over_a_gigabyte_reads_two_windows() -> None:
    class Sparse:
        start = part10(identity_elements() + element(0x00420011, "OB", b"", 1 << 30))
        tail = study_elements()
        size = len(start) + (1 << 30) + len(tail)

        def read(self, offset: int, length: int) -> bytes:
            cut = self.size - len(self.tail)
            if offset >= cut:
                return self.tail[offset - cut :][:length]
            return self.start[offset : offset + length].ljust(length, b"\x00")

    inspection = inspect(Sparse())

    assert "0020000D" in inspection.metadata
    assert inspection.requests == 2
    assert inspection.bytes_read < 70 * KIB


def test_a_small_object_that_claims_three_gigabytes_is_truncated() -> None:
    claim = element(0x7FE00010, "OW", bytes(100 * KIB), 3_000_000_000)

    with pytest.raises(FormatError) as caught:
        inspect(BytesSource(part10(identity_elements() + study_elements() + claim)))

    assert caught.value.reason == "truncated"


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (element(0x00420011, "OB", b"", 500 * MIB), "inflation-ratio-too-high"),
        (sequence(0x00400555, undefined=True)[:-8], "malformed-sequence"),
    ],
)
def test_half_a_megabyte_that_inflates_to_half_a_gigabyte_is_refused(
    start: bytes, reason: str
) -> None:
    bomb = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    head = bomb.compress(start) + bomb.flush(zlib.Z_FULL_FLUSH)
    mebibyte = bomb.compress(bytes(MIB)) + bomb.flush(zlib.Z_FULL_FLUSH)
    data = part10(head + mebibyte * 500, DEFLATED)

    assert len(data) < 600 * KIB
    with pytest.raises(PermanentError) as caught:
        inspect(BytesSource(data))

    assert reason == caught.value.reason
