"""Files per second: de-identifying against pydicom's reading and writing, side by side.

    python tests/benchmarks/bench_deid.py [folder]

Takes the files that pydicom ships (or those of the folder) that are de-identified, not held, and
that pydicom reads and writes. All of them are in memory. Every round runs each way once over all
files; the figures are medians over the rounds. Writes build/bench/deid.json.
"""

from __future__ import annotations

import io
import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import pydicom
from pydicom.data import get_testdata_file

ROOT: Final = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from shared.dicom.deidentification import Deidentified, PseudonymKey, deidentify  # noqa: E402
from shared.dicom.identity_check import residue  # noqa: E402
from shared.dicom.reader import read_header  # noqa: E402
from shared.dicom.source import BytesSource  # noqa: E402
from shared.errors import PermanentError  # noqa: E402

KEY: Final = PseudonymKey(b"only for measurements", "bench")
ROUNDS: Final = 7
TARGET: Final = ROOT / "build" / "bench" / "deid.json"


def copied(data: bytes) -> bytes | None:
    """The de-identified copy, pixel data and all, or None when it is held."""
    source = BytesSource(data)
    result = deidentify(read_header(source), KEY, source)
    if not isinstance(result, Deidentified):
        return None
    return b"".join(result.pieces(source))


def header_read(data: bytes) -> None:
    """Only the reading of the header."""
    read_header(BytesSource(data))


def checked(data: bytes) -> None:
    """Reading and the independent check, as if the original had been written."""
    header = read_header(BytesSource(data))
    residue(header, (data[: header.pixel_data.extent.offset] if header.pixel_data else data,))


def rewritten(data: bytes) -> None:
    """pydicom's reading and writing; values are converted only where it must."""
    pydicom.dcmread(io.BytesIO(data), force=True).save_as(io.BytesIO())


def rewritten_in_full(data: bytes) -> None:
    """pydicom's reading and writing with every value converted."""
    dataset = pydicom.dcmread(io.BytesIO(data), force=True)
    for _ in dataset.iterall():
        pass
    dataset.save_as(io.BytesIO())


WAYS: Final[dict[str, Callable[[bytes], object]]] = {
    "deidentify": copied,
    "read_header": header_read,
    "read_header_and_identity_check": checked,
    "pydicom_read_write": rewritten,
    "pydicom_read_write_full": rewritten_in_full,
}


def usable(paths: Iterable[Path]) -> list[bytes]:
    """The files that every way takes."""
    found = []
    for path in paths:
        data = path.read_bytes()
        try:
            if copied(data) is None:
                continue
            rewritten_in_full(data)
        except (PermanentError, ValueError, AttributeError, KeyError, TypeError, OSError):
            continue
        found.append(data)
    return found


def seconds(way: Callable[[bytes], object], files: list[bytes]) -> float:
    """How long one pass over the files takes."""
    started = time.perf_counter()
    for data in files:
        way(data)
    return time.perf_counter() - started


def main() -> None:
    """Measure, print and write the figures."""
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else _shipped()
    files = usable(path for path in sorted(folder.rglob("*")) if path.is_file())
    rounds = [{name: seconds(way, files) for name, way in WAYS.items()} for _ in range(ROUNDS)]
    medians = {name: statistics.median(each[name] for each in rounds) for name in WAYS}
    figures = {
        "files": len(files),
        "bytes": sum(map(len, files)),
        "rounds": ROUNDS,
        "files_per_s": {name: round(len(files) / median, 1) for name, median in medians.items()},
        "vs_pydicom_read_write": _ratio(rounds, "pydicom_read_write"),
        "vs_pydicom_read_write_full": _ratio(rounds, "pydicom_read_write_full"),
    }
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    print(json.dumps(figures, indent=1))


def _ratio(rounds: list[dict[str, float]], other: str) -> float:
    """How many times as fast as the other way; the median of the rounds' ratios."""
    return round(statistics.median(each[other] / each["deidentify"] for each in rounds), 2)


def _shipped() -> Path:
    return Path(str(get_testdata_file("CT_small.dcm"))).parent


if __name__ == "__main__":
    main()
