"""De-identification against other tools, side by side: files per second, and large objects.

    python -m tests.benchmarks.bench_deid [--rounds 7] [--large-rounds 9] [folder …]

Takes the files of the folders, else those of the corpus, where one is laid, and those that pydicom
ships: the ones that are de-identified, not held, under the Basic Profile, and that every tool
takes. All are in memory, and every way goes from bytes to bytes. In each round every way takes all
files once, ours under a key of its own, so that no pseudonym is known from the round before. A
second is one of CPU time, so that what else the machine does counts less.

The tools are installed into a virtual environment of their own, build/bench/venv, and run in one
process there (`deid_peers.py`); one that cannot be had is told and counts as null. The large
objects are those of `large_deid.py`. Ratios are medians of the rounds' ratios. Writes
build/bench/deid.json.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from shared.dicom.deidentification import LIMITS, Deidentified, PseudonymKey, deidentify
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from shared.errors import PermanentError
from shared.runtime.memory import keep_what_is_loaded
from tests.benchmarks import deid_peers, large_deid
from tests.benchmarks.rounds import quartiles
from tests.score.bases import CORPUS, SHIPPED

ROOT: Final = Path(__file__).parents[2]
REPORT: Final = ROOT / "build" / "bench" / "deid.json"
VENV: Final = ROOT / "build" / "bench" / "venv"
PACKAGES: Final = (
    "dcmanon==0.3.1",
    "dicognito==0.19.0",
    "dicom-anonymizer==2.1.0",
    "numpy==2.4.6",
    "pydicom==3.0.2",
)
IN_PYTHON: Final = ("dicognito", "dicom_anonymizer", "pydicom_walk")
OURS: Final = "inlet"
LARGEST: Final = 60_000_000

Round = dict[str, float]  # seconds by way; of a core, for large objects on the wall


class Peers:
    """The process that has the other tools."""

    def __init__(self, process: subprocess.Popen[str], paths: list[Path]) -> None:
        self._process = process
        self.refused: dict[str, list[int]] = self._ask({"files": [str(path) for path in paths]})

    def seconds(self, way: str, numbers: list[int]) -> float:
        """The CPU time that one tool takes for these files."""
        return float(self._ask({"way": way, "files": numbers}))

    def _ask(self, question: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(question), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())


@contextmanager
def peers(paths: list[Path]) -> Iterator[Peers]:
    """The other tools, with the files in their memory."""
    with subprocess.Popen(
        [interpreter(), deid_peers.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        yield Peers(process, paths)
        process.terminate()


def interpreter() -> Path:
    """The interpreter that has the tools, each of which is installed if it can be had."""
    python = VENV / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    for package in PACKAGES:
        installed = subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package],
            check=False,
            capture_output=True,
        )
        if installed.returncode:
            print(f"{package} cannot be had")
    return python


def copied(data: bytes, key: PseudonymKey) -> bytes | None:
    """The de-identified copy, pixel data and all, or None when it is held."""
    source = BytesSource(data)
    result = deidentify(read_header(source, LIMITS), key, source)
    copy = b"".join(result.pieces(source)) if isinstance(result, Deidentified) else None
    keep_what_is_loaded()  # as after the first delivery
    return copy


def is_copied(path: Path) -> bool:
    """Whether a file is de-identified and not held."""
    try:
        return copied(path.read_bytes(), _key(0)) is not None
    except PermanentError:
        return False


def ours(files: list[bytes], key: PseudonymKey) -> float:
    """The CPU time that we take for these files."""
    started = time.process_time()
    for data in files:
        copied(data, key)
    return time.process_time() - started


def by_turns(paths: list[Path], rounds: int) -> tuple[list[Round], list[int], dict[str, int]]:
    """The seconds of every round, the sizes of the files, and how many each tool refused."""
    with peers(paths) as others:
        refused = {number for numbers in others.refused.values() for number in numbers}
        numbers = [number for number in range(len(paths)) if number not in refused]
        files = [paths[number].read_bytes() for number in numbers]
        found = [
            {name: others.seconds(name, numbers) for name in others.refused}
            | {OURS: ours(files, _key(turn))}
            for turn in range(1 + rounds)  # the first warms up
        ]
        return found[1:], [*map(len, files)], {k: len(v) for k, v in others.refused.items()}


def _key(turn: int) -> PseudonymKey:
    return PseudonymKey(b"only for measurements %d" % turn, "bench")


def large(rounds: int) -> dict[str, Any]:
    """What `large_deid` finds, in a process that does nothing else."""
    argv = [sys.executable, "-m", large_deid.__name__, str(rounds)]
    run = subprocess.run(argv, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def ratio(rounds: list[Round], ours: str, theirs: Iterable[str]) -> dict[str, float] | None:
    """How many times as fast as the fastest of the others: the median and the quartiles."""
    names = [name for name in theirs if name in rounds[0]]
    if not names:
        return None
    return quartiles([min(seconds[name] for name in names) / seconds[ours] for seconds in rounds])


def figures(folders: list[Path], rounds: int, large_rounds: int) -> dict[str, Any]:
    """The ratios, and what they were taken from."""
    paths = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    candidates = [path for path in paths if path.stat().st_size < LARGEST and is_copied(path)]
    found, sizes, refused = by_turns(candidates, rounds)
    big = large(large_rounds)
    compared = {
        "vs_fastest_python": ratio(found, OURS, IN_PYTHON),
        "vs_dcmanon": ratio(found, OURS, ("dcmanon",)),
        "vs_pydicom_lazy": ratio(found, OURS, ("pydicom_lazy",)),
        "large_vs_copy": ratio(big["rounds"], "deidentify", ("copy",)),
        "large_compressed_vs_copy": ratio(big["rounds"], "compressed", ("copy",)),
        "large_changed_vs_copy": ratio(big["rounds"], "clean", ("copy",)),
    }
    chosen = ("vs_fastest_python", "vs_dcmanon", "large_vs_copy")
    medians = {name: statistics.median(each[name] for each in found) for name in found[0]}
    return {
        **{name: (compared[name] or {}).get("median") for name in chosen},
        "rss_mb": big["rss_mb"],
        "details": {
            "files": len(sizes),
            "bytes": sum(sizes),
            "rounds": rounds,
            "files_per_s": {name: len(sizes) / median for name, median in medians.items()},
            "refused_of": {"candidates": len(candidates), **refused},
            "ratios": compared,
            "large": big,
            "load": os.getloadavg(),
        },
    }


def main() -> None:
    """Measure, print and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--large-rounds", type=int, default=9)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    folders = options.folders or [folder for folder in (CORPUS, SHIPPED) if folder.is_dir()]
    found = figures(folders, options.rounds, options.large_rounds)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
