"""How much burned-in text the finder of the extra `text` sees, what it takes for text, how long.

    python -m tests.benchmarks.bench_text [LINES]

Each line stands in a frame of its own, in an object that goes through the engine's look: found is
what is black afterwards. Writes build/bench/text.json.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydicom.dataset import Dataset

from shared.dicom.deidentification.cleaning import Blank, CleaningPolicy, Replacement
from shared.dicom.deidentification.cleaning.text import Look, TextFinder, installed_text_finder
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from tests.benchmarks.burned_in_lines import LINES, Line, Mask, lines
from tests.builders import an_instance, written
from tests.score.leaks import read

_RESULT: Final = Path(__file__).parents[2] / "build" / "bench" / "text.json"
_WHOLE: Final = 0.95  # of a line's ink: what is left tells nothing
_NEAR: Final = 16  # pixels around ink that are no false area
_KINDS: Final = ("size", "contrast", "ground", "bits", "font")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What became of a line."""

    line: Line
    covered: float  # of the ink
    false: float  # of the frame, away from the ink
    residual: bool  # whether text was seen in what is left
    seconds: float  # of one look, of the processor: others may be busy


def seen(line: Line, finder: TextFinder) -> Seen:
    """Look at a line as the engine does."""
    source = BytesSource(_object(line))
    look = Look(read_header(source), source, finder)
    start = time.process_time()
    plan = look.plan(CleaningPolicy())
    seconds = time.process_time() - start
    black: Mask = np.zeros(line.frame.shape, dtype=np.bool_)
    residual = False
    if isinstance(plan, Blank):
        for left, top, width, height in plan.rectangles:
            black[top : top + height, left : left + width] = True
        pixels = Replacement.of(look.header, plan, source).pixels
        residual = look.shows_text(plan, pixels)
    return Seen(
        line=line,
        covered=float(black[line.ink].mean()),
        false=float((black & ~_near(line.ink)).mean()),
        residual=residual,
        seconds=seconds,
    )


def _near(ink: Mask) -> Mask:
    rows, columns = np.nonzero(ink)
    near: Mask = np.zeros(ink.shape, dtype=np.bool_)
    first_row, first_column = max(rows.min() - _NEAR, 0), max(columns.min() - _NEAR, 0)
    near[first_row : rows.max() + _NEAR, first_column : columns.max() + _NEAR] = True
    return near


def _object(line: Line) -> bytes:
    dataset: Dataset = read(an_instance(modality="CT"))
    dataset.Rows, dataset.Columns = line.frame.shape
    dataset.BitsAllocated = dataset.BitsStored = line.bits
    dataset.HighBit, dataset.PixelRepresentation = line.bits - 1, 0
    dataset.PixelData = line.frame.tobytes()
    dataset["PixelData"].VR = "OW"
    return written(dataset)


def figures(results: list[Seen]) -> dict[str, Any]:
    """The machine-readable result."""
    shares: dict[str, dict[str, float]] = {}
    for kind in _KINDS:
        groups: dict[str, list[bool]] = defaultdict(list)
        for each in results:
            groups[str(getattr(each.line, kind))].append(each.covered >= _WHOLE)
        shares[kind] = {name: round(statistics.fmean(group), 3) for name, group in groups.items()}
    quartiles = statistics.quantiles((each.seconds for each in results), n=4)
    return {
        "lines": len(results),
        "found": round(statistics.fmean(each.covered >= _WHOLE for each in results), 4),
        "touched": round(statistics.fmean(each.covered > 0 for each in results), 4),
        "false_area": round(statistics.fmean(each.false for each in results), 6),
        "residual": round(statistics.fmean(each.residual for each in results), 4),
        "seconds_per_frame": [round(value, 3) for value in quartiles],
        "found_by": shares,
    }


def main() -> int:
    """Measure, print and write."""
    finder = installed_text_finder()
    if finder is None:
        print("The extra `text` is not installed: pip install '.[text]'", file=sys.stderr)
        return 1
    count = int(sys.argv[1]) if sys.argv[1:] else LINES
    result = figures([seen(line, finder) for line in lines(count)])
    _RESULT.parent.mkdir(parents=True, exist_ok=True)
    _RESULT.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
