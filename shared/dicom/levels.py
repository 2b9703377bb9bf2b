"""What is open during the walk over a data set: the data set, an item or a sequence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias

from shared.dicom.elements import RawElement, RawItem
from shared.dicom.notation import Notation

ENDLESS: Final = 1 << 62


@dataclass(slots=True, eq=False)
class _Container:
    """What has not reached its end.

    `end` is the first offset that is not its own; for an undefined length that of the container
    around it. `bounded` says that some defined length set that end, not the end of the stream.
    """

    end: int
    notation: Notation
    bounded: bool
    undefined: bool


@dataclass(slots=True, eq=False)
class ElementsLevel(_Container):
    """The data set, which is within nothing, or an item."""

    within: SequenceLevel | None
    depth: int  # of nesting
    elements: list[RawElement] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class SequenceLevel(_Container):
    """A sequence, or a value that is presumed to enclose items."""

    within: ElementsLevel
    tag: int
    vr: str | None
    start: int
    resume: int | None  # where to go on when the value turns out not to enclose items
    detects_notation: bool
    items: list[RawItem] = field(default_factory=list)


Level: TypeAlias = ElementsLevel | SequenceLevel
