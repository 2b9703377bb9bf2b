"""What is scored: anything that makes a copy of an object's bytes, or says why it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

import yaml

from shared.dicom.deidentification import (
    BASIC,
    LIMITS,
    Held,
    HeldError,
    Profile,
    PseudonymKey,
    deidentify,
    options,
    profile,
)
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from shared.errors import PermanentError
from tests.score.key import Option, Options

KEY: Final = PseudonymKey(b"a secret for scoring only", "score")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The copy, or why there is none."""

    data: bytes | None
    reason: str = ""  # held, or refused


Engine: TypeAlias = Callable[[bytes], Made]


def inlet(data: bytes, *, under: Profile = BASIC, key: PseudonymKey = KEY) -> Made:
    """Inlet under a profile."""
    source = BytesSource(data)
    try:
        result = deidentify(read_header(source, LIMITS), key, source, profile=under)
        if isinstance(result, Held):
            return _held(result.reason, result.residue)
        return Made(data=b"".join(result.pieces(source)))
    except HeldError as error:
        return _held(error.reason, error.residue)
    except PermanentError as error:
        return Made(data=None, reason=f"refused: {error.reason}")


def _held(reason: str, residue: tuple[str, ...]) -> Made:
    found = f" ({', '.join(residue)})" if residue else ""
    return Made(data=None, reason=f"{reason}{found}")


def basic_profile(data: bytes) -> Made:
    """Inlet under the Basic Profile without options."""
    return inlet(data)


def _shipped(name: str) -> Engine:
    text = (_SHIPPED / f"{name}.yaml").read_text("utf-8")
    return partial(inlet, under=Profile.from_data(name, yaml.safe_load(text)))


_SHIPPED: Final = Path(profile.__file__).parent / "profiles"
_FOLLOW_UP: Final = frozenset({Option.MODIFIED_DATES, Option.PATIENT_CHARACTERISTICS})
_CLEANING: Final = Profile(
    name="clean-pixel-data", options=frozenset({options.Option.CLEAN_PIXEL_DATA})
)  # with what the extra `text` finds, where it is installed
PROFILES: Final[dict[str, tuple[Engine, Options]]] = {
    "basic": (basic_profile, frozenset()),
    "research-longitudinal": (_shipped("research-longitudinal"), _FOLLOW_UP),
    "research-descriptors": (
        _shipped("research-descriptors"),
        _FOLLOW_UP | {Option.CLEAN_DESCRIPTORS},
    ),
    "clean-pixel-data": (partial(inlet, under=_CLEANING), frozenset()),
}
