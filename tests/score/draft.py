"""An object while identities are planted into it, and the checks that this brings."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from pydicom import config
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from tests.score.key import Action, Burned, Case, Category, Check, Option, Options, Path
from tests.score.people import Person, dicom_day

_PREAMBLE: Final = 128


@dataclass(slots=True, kw_only=True)
class Draft:
    """What is written at the end, and what must become of it."""

    name: str
    dataset: Dataset  # with its file meta
    person: Person
    options: Options
    preamble: bytes = b""
    trailing: bytes = b""
    checks: list[Check] = field(default_factory=list)
    burned: Burned | None = None
    needles: list[str] = field(default_factory=list)

    def put(self, place: str, path: str, value: Any, *words: str, vr: str = "") -> None:
        """Set an attribute whose words tell who the patient is: they must go.

        A path is keywords or tags in hexadecimal, joined by points; items are made on the way.
        """
        if not self.is_planted(path):
            at = self.set(path, value, vr)
            self._owe(Action.TEXT_REMOVED, Category.HIPAA, place, at, *words)

    def describe(self, place: str, path: str, kept: str, *words: str, form: str) -> None:
        """Set a descriptor (PS3.15 Clean Descriptors Option) that also tells who the patient is.

        `form` has a place for each of the words, which must go; `kept` is what it says besides,
        which the option keeps.
        """
        if self.is_planted(path):
            return
        at = self.set(path, form.format(*words))
        self._owe(Action.TEXT_REMOVED, Category.HIPAA, place, at, *words)
        if Option.CLEAN_DESCRIPTORS in self.options:
            self._owe(Action.TEXT_RETAINED, Category.TCIA, place, at, kept)

    def characteristic(self, place: str, path: str, value: Any) -> None:
        """Set what describes the patient, which an option keeps (PS3.15 E.3.5)."""
        kept = Option.PATIENT_CHARACTERISTICS in self.options
        action = Action.TEXT_RETAINED if kept else Action.TEXT_REMOVED
        category = Category.TCIA if kept else Category.PS3_15
        self._owe(action, category, place, self.set(path, value), str(value))

    def day(self, place: str, path: str, day: date, rest: str = "") -> None:
        """Set a date, or with the rest of it a date and time."""
        if self.is_planted(path):
            return
        at = self.set(path, dicom_day(day) + rest)
        self._owe(Action.DATE_SHIFTED, Category.HIPAA, place, at, dicom_day(day))

    def uid(self, place: str, path: str, uid: str) -> None:
        """Set the UID of an instance, series, frame of reference or the like."""
        if self.is_planted(path):
            return
        at = self.set(path, uid)
        self._owe(Action.UID_CHANGED, Category.HIPAA, place, at, uid)
        self._owe(Action.UID_CONSISTENT, Category.PS3_15, place, at, uid)

    def patient_id(self, place: str, path: str = "PatientID") -> None:
        """Set the patient's id."""
        at = self.set(path, self.person.id)
        self._owe(Action.TEXT_REMOVED, Category.HIPAA, place, at, self.person.id)
        self._owe(Action.PATID_CONSISTENT, Category.PS3_15, place, at, self.person.id)

    def owe(self, action: Action, category: Category, place: str, path: Path, value: str) -> None:
        """Require an action on what is already there."""
        self.checks.append(
            Check(action=action, category=category, place=place, path=path, value=value)
        )

    def _owe(self, action: Action, category: Category, place: str, path: Path, *words: str) -> None:
        self.owe(action, category, place, path, " ".join(words))

    def planted(self) -> set[Path]:
        """Where checks stand already."""
        return {check.path for check in self.checks}

    def is_planted(self, path: str) -> bool:
        """Whether an earlier spot has planted there: its value must stay for its check to tell."""
        *sequences, last = (int(Tag(name)) for name in path.split("."))
        numbers = [number for tag in sequences for number in (tag, 0)]
        return (*numbers, last) in self.planted()

    def set(self, path: str, value: Any, vr: str = "") -> Path:
        """Set an attribute at a path, items being made on the way; return the path as numbers."""
        *sequences, last = path.split(".")
        dataset, numbers = self.dataset, list[int]()
        for name in sequences:
            tag = Tag(name)
            if tag not in dataset or not dataset[tag].value:
                dataset.add_new(tag, "SQ", [Dataset()])
            dataset = dataset[tag].value[0]
            numbers += [int(tag), 0]
        if vr:
            dataset.add(_element(int(Tag(last)), vr, value))
        else:
            setattr(dataset, last, value)
        return (*numbers, int(Tag(last)))

    def case(self) -> Case:
        """Write the object and return it with its checks.

        Raises:
            ValueError, TypeError, AttributeError, OverflowError: pydicom cannot write it.
        """
        buffer = io.BytesIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.dataset.save_as(buffer, enforce_file_format=True)
        data = self.preamble.ljust(_PREAMBLE, b"\x00") + buffer.getvalue()[_PREAMBLE:]
        return Case(
            name=self.name,
            data=data + self.trailing,
            checks=tuple(self.checks),
            needles=(*self.person.needles, *self.needles),
            burned=self.burned,
        )


def _element(tag: int, vr: str, value: Any) -> DataElement:
    """An element of just this VR: pydicom would look behind UN otherwise."""
    replacing = config.replace_un_with_known_vr
    config.replace_un_with_known_vr = False
    try:
        return DataElement(tag, vr, value)
    finally:
        config.replace_un_with_known_vr = replacing
