"""Every real file at hand through de-identification: what leaks, what breaks, what dangles.

    python -m tests.benchmarks.corpus_deid [profile …]

Takes the files of the corpus, where one is laid, and those that pydicom ships, under each profile
that is scored, or those named. Writes build/corpus/deid.json: the first profile's figures, and
those of each below `profiles`. Names of files and attributes are told, and no value. New errors of
`dciodvfy` (package dicom3tools, installed apart; its path in INLET_DCIODVFY) are counted where it
is found.

A file leaks when a value that identifies in the original is in its copy. Identifying are, by Value
Representation and keyword, in pydicom's reading at any depth: names, ids, addresses, institutions,
serial numbers, days and UIDs. They are searched for as whole words in pydicom's reading of every
value of the copy, and in its bytes outside of pixels. Coincidental, and no leak, is

- a value of fewer than four letters, or of fewer than five digits;
- a word that names nobody (`_NOBODY`), or that is a common word of the language of the standard:
  one that occurs in a name of PS3.6, as most words of "Siemens Medical Systems" do not;
- in a number (DS, IS) fewer than six digits;
- in a Code String a word of the concepts of PS3.16, or two run together, such as HEADNECK;
- a maker's name, where the equipment is named (Manufacturer, Model Name and the like);
- a day or UID that the copy must have: the dummies, and the UIDs of the standard.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydicom._dicom_dict import DicomDictionary
from pydicom._uid_dict import UID_dictionary
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.sr._concepts_dict import concepts

from tests.score.bases import CORPUS, SHIPPED, real_paths
from tests.score.engines import PROFILES, Engine
from tests.score.leaks import Value, byte_forms, character_sets, read, text_of, values

REPORT: Final = Path("build/corpus/deid.json")
DCIODVFY: Final = os.environ.get("INLET_DCIODVFY") or shutil.which("dciodvfy")
_IDENTIFYING: Final = re.compile(
    r"(PatientID|PatientIDs|AccessionNumber|StudyID|AdmissionID|SerialNumber|Address|Telephone"
    r"|InstitutionName|DepartmentName|StationName|AETitle|ServiceEpisodeID|OtherPatientNames"
    r"|PlacerOrderNumber\w*|FillerOrderNumber\w*|RequestedProcedureID|ProcedureStepID|SubjectID"
    r"|SiteName|SiteID|IssuerOf\w+|CassetteID|PlateID|DetectorID|GantryID|SlideIdentifier"
    r"|SpecimenIdentifier|ContainerIdentifier|TelecomInformation)$"
)
_NAMING_A_KIND: Final = re.compile(r"SOPClass|Scheme|Syntax|Context|Mapping|ClassUID|CreatorUID")
_EQUIPMENT: Final = frozenset({"00080070", "00081090", "00181020", "00181030"})
_MARKS: Final = frozenset({"00120062", "00120063", "00120064", "00280303", "00020012", "00020013"})
_NOBODY: Final = frozenset(
    {
        "anon", "anonym", "anonymized", "anonymised", "anonymous", "deidentified", "removed",
        "unknown", "undefined", "unspecified", "null", "none", "test", "name", "noname",
    }
)  # fmt: skip
_WORD: Final = re.compile(r"[^\W_]+")
_PIXEL_DATA: Final = 0x7FE00010
_SHORTEST_CONCEPT: Final = 3
_FEWEST_LETTERS, _FEWEST_DIGITS, _FEWEST_DIGITS_IN_NUMBERS = 4, 5, 6
_DUMMY_YEARS: Final = ("0000", "0001", "1900")
_LINE: Final = re.compile(r"^Error - <(/.*?)> - (.*)$", re.MULTILINE)
_VALUE: Final = re.compile(r"<[^>]*>|= .*$|[0-9]+(\.[0-9]+)*")
_TIMEOUT_S: Final = 120


@dataclass(frozen=True, slots=True)
class Identifier:
    """A value that identifies, as it is searched for."""

    text: str  # case-folded; words joined by single blanks
    origin: str  # keyword of the attribute from which it is


@dataclass(slots=True)
class Found:
    """What one run over all files found."""

    files: int = 0
    deidentified: int = 0
    held: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    crashed: dict[str, str] = field(default_factory=dict)
    leaking: dict[str, list[str]] = field(default_factory=dict)
    new_errors: dict[str, list[str]] = field(default_factory=dict)
    instances: dict[str, tuple[Dataset, Dataset]] = field(default_factory=dict)

    def data(self) -> dict[str, Any]:
        """The machine-readable result."""
        resolved, dangling = _references(self.instances)
        kinds = Counter(kind for kinds in self.new_errors.values() for kind in set(kinds))
        return {
            "files": self.files,
            "deidentified": self.deidentified,
            "held": self.held.total(),
            "refused": self.refused.total(),
            "crashed": len(self.crashed),
            "leaking": len(self.leaking),
            "new_dciodvfy": len(self.new_errors) if DCIODVFY else None,
            "references_resolved": resolved,
            "references_lost": len(dangling),
            "held_reasons": dict(self.held.most_common()),
            "refused_reasons": dict(self.refused.most_common()),
            "crashes": self.crashed,
            "leaks": self.leaking,
            "new_errors": self.new_errors,
            "new_dciodvfy_kinds": dict(kinds.most_common()),
            "lost_references": dangling[:20],
        }


def identifiers(dataset: Dataset) -> set[Identifier]:
    """What identifies in the object, coincidences left out."""
    found = set()
    for path, keyword, vr, value in values(dataset, {_PIXEL_DATA}):
        if path[-8:] in _MARKS or not value.strip():
            continue
        for single in value.split("\\"):
            found |= {Identifier(text, keyword) for text in _identifying(keyword, vr, single)}
    return found


def _identifying(keyword: str, vr: str, value: str) -> Iterator[str]:
    if vr == "PN":
        yield from (word for word in _words(value) if _tells(word))
    elif vr == "UI":
        uid = value.strip("\x00 ")
        told = len(uid) >= _FEWEST_DIGITS and uid not in UID_dictionary
        if told and not _NAMING_A_KIND.search(keyword):
            yield uid
    elif vr in {"DA", "DT"} and "ContextGroup" not in keyword:  # an edition of the standard
        day = re.sub(r"\D", "", value)[:8]
        if len(day) == 8 and not day.startswith(_DUMMY_YEARS):
            yield day
    elif vr in {"AE", "LO", "SH", "ST", "LT", "UT"} and _IDENTIFYING.search(keyword):
        words = _words(value)
        if any(map(_tells, words)) or _tells("".join(words)):
            yield " ".join(words)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _tells(word: str) -> bool:
    if word in _NOBODY or word in _words_of_the_standard():
        return False
    if word.isdigit():
        return len(word) >= _FEWEST_DIGITS and bool(word.strip("0"))
    return len(word) >= _FEWEST_LETTERS or not word.isascii()


@cache
def _words_of_the_standard() -> frozenset[str]:
    return frozenset(word for row in DicomDictionary.values() for word in _words(row[2]))


@cache
def _words_of_concepts() -> frozenset[str]:
    tables: dict[str, Any] = concepts
    return frozenset(
        word
        for scheme in tables.values()
        for codes in scheme.values()
        for meaning, _ in codes.values()
        for word in _words(meaning)
        if len(word) >= _SHORTEST_CONCEPT
    )


def _is_term(word: str) -> bool:
    known = _words_of_concepts()
    return word in known or any(
        word[:cut] in known and word[cut:] in known for cut in range(1, len(word))
    )


def left_in(copy: bytes, known: set[Identifier], encodings: Iterable[str]) -> list[str]:
    """Where identifiers are still found: attribute of the copy, and attribute of the original."""
    found = in_values(values(read(copy), {_PIXEL_DATA}), known)
    body = copy[: copy.rfind(b"\xe0\x7f\x10\x00")] if b"\xe0\x7f\x10\x00" in copy else copy
    lowered = body.lower()
    for each in known:
        if not each.text.isascii() and " " not in each.text:
            forms = byte_forms(each.text, encodings)
            found |= {f"bytes have {each.origin}" for form in forms if form in lowered}
    return sorted(found)


def in_values(searched: Iterable[Value], known: Iterable[Identifier]) -> set[str]:
    """Where values have identifiers: attribute that has one, and attribute of the original."""
    found, by_word = set[str](), defaultdict[str, set[Identifier]](set)
    for each in known:
        by_word[each.text.split(" ")[0]].add(each)
    for path, _, vr, value in searched:
        if path[-8:] not in _MARKS and path[:8] not in _MARKS:
            found |= {f"{path} has {each.origin}" for each in _in_value(value, vr, path, by_word)}
    return found


def _in_value(
    value: str, vr: str, path: str, by_word: dict[str, set[Identifier]]
) -> Iterator[Identifier]:
    text = value.casefold()
    if vr == "UI":
        yield from (each for uid in text.split("\\") for each in by_word.get(uid, ()))
        return
    words = _WORD.findall(text.replace("\x00", " "))
    uids = re.findall(r"[0-9]+(?:\.[0-9]+){3,}", text)
    joined = f" {' '.join(words)} "
    for word in {*words, *uids}:
        for each in by_word.get(word, ()):
            if vr in {"DS", "IS"} and len(each.text) < _FEWEST_DIGITS_IN_NUMBERS:
                continue
            if path[-8:] in _EQUIPMENT and each.text.isalpha():
                continue
            if vr == "CS" and _is_term(each.text):
                continue
            if word in uids or f" {each.text} " in joined:
                yield each


def errors_of(data: bytes) -> set[str]:
    """The kinds of errors that dciodvfy finds: attribute and message, without values."""
    assert DCIODVFY
    with tempfile.NamedTemporaryFile(suffix=".dcm") as file:
        file.write(data)
        file.flush()
        try:
            done = subprocess.run(
                [DCIODVFY, "-new", file.name],
                capture_output=True,
                check=False,
                timeout=_TIMEOUT_S,
            )
        except subprocess.TimeoutExpired:
            return {"does not end"}
    lines = (done.stdout + done.stderr).decode("latin-1")
    return {_kind(*found) for found in _LINE.findall(lines)}


def _kind(path: str, message: str) -> str:
    keywords = re.sub(r"\([0-9a-fx,]+\)|\[[0-9]+\]", "", path)
    return f"{keywords} {_VALUE.sub('', message).strip()}"


def run(engine: Engine, paths: Iterable[Path]) -> Found:
    """All files through a de-identifier."""
    found = Found()
    for path in paths:
        found.files += 1
        name, data = _name(path), path.read_bytes()
        try:
            made = engine(data)
        except Exception as error:  # noqa: BLE001 - whatever is raised is what is counted
            found.crashed[name] = type(error).__name__
            continue
        if made.data is None:
            refused = made.reason.startswith("refused: ")
            (found.refused if refused else found.held)[made.reason] += 1
            continue
        found.deidentified += 1
        _look(found, name, data, made.data)
    return found


def _name(path: Path) -> str:
    roots = [root for root in (CORPUS, SHIPPED) if path.is_relative_to(root)]
    return str(path.relative_to(roots[0])) if roots else path.name


def _look(found: Found, name: str, data: bytes, copy: bytes) -> None:
    """Search the copy, validate it, and keep what it refers to."""
    original, copied = read(data), read(copy)
    left = left_in(copy, identifiers(original), character_sets(original))
    if left:
        found.leaking[name] = left
    if DCIODVFY:
        new = errors_of(copy) - errors_of(data)
        if new:
            found.new_errors[name] = sorted(new)
    found.instances[name] = original, copied


def _references(
    instances: dict[str, tuple[Dataset, Dataset]],
) -> tuple[int, list[str]]:
    """How many references between instances of a study resolve, and those that no longer do."""
    before, after = (
        {(_text(pair[side], "StudyInstanceUID"), _text(pair[side], "SOPInstanceUID"))
         for pair in instances.values()}
        for side in (0, 1)
    )  # fmt: skip
    resolved, lost = 0, list[str]()
    for name, (original, copied) in instances.items():
        studies = _text(original, "StudyInstanceUID"), _text(copied, "StudyInstanceUID")
        places = dict(_referenced(copied, ""))
        for place, uid in _referenced(original, ""):
            if (studies[0], uid) not in before or place not in places:
                continue
            if (studies[1], places[place]) in after:
                resolved += 1
            else:
                lost.append(f"{name} {place}")
    return resolved, lost


def _text(dataset: Dataset, keyword: str) -> str:
    return text_of(dataset.get(keyword))


def _referenced(dataset: Dataset, prefix: str) -> Iterator[tuple[str, str]]:
    """Place and UID of every reference to an instance."""
    for element in dataset:
        if isinstance(element.value, Sequence):
            for number, item in enumerate(element.value):
                yield from _referenced(item, f"{prefix}{element.keyword}[{number}].")
        elif element.keyword == "ReferencedSOPInstanceUID":
            yield f"{prefix}{element.keyword}", text_of(element.value)


def main() -> None:
    """Run, print and write."""
    warnings.simplefilter("ignore")
    names = sys.argv[1:] or list(PROFILES)
    paths = list(real_paths(*(folder for folder in (CORPUS, SHIPPED) if folder.is_dir())))
    results = {name: run(PROFILES[name][0], paths).data() for name in names}
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    first = results[names[0]]
    REPORT.write_text(json.dumps({**first, "profiles": results}, indent=1) + "\n", "utf-8")
    for name, data in results.items():
        shown = {key: value for key, value in data.items() if not isinstance(value, dict | list)}
        print(f"{name}: {json.dumps(shown)}")
    if not DCIODVFY:
        print("dciodvfy was not found: no new errors were counted (set INLET_DCIODVFY).")


if __name__ == "__main__":
    main()
