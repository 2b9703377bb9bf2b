"""Devices that are known to burn text into known rectangles: `signatures.json`.

A signature matches when all of its conditions hold. `contains` looks for one of the values
anywhere in the attribute, without case, a value of up to three characters as a word of its own;
`equals` compares with the whole attribute.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from shared.dicom.deidentification.cleaning.attributes import Attributes
from shared.dicom.deidentification.cleaning.rectangles import Rectangle

SIGNATURES_PATH: Final = Path(__file__).with_name("signatures.json")
_SIZE: Final = frozenset({0x00280010, 0x00280011})  # Rows, Columns
_SCREEN: Final = frozenset({0x00080008, 0x0008103E})  # Image Type, Series Description
_LONGEST_WORD: Final = 3


@dataclass(frozen=True, slots=True)
class Condition:
    """One attribute, and what it must contain or equal."""

    tag: int
    whole: bool
    values: tuple[str, ...]

    def holds(self, attributes: Attributes) -> bool:
        """Whether one of the values is there."""
        text = attributes.text(self.tag).casefold()
        values = (value.casefold() for value in self.values)
        return any(text == value if self.whole else _contains(text, value) for value in values)


@dataclass(frozen=True, slots=True)
class Signature:
    """A device's kind of image, and where text stands in it."""

    name: str
    conditions: tuple[Condition, ...]
    rectangles: tuple[Rectangle, ...]

    def matches(self, attributes: Attributes) -> bool:
        """Whether the image is of this kind."""
        return all(condition.holds(attributes) for condition in self.conditions)

    @property
    def is_exact(self) -> bool:
        """Whether it names the size of the image, so that the rectangles are where they were."""
        return any(condition.tag in _SIZE for condition in self.conditions)

    @property
    def is_of_screens(self) -> bool:
        """Whether it tells one kind of a device's images from its others."""
        return any(condition.tag in _SCREEN for condition in self.conditions)


@cache
def library() -> tuple[Signature, ...]:
    """The signatures, read once, on first use."""
    data = json.loads(SIGNATURES_PATH.read_text("utf-8"))
    return tuple(_signature(entry) for entry in data["signatures"])


def matching(attributes: Attributes) -> tuple[Signature, ...]:
    """The signatures that the image has."""
    return tuple(signature for signature in library() if signature.matches(attributes))


def _signature(entry: Mapping[str, Any]) -> Signature:
    return Signature(
        entry["name"],
        tuple(
            Condition(int(each["tag"], 16), each["operator"] == "equals", tuple(each["values"]))
            for each in entry["conditions"]
        ),
        tuple(Rectangle(*numbers) for numbers in entry["rectangles"]),
    )


def _contains(text: str, value: str) -> bool:
    if len(value) > _LONGEST_WORD:
        return value in text
    return re.search(rf"(?<![a-z0-9]){re.escape(value)}(?![a-z0-9])", text) is not None
