"""The fast walk over regular data sets makes no difference but of time."""

from __future__ import annotations

import random
from struct import pack

import pytest

from shared.dicom import notation
from shared.dicom.containers import ContainerWalk
from shared.dicom.elements import Header
from shared.dicom.limits import DEFAULT_LIMITS, Limits
from shared.dicom.notation import NOTATIONS, Notation
from shared.dicom.reader import read_header
from shared.dicom.regular import RegularWalk
from shared.dicom.source import BytesSource, WindowedSource
from shared.errors import PermanentError
from tests.builders import (
    IMPLICIT,
    ITEM,
    ITEM_END,
    SEQUENCE_END,
    element,
    implicit_element,
    item,
    part10,
    sequence,
)
from tests.fuzz.mutations import mutated, samples

TIGHT = (
    Limits(max_elements=40),
    Limits(max_nesting_depth=1),
    Limits(max_items_per_sequence=1),
    Limits(max_private_bytes=60),
    Limits(max_inline_value_bytes=70),
    Limits(max_inline_bytes=100),
)


def outcome(data: bytes, limits: Limits, window: int) -> Header | str:
    try:
        return read_header(WindowedSource(BytesSource(data), first_window=window), limits)
    except PermanentError as error:
        return error.reason


def with_and_without(
    inputs: list[tuple[bytes, Limits, int]], monkeypatch: pytest.MonkeyPatch
) -> tuple[list[Header | str], list[Header | str]]:
    fast = [outcome(*each) for each in inputs]
    with monkeypatch.context() as patched:
        patched.setattr(RegularWalk, "_read_regular", lambda _, level: level)
        return fast, [outcome(*each) for each in inputs]


def test_all_is_read_as_the_walk_for_anything_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = [(data, DEFAULT_LIMITS, window) for data in samples() for window in (65_536, 200)]

    fast, slow = with_and_without(inputs, monkeypatch)

    assert fast == slow
    assert sum(isinstance(each, Header) for each in fast) > len(inputs) / 2


def test_damaged_objects_and_tight_limits_make_no_difference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chance = random.Random(5)
    inputs = [
        (
            mutated(data, chance, mutations=chance.randrange(4)),
            chance.choice((DEFAULT_LIMITS, *TIGHT)),
            chance.choice((65_536, 200)),
        )
        for data in samples() * 4
    ]

    fast, slow = with_and_without(inputs, monkeypatch)

    assert fast == slow
    assert {"too-many-elements", "truncated", "nesting-too-deep"} <= set(map(str, fast))


def test_limits_and_ends_are_those_of_the_walk_for_anything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code = element(0x00080100, "SH", b"T-D1100 ")
    too_short = ITEM + pack("<L", len(code) - 2) + code
    two = part10(sequence(0x0040A730, item(code) + item(code)))
    inputs = [
        (two, Limits(max_items_per_sequence=1), 65_536),
        (two, Limits(max_items_per_sequence=2), 65_536),
        *(
            (part10(sequence(0x0040A730, items, undefined=undefined)), DEFAULT_LIMITS, 65_536)
            for items in (too_short, too_short + item(code), item(code) + too_short + item(code))
            for undefined in (True, False)
        ),
    ]

    fast, slow = with_and_without(inputs, monkeypatch)

    assert fast == slow
    assert fast[0] == "too-many-items"
    assert isinstance(fast[1], Header)


