"""Which instance an object is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# What can be part of an object's name; that a UID is well formed is another question.
USABLE_UID: Final = re.compile(r"[0-9][0-9.]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The UIDs that place one instance; a non-patient object has no study and no series."""

    study_instance_uid: str | None
    series_instance_uid: str | None
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
