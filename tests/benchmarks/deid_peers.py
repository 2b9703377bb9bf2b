"""The other tools' side of `bench_deid`: started by it with the interpreter that has them.

Reads one JSON object a line and answers with one: `{"files": [paths]}` has the files read into
memory, and is answered with the names of the tools that are there, each with the numbers of the
files that it does not take; `{"way": name, "files": [numbers]}` has one tool take these files once
and is answered with the seconds. Every tool is called in this process, from bytes to bytes, with
its defaults.
"""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

Way = Callable[[bytes], object]


def dicognito() -> Way:
    """Every data set through one anonymizer, as its command line does."""
    pydicom = import_module("pydicom")
    anonymizer = import_module("dicognito.anonymizer").Anonymizer(seed="only for measurements")

    def way(data: bytes) -> None:
        dataset = pydicom.dcmread(io.BytesIO(data), force=True)
        anonymizer.anonymize(dataset)
        dataset.save_as(io.BytesIO())

    return way


def dicom_anonymizer() -> Way:
    """What its command does with each file of a folder."""
    pydicom = import_module("pydicom")
    anonymize = import_module("dicomanonymizer.simpledicomanonymizer").anonymize_dataset

    def way(data: bytes) -> None:
        dataset = pydicom.dcmread(io.BytesIO(data))
        anonymize(dataset)
        dataset.save_as(io.BytesIO())

    return way


def dcmanon() -> Way:
    """The Rust tool by its Python module."""
    anonymizer = import_module("dcmanon").Anonymizer()
    return lambda data: anonymizer.anonymize(io.BytesIO(data))


def pydicom_walk() -> Way:
    """Read, modify and write as pydicom's documentation does it: callbacks at every depth."""
    pydicom = import_module("pydicom")

    def names(_: Any, element: Any) -> None:
        if element.VR == "PN":
            element.value = "anonymous"

    def curves(dataset: Any, element: Any) -> None:
        if element.tag.group & 0xFF00 == 0x5000:
            del dataset[element.tag]

    def way(data: bytes) -> None:
        dataset = pydicom.dcmread(io.BytesIO(data), force=True)
        dataset.PatientID = "id"
        dataset.walk(names)
        dataset.walk(curves)
        dataset.remove_private_tags()
        dataset.save_as(io.BytesIO())

    return way


def pydicom_lazy() -> Way:
    """Read, modify one attribute and write: what is not asked for is passed through, uncleaned."""
    pydicom = import_module("pydicom")

    def way(data: bytes) -> None:
        dataset = pydicom.dcmread(io.BytesIO(data), force=True)
        dataset.PatientID = "id"
        dataset.save_as(io.BytesIO())

    return way


MAKERS = (dicognito, dicom_anonymizer, dcmanon, pydicom_walk, pydicom_lazy)


def made() -> dict[str, Way]:
    """The tools that are installed."""
    found = {}
    for maker in MAKERS:
        try:
            found[maker.__name__] = maker()
        except ImportError:
            continue
    return found


def takes(way: Way, data: bytes) -> bool:
    """Whether a tool makes anything of a file; what it raises is its own affair."""
    try:
        way(data)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return False
    return True


def seconds(way: Way, files: list[bytes]) -> float:
    """The CPU time of one pass over the files."""
    started = time.process_time()
    for data in files:
        way(data)
    return time.process_time() - started


def main() -> None:
    """Answer until there is nothing more to answer."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the tools print is no answer
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    ways, files = made(), list[bytes]()
    for line in sys.stdin:
        asked = json.loads(line)
        answer: object
        if "way" in asked:
            answer = seconds(ways[asked["way"]], [files[number] for number in asked["files"]])
        else:
            files = [Path(path).read_bytes() for path in asked["files"]]
            answer = {
                name: [number for number, data in enumerate(files) if not takes(way, data)]
                for name, way in ways.items()
            }
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
