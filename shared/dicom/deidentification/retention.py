"""What a profile says may still be there, in the words of the independent check.

Made from the options and overrides as they are written, not from the rules compiled of them: a
rule that is wrong is then noticed by the check.
"""

from __future__ import annotations

from functools import partial

from pydicom.datadict import dictionary_VR

from shared.dicom.deidentification.options import Option
from shared.dicom.deidentification.profile import Profile, Treatment
from shared.dicom.identity_check import NOTHING_RETAINED, Retained


def retained_by(profile: Profile, days: int) -> Retained:
    """What the profile retains on purpose, for a patient whose dates are moved by so many days."""
    options = profile.options
    if not options and not profile.overrides:
        return NOTHING_RETAINED
    treatments = {override.treatment for override in profile.overrides}
    moves = Option.RETAIN_MODIFIED_DATES in options or Treatment.DATE_SHIFT in treatments
    return Retained(
        full_dates=Option.RETAIN_FULL_DATES in options,
        moved_by=days if moves or Treatment.CLEAN in treatments else 0,
        uids=Option.RETAIN_UIDS in options,
        devices=Option.RETAIN_DEVICE_IDENTITY in options,
        institutions=Option.RETAIN_INSTITUTION_IDENTITY in options,
        kept=partial(_is_kept, profile) if Treatment.KEEP in treatments else None,
    )


def _is_kept(profile: Profile, path: tuple[int, ...], tag: int) -> bool:
    try:
        vr = dictionary_VR(tag).split(" or ", maxsplit=1)[0]
    except KeyError:
        return False
    for override in reversed(profile.overrides):
        if override.matches(tag, vr, path):
            return override.treatment is Treatment.KEEP
    return False