def test_what_its_container_ends_takes_nothing_from_behind_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code = element(0x00080100, "SH", b"T-D1100 ")
    whole = item(code, undefined=True)
    endless_item = whole.removesuffix(ITEM_END)
    endless = sequence(0x0040A043, whole, undefined=True).removesuffix(SEQUENCE_END)
    unended = sequence(0x0040A043, endless_item)
    datasets = (
        sequence(0x0040A730, item(endless), undefined=True),
        sequence(0x0040A730, item(endless), whole, undefined=True),
        sequence(0x0040A730, item(endless), whole),
        sequence(0x0040A730, item(unended, undefined=True)),
        sequence(0x0040A730, item(unended), undefined=True),
        sequence(0x0040A730, item(endless + code)),
        endless + code,
    )
    inputs = [(part10(each + code), DEFAULT_LIMITS, 65_536) for each in datasets]

    fast, slow = with_and_without(inputs, monkeypatch)

    assert fast == slow
    assert all(isinstance(each, Header) and each.warnings for each in fast[:5])


def test_items_of_an_explicit_data_set_may_be_implicit(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = item(implicit_element(0x00080100, b"T-D1100 "))
    inputs = [(part10(sequence(0x0040A730, inner)), DEFAULT_LIMITS, 65_536)]

    fast, slow = with_and_without(inputs, monkeypatch)

    assert fast == slow
    assert isinstance(fast[0], Header)
    assert fast[0].warnings == ()


def test_pixel_data_are_pixel_data_whatever_their_vr_is(monkeypatch: pytest.MonkeyPatch) -> None:
    code = element(0x00080100, "SH", b"T-D1100 ")
    inputs = [
        (part10(code + sequence(tag, item(code), undefined=undefined)), DEFAULT_LIMITS, 65_536)
        for tag in (0x7FE00008, 0x7FE00010)
        for undefined in (True, False)
    ]

    fast, slow = with_and_without(inputs, monkeypatch)

    assert fast == slow
    assert all(isinstance(each, Header) and len(each.dataset) == 1 for each in fast)


@pytest.mark.parametrize("undefined", [True, False])
def test_regular_data_sets_are_read_by_it_alone(
    undefined: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code = item(element(0x00080100, "SH", b"T-D1100 "), undefined=undefined)
    inner = sequence(0x0040A043, code, undefined=undefined)
    nested = item(element(0x0040A040, "CS", b"TEXT") + inner, undefined=undefined)
    long = element(0x0040A160, "UT", b"x" * 500)
    data = part10(sequence(0x0040A730, nested + nested, undefined=undefined) + long)
    others: list[object] = []
    monkeypatch.setattr(ContainerWalk, "_read_item_header", lambda _, level: others.append(level))

    header = read_header(BytesSource(data))

    assert others == []
    items = header.dataset[0].items
    assert items is not None
    assert [len(each.elements) for each in items] == [2, 2]
    assert [each.tag for each in header.dataset] == [0x0040A730, 0x0040A160]


def test_a_private_value_without_a_vr_is_entered_where_it_looks_like_items() -> None:
    data = part10(implicit_element(0x00291010, item(implicit_element(0x00080060, b"CT"))), IMPLICIT)

    (private,) = read_header(BytesSource(data)).dataset

    assert private.items is not None
    assert [each.value for each in private.items[0].elements] == [b"CT"]


def test_the_headers_that_are_known_are_bounded() -> None:
    known = Notation(True, True)  # noqa: FBT003 - its names
    for number in range(2 * notation._MOST_KNOWN):
        said = known[pack("<HH2sH", 0x0029, number % 0x10000, b"LO", 4)]
        assert said == ((0x00290000 | number % 0x10000), "LO", 4)
        assert len(known) <= notation._MOST_KNOWN


@pytest.mark.parametrize(
    "header",
    [
        pack("<HH2sH", 0x0008, 0x1140, b"SQ", 0),
        pack("<HH2sH", 0x0010, 0x0010, b"PN", 65),
        pack("<HH2sH", 0x0010, 0x0010, b"pn", 4),
        pack("<HH2sH", 0xFFFE, 0xE000, b"\x00\x00", 0),
        pack("<HH2sH", 0x7FE0, 0x0010, b"OW", 0),
        bytes(8),
    ],
)
def test_what_is_not_plain_is_told(header: bytes) -> None:
    assert NOTATIONS[True, True][header] is None
