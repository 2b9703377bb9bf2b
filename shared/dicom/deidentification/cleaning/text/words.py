"""Which text may stay in a picture: what tells a side, a length, a rate, and no person."""

from __future__ import annotations

import re
from typing import Final

_SIDES: Final = "[LRAPHFSI]{1,2}"  # C.7.6.1.1.1, and S and I for H and F; three may be a name
UNITS: Final = (
    "mm", "cm", "m", "mm2", "cm2", "ml", "cm/s", "m/s", "mmHg", "s", "ms", "Hz", "kHz", "MHz",
    "fps", "bpm", "dB", "kV", "kVp", "mA", "mAs", "HU", "T", "%", "°",
)  # fmt: skip
_SCALE: Final = r"[-+±]?[0-9]{1,2}(?:[.,][0-9])?"  # longer ones may be of an identifier
_MEASURE: Final = r"[-+±]?[0-9]{1,4}(?:[.,][0-9]{1,2})?"
_UNIT: Final = "|".join(map(re.escape, UNITS))
_STAYS: Final = re.compile(rf"{_SIDES}|{_SCALE}|(?:{_MEASURE} ?)?(?:{_UNIT})", re.ASCII)
_LEAST_CONFIDENCE: Final = 0.9


def stays(text: str, confidence: float) -> bool:
    """Whether a text, read with this confidence, is one of those that tell nothing of a person."""
    return confidence >= _LEAST_CONFIDENCE and _STAYS.fullmatch(text.strip()) is not None
