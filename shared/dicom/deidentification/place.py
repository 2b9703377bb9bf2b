"""Where an element stands: its data set or item, and what holds there."""

from __future__ import annotations

from functools import cached_property

from shared.dicom.deidentification.characters import Encodings
from shared.dicom.deidentification.graphics import regions_of_interest
from shared.dicom.deidentification.private_blocks import PrivateBlocks
from shared.dicom.deidentification.rules import Rules
from shared.dicom.elements import RawElement


class Place:
    """One data set or item that is being cleaned."""

    def __init__(
        self,
        elements: tuple[RawElement, ...],
        rules: Rules,
        encodings: Encodings,
        dummied: bool = False,  # noqa: FBT001, FBT002 - of the package alone, asked for every item
        within: tuple[Place, int, int] | None = None,
    ) -> None:
        self.elements = elements
        self.rules = rules
        self.encodings = encodings
        self.dummied = dummied  # inside a sequence that is a dummy as a whole
        self._within = within  # of an item: where its sequence stands, its tag, the item's number
        self.prefix: str | None = None if within else ""  # once it is named

    def named(self) -> str:
        """The path of the data set or item; most items need none."""
        if self.prefix is None and self._within is not None:
            outer, tag, number = self._within
            self.prefix = f"{outer.named()}{tag:08X}[{number}]."
        return self.prefix or ""

    @cached_property
    def blocks(self) -> PrivateBlocks:
        """The private blocks of the data set or item."""
        return PrivateBlocks(self.elements)

    @cached_property
    def regions(self) -> frozenset[int]:
        """The groups of overlays that mark a region and nothing else."""
        return regions_of_interest(self.elements)
