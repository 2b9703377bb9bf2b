"""Any bytes give a typed result or a permanent error, within bounds.

The short form runs with every check; INLET_FUZZ_EXAMPLES sets how many mutations the long form
makes of each kind.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from functools import cache
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.dicom.attributes import HOT_COLUMNS, hot_values
from shared.dicom.inspection import Inspection, inspect
from shared.dicom.limits import Limits
from shared.dicom.reasons import REASONS
from shared.dicom.source import BytesSource, WindowedSource
from shared.errors import PermanentError
from tests.builders import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    JPEG_BASELINE,
    an_instance,
    deflated,
    element,
    implicit_element,
    item,
    part10,
    sequence,
    without_file_meta,
    without_preamble,
)
from tests.unit.dicom.samples import shipped_files

EXAMPLES: Final = int(os.environ.get("INLET_FUZZ_EXAMPLES") or 120)
LARGEST_SAMPLE: Final = 20_000
LIMITS: Final = Limits(max_elements=20_000, max_header_bytes=1 << 20, max_inflated_bytes=1 << 20)
SYNTAXES: Final = (IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED, JPEG_BASELINE)

fuzzed = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def judge(data: bytes) -> Inspection | str:
    """Inspect some bytes and check what must hold of any result."""
    windows = WindowedSource(BytesSource(data))
    try:
        inspection = inspect(windows, LIMITS)
    except PermanentError as error:
        return judged(error)
    text = json.dumps(inspection.metadata, allow_nan=False, ensure_ascii=False)
    assert text.encode("utf-8")
    assert "\\u0000" not in text
    assert len(hot_values(inspection.metadata)) == len(HOT_COLUMNS)
    assert windows.bytes_read <= 2 * len(data)
    return inspection


def judged(error: PermanentError) -> str:
    """Return the reason of an error that has nothing but a reason."""
    assert error.reason in REASONS
    assert str(error) == error.reason
    return error.reason


@cache
def samples() -> tuple[bytes, ...]:
    """Return made objects of every encoding and pydicom's smaller files."""
    nested = sequence(0x0040A730, item(sequence(0x0040A730, item(), undefined=True)))
    made = [an_instance(transfer_syntax=syntax, rows=4, columns=4) for syntax in SYNTAXES]
    made += [part10(nested), without_preamble(made[1]), without_file_meta(made[0])]
    shipped = (path.read_bytes() for path in shipped_files())
    return (*made, *(data for data in shipped if 0 < len(data) <= LARGEST_SAMPLE))


def flip(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.randint(1, 8)):
        data[chance.randrange(len(data))] = chance.randrange(256)


def cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data)) :]


def splice(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    piece = data[start : start + chance.randint(1, 64)]
    at = chance.randrange(len(data))
    data[at:at] = bytes(piece) * chance.randint(1, 20)


def remove(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    del data[start : start + chance.randint(1, 64)]


def lie_about_a_length(data: bytearray, chance: random.Random) -> None:
    """Overwrite four bytes that may be a length with a telling one."""
    at = chance.randrange(max(1, len(data) - 4))
    told = chance.choice([0, 1, 7, 8, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF, len(data)])
    data[at : at + 4] = told.to_bytes(4, chance.choice(["little", "big"]))


def plant_a_token(data: bytearray, chance: random.Random) -> None:
    """Insert an item, a delimiter, a VR or an element where none belongs."""
    token = chance.choice(
        [
            item(),
            item(undefined=True),
            b"\xfe\xff\x00\xe0\xff\xff\xff\xff",
            b"\xfe\xff\xdd\xe0\x00\x00\x00\x00",
            b"\xff\xfe\xe0\x00\xff\xff\xff\xff",
            b"SQ\x00\x00\xff\xff\xff\xff",
            b"UN\x00\x00\xff\xff\xff\xff",
            element(0x00080005, "CS", b"ISO 2022 IR 87"),
            element(0x7FE00010, "OB", b"", 0xFFFFFFFF),
            implicit_element(0x00081115, item()),
        ]
    )
    at = chance.randrange(len(data))
    data[at : at + chance.choice([0, len(token)])] = token


MUTATIONS: Final[tuple[Callable[[bytearray, random.Random], None], ...]] = (
    flip,
    cut,
    splice,
    remove,
    lie_about_a_length,
    plant_a_token,
)


def mutated(data: bytes, chance: random.Random, mutations: int) -> bytes:
    """Return the sample after some mutations."""
    changed = bytearray(data)
    for _ in range(mutations):
        if changed:
            chance.choice(MUTATIONS)(changed, chance)
    return bytes(changed)


@fuzzed
@given(st.binary(max_size=600))
def test_any_bytes(data: bytes) -> None:
    judge(data)


@fuzzed
@given(st.binary(max_size=600), st.sampled_from(SYNTAXES))
def test_any_bytes_as_a_data_set(data: bytes, syntax: str) -> None:
    judge(part10(deflated(data) if syntax == DEFLATED else data, syntax))


def test_every_sample_is_judged() -> None:
    results = [judge(data) for data in samples()]

    assert sum(isinstance(each, Inspection) for each in results) > len(results) / 2


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.__name__)
def test_mutated_objects(mutation: Callable[[bytearray, random.Random], None]) -> None:
    chance = random.Random(mutation.__name__)
    for index in range(EXAMPLES * 2):
        data = bytearray(samples()[index % len(samples())])
        mutation(data, chance)
        judge(mutated(bytes(data), chance, mutations=chance.randrange(3)))


def test_no_small_object_costs_many_elements() -> None:
    """Bytes bound work: each element needs eight bytes, whatever the nesting says."""
    chance = random.Random(1)
    for _ in range(EXAMPLES // 4):
        data = part10(
            bytes(chance.choice(item() + element(0x00400555, "UN", b"")) for _ in range(9000))
        )
        judge(data)
