"""What looking at an object's pixels changes in what is done with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.dicom.deidentification.cleaning.cleaned import CleanedPixels
from shared.dicom.deidentification.cleaning.evidence import (
    Blank,
    CleaningPolicy,
    Hold,
    Plan,
    planned,
)
from shared.dicom.deidentification.cleaning.obstacles import CleaningError
from shared.dicom.deidentification.cleaning.rectangles import Rectangle
from shared.dicom.deidentification.cleaning.text.finder import TextFinder
from shared.dicom.deidentification.cleaning.text.frames import frames_of
from shared.dicom.deidentification.reasons import HoldReason
from shared.dicom.elements import Header
from shared.dicom.source import Source

_ANYWHERE: Final = (Rectangle(0, 0, 1, 1),)


@dataclass(frozen=True, slots=True)
class Look:
    """An object, and who looks at it: nobody where there is no finder or no source."""

    header: Header
    source: Source | None
    finder: TextFinder | None

    def plan(self, policy: CleaningPolicy, waived: frozenset[HoldReason] = frozenset()) -> Plan:
        """What the evidence says, that of the pixels themselves included.

        They are not looked at where no text could change what is done. What cannot be decoded
        cannot be looked at: the plan is what it is without a finder.

        Raises:
            TransientError: `short-read`, the source gave less than it has.
        """
        plan = planned(self.header, policy, waived)
        if self.source is None:
            return Hold(HoldReason.PIXEL_DATA_UNBOUNDED) if isinstance(plan, Blank) else plan
        if self.finder is None:
            return plan
        if isinstance(planned(self.header, policy, waived, _ANYWHERE), Hold):
            return plan
        try:
            boxes = self.finder(frames_of(self.header, self.source))
        except CleaningError:
            return plan
        return planned(self.header, policy, waived, tuple(box.rectangle for box in boxes))

    def shows_text(self, plan: Plan, cleaned: CleanedPixels) -> bool:
        """Whether there is text in what is to be written, where the plan was made by a look.

        Raises:
            CleaningError: what is to be written cannot be decoded.
            TransientError: `short-read`, the source gave less than it has.
        """
        if self.source is None or self.finder is None:
            return False
        if not (isinstance(plan, Blank) and plan.looked):
            return False
        boxes = self.finder(frames_of(self.header, self.source, cleaned))
        return bool(boxes)
