"""Samples, what is done to them, and a ledger of what each input cost.

The short form runs with every check; INLET_FUZZ_EXAMPLES sets how many mutations the long form
makes of each kind. The ledger is written to build/fuzz; no test depends on it.
"""

from __future__ import annotations

import json
import os
import random
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

from tests.builders import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    JPEG_BASELINE,
    an_instance,
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
SYNTAXES: Final = (IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED, JPEG_BASELINE)


class Ledger:
    """How many inputs there were, what became of them, and the worst that one cost."""

    def __init__(self) -> None:
        self.results: Counter[str] = Counter()
        self.worst_cpu_s = 0.0

    @contextmanager
    def entry(self) -> Iterator[None]:
        """Add the cost of one input."""
        start = time.process_time()
        yield
        self.worst_cpu_s = max(self.worst_cpu_s, time.process_time() - start)

    def write(self, path: Path) -> None:
        """Write the figures, with the memory that the whole process took at its peak."""
        peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        report = {
            "inputs": sum(self.results.values()),
            "worst_cpu_s": round(self.worst_cpu_s, 4),
            "peak_rss_mb": peak_kib // 1024,
            "results": dict(self.results.most_common()),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(report, indent=2), encoding="utf-8")


@cache
def samples() -> tuple[bytes, ...]:
    """Return made objects of every encoding and pydicom's smaller files."""
    nested = sequence(0x0040A730, item(sequence(0x0040A730, item(), undefined=True)))
    made = [an_instance(transfer_syntax=syntax, rows=4, columns=4) for syntax in SYNTAXES]
    made += [part10(nested), without_preamble(made[1]), without_file_meta(made[0])]
    shipped = (path.read_bytes() for path in shipped_files())
    return (*made, *(data for data in shipped if 0 < len(data) <= LARGEST_SAMPLE))


@cache
def images() -> tuple[bytes, ...]:
    """Return images that de-identification takes, in every encoding that it knows."""
    tables = (
        an_instance(transfer_syntax=syntax, rows=4, columns=4, frames=3) for syntax in SYNTAXES
    )
    private = element(0x00091001, "LO", b"^Made") + element(0x00100010, "PN", b"Sample^Sam")
    return (*tables, *(data for data in samples() if len(data) < 8_000), part10(private))


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
