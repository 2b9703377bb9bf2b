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
        prefix: str,
        dummied: bool,  # noqa: FBT001 - of the package alone, and asked for every item
    ) -> None:
        self._elements = elements
        self.rules = rules
        self.encodings = encodings
        self.prefix = prefix  # the path of the enclosing item
        self.dummied = dummied  # inside a sequence that is a dummy as a whole

    @cached_property
    def blocks(self) -> PrivateBlocks:
        """The private blocks of the data set or item."""
        return PrivateBlocks(self._elements)

    @cached_property
    def regions(self) -> frozenset[int]:
        """The groups of overlays that mark a region and nothing else."""
        return regions_of_interest(self._elements)
