"""What is scored: anything that makes a copy of an object's bytes, or says why it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from shared.dicom.deidentification import Held, PseudonymKey, deidentify
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from shared.errors import PermanentError
from tests.score.key import Options

KEY: Final = PseudonymKey(b"a secret for scoring only", "score")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The copy, or why there is none."""

    data: bytes | None
    reason: str = ""  # held, or refused


Engine: TypeAlias = Callable[[bytes], Made]


def basic_profile(data: bytes) -> Made:
    """Inlet under the Basic Profile without options."""
    source = BytesSource(data)
    try:
        result = deidentify(read_header(source), KEY, source)
    except PermanentError as error:
        return Made(data=None, reason=f"refused: {error.reason}")
    if isinstance(result, Held):
        found = f" ({', '.join(result.residue)})" if result.residue else ""
        return Made(data=None, reason=f"{result.reason}{found}")
    copy = b"".join(
        part if isinstance(part, bytes) else source.read(part.offset, part.length)
        for part in result.segments
    )
    return Made(data=copy)


PROFILES: Final[dict[str, tuple[Engine, Options]]] = {"basic": (basic_profile, frozenset())}
