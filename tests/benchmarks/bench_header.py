"""Header of a typical CT: read, identified and turned into DICOM JSON, against dcmread alone.

    python -m tests.benchmarks.bench_header

Both are measured alternately in one run, in CPU time, so that a busy machine hurts both alike.
Writes build/bench/header.json.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Final

import pydicom
from pydicom.data import get_testdata_file

from shared.dicom.identification import identify
from shared.dicom.inspection import inspect
from shared.dicom.metadata import to_dicom_json
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from tests.builders import EXPLICIT, IMPLICIT, an_instance

ROUNDS: Final = 41
REPEATS: Final = 20
REPORT: Final = Path("build/bench/header.json")


def objects() -> dict[str, bytes]:
    """Return what is measured: a scanner's CT of 256 elements, and made ones."""
    scanner = get_testdata_file("CT_small.dcm", download=False)
    return {
        "ct_256_elements": Path(str(scanner)).read_bytes(),
        "made_explicit": an_instance(rows=512, columns=512, transfer_syntax=EXPLICIT),
        "made_implicit": an_instance(rows=512, columns=512, transfer_syntax=IMPLICIT),
    }


def with_dcmread(data: bytes) -> None:
    """Do what the ratio is taken against."""
    pydicom.dcmread(BytesIO(data), stop_before_pixels=True)


def ours(data: bytes) -> None:
    """Read, identify and convert."""
    header = read_header(BytesSource(data))
    identify(header)
    to_dicom_json(header)


def whole_inspection(data: bytes) -> None:
    """Do all that ingest asks for, validation included."""
    inspect(BytesSource(data))


CONTENDERS: Final[dict[str, Callable[[bytes], None]]] = {
    "dcmread": with_dcmread,
    "ours": ours,
    "inspect": whole_inspection,
}


def microseconds(run: Callable[[bytes], None], data: bytes) -> float:
    """Return the CPU time of one run."""
    start = time.process_time_ns()
    for _ in range(REPEATS):
        run(data)
    return (time.process_time_ns() - start) / REPEATS / 1000


def measured(data: bytes) -> dict[str, float]:
    """Return medians and, of the paired ratios, median and quartiles."""
    rounds = [
        {name: microseconds(run, data) for name, run in CONTENDERS.items()} for _ in range(ROUNDS)
    ]
    ratios = [each["ours"] / each["dcmread"] for each in rounds]
    low, middle, high = statistics.quantiles(ratios, n=4)
    inspections = [each["inspect"] / each["dcmread"] for each in rounds]
    medians = {
        f"{name}_us": statistics.median(each[name] for each in rounds) for name in CONTENDERS
    }
    return {
        **medians,
        "header_vs_dcmread": middle,
        "lower_quartile": low,
        "upper_quartile": high,
        "inspect_vs_dcmread": statistics.median(inspections),
    }


def main() -> None:
    """Measure, print and write the report."""
    report = {name: measured(data) for name, data in objects().items()}
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2), encoding="utf-8")
    for name, figures in report.items():
        print(name, {key: round(value, 2) for key, value in figures.items()})


if __name__ == "__main__":
    main()
