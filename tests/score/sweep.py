"""Every attribute of PS3.6 that can hold an identity, each with one planted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from pydicom._dicom_dict import DicomDictionary

from tests.builders import a_uid
from tests.score.draft import Draft
from tests.score.people import day_forms, plain

_GROUPS_ELSEWHERE: Final = frozenset({0x0000, 0x0002, 0x0004, 0x7FE0, 0xFFFE})
_KINDS: Final = ("ClassUID", "Syntax", "CodingScheme", "Context", "MappingResource")
_OF_THE_BASE: Final = frozenset(
    {
        "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "SpecificCharacterSet",
        "TimezoneOffsetFromUTC", "PatientName", "PatientID", "IssuerOfPatientID", "Modality",
    }
)  # fmt: skip
# Attributes by whose value an object may be held: each is planted alone.
DECIDING: Final = frozenset(
    {
        "BurnedInAnnotation", "RecognizableVisualFeatures", "ImageType", "ConversionType",
        "SpecimenLabelInImage", "SeriesDescription", "PixelDataProviderURL", "EncapsulatedDocument",
    }
)  # fmt: skip
DEEP: Final = "SharedFunctionalGroupsSequence.PixelMeasuresSequence"
_AT_ONCE: Final = 12
_TEXT: Final = frozenset({"LO", "SH", "ST", "LT", "UT", "UC", "PN", "AE", "CS", "UR"})
_OTHER: Final = frozenset({"DA", "DT", "UI", "DS", "IS", "OB", "OW", "UN"})
_LENGTHS: Final = {"SH": 16, "AE": 16, "CS": 16, "LO": 64}


def attributes() -> list[tuple[str, str]]:
    """Keyword and VR of all attributes that are planted."""
    rows = sorted(DicomDictionary.items())
    return [
        (keyword, vr)
        for tag, (vr, _, _, _, keyword) in rows
        if vr in _TEXT | _OTHER
        and tag >> 16 not in _GROUPS_ELSEWHERE
        and tag & 0xFFFF
        and keyword
        and keyword not in _OF_THE_BASE
        and not any(kind in keyword for kind in _KINDS if vr == "UI")
    ]


def chunks(every: int = 1) -> Iterator[list[tuple[str, str]]]:
    """The attributes in small groups, each `every`-th of them; the deciding ones alone."""
    chosen = attributes()[::every]
    yield from ([each] for each in chosen if each[0] in DECIDING)
    rest = iter([each for each in chosen if each[0] not in DECIDING])
    while group := list(islice(rest, _AT_ONCE)):
        yield group


def plant(draft: Draft, group: list[tuple[str, str]], prefix: str = "") -> None:
    """Plant an identity into each attribute, in the item at `prefix`."""
    for number, (keyword, vr) in enumerate(group):
        _plant(draft, f"{prefix}.{keyword}" if prefix else keyword, vr, number)


def _plant(draft: Draft, path: str, vr: str, number: int) -> None:
    person = draft.person
    place = f"any {vr}" + (" in items" if "." in path else "")
    match vr:
        case "DA":
            draft.day(place, path, person.study_day)
        case "DT":
            draft.day(place, path, person.birth, "101112")
        case "UI":
            draft.uid(place, path, a_uid(int(person.id_number), number))
        case _:
            value, words = _identifying(draft, vr, number)
            draft.put(place, path, value, *words, vr="")


def _identifying(draft: Draft, vr: str, number: int) -> tuple[Any, tuple[str, ...]]:
    """A value of the VR, and its words that must go."""
    person = draft.person
    if vr == "PN":
        return person.name, person.name_words
    if vr in {"OB", "OW", "UN"}:
        return f"{person.accession}  ".encode("ascii"), (person.accession,)
    name = _word(plain(person.name_words[0])) or person.accession
    single = {
        "AE": (person.station, person.station),
        "CS": (name, name) if number % 2 else (f"A {person.id_number}", person.id_number),
        "DS": (person.id_number, person.id_number),
        "IS": (person.id_number, person.id_number),
        "UR": (f"http://brackwater.example/{person.id}", person.id),
    }
    value, word = single.get(vr) or _in_text(draft, vr, number)
    return value, (word,)


def _in_text(draft: Draft, vr: str, number: int) -> tuple[str, str]:
    person = draft.person
    choices = (
        person.family, person.id, person.given, person.accession, person.station, person.serial,
        day_forms(person.birth)[0], day_forms(person.study_day)[1],
    )  # fmt: skip
    word = choices[number % len(choices)][: _LENGTHS.get(vr, 64)]
    return (word if vr == "SH" else f"of {word}"), word


def _word(name: str) -> str:
    """The name as a Code String may have it, "" where too little of it is left."""
    first = name.replace("'", "-").split("-")[-1].upper()[:16]
    return first if len(first) > 4 and first.isalpha() else ""
