"""Kept values that repeat no identifier of their object, told all together instead of one by one.

Almost every value that may stay is harmless. Those of an object are put behind one another and
searched in one pass. Where something is found, the values that may have it are judged one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import Final, Protocol

from shared.dicom.deidentification.understanding import (
    BINARY_VRS,
    NUMBER_VRS,
    TEXT_VRS,
    is_number,
    is_of_uids,
)

SHORTEST_BYTES: Final = 6  # in binary values, shorter runs occur by chance
_NUMBER_END: Final = b"\\"
_PADDING: Final = b"\x00"  # of a number that is otherwise one
_MANY: Final = 64
# Code Strings and numbers inside a dummy sequence are kept as anywhere: they name nobody, and their
# enumerated values and multiplicities are what makes the item valid.
DUMMIED_VRS: Final = TEXT_VRS - {"CS"}


class Searching(Protocol):
    """What knows the identifiers of an object."""

    def told_by(self, texts: Sequence[str]) -> AbstractSet[str]:
        """Parts, in small letters, of those texts of ASCII that may repeat an identifier."""

    def in_number(self, text: str) -> bool:
        """Whether a value of a DS or IS is an identifier as a whole."""

    def in_bytes(self, value: bytes) -> bool:
        """Whether a binary value contains a long identifier, whatever stands around it."""


class Harmless(dict[str, set[bytes]]):
    """By Value Representation, those values that repeat no identifier.

    VRs that are judged alike share one set. It has the candidates until `judge` leaves in it what
    is harmless; of UIDs, that they are UIDs.
    """

    def __init__(self) -> None:
        self._texts, self._numbers, self._binary, self._uids = ({b""} for _ in range(4))
        super().__init__(UI=self._uids)
        self.update(dict.fromkeys(TEXT_VRS, self._texts))
        self.update(dict.fromkeys(NUMBER_VRS, self._numbers))
        self.update(dict.fromkeys(BINARY_VRS, self._binary))

    @cached_property
    def in_dummies(self) -> Mapping[str, AbstractSet[bytes]]:
        """By VR, those that stay inside a sequence that is a dummy as a whole."""
        return {**self, **dict.fromkeys(DUMMIED_VRS, frozenset[bytes]())}

    def judge(self, known: Searching) -> None:
        """Leave only values that repeat none of the known identifiers."""
        texts = [text for text in self._texts if text.isascii() and not _is_coded(text)]
        told = known.told_by([text.decode("ascii") for text in texts])
        if told or len(texts) < len(self._texts):
            self._texts.clear()
            self._texts.update(_without(texts, told))
        numbers = b"".join(each.removesuffix(_PADDING) + _NUMBER_END for each in self._numbers)
        if not is_number(numbers) or known.in_number(numbers.decode("ascii")):
            self._numbers.clear()
        self._uids.difference_update([uid for uid in self._uids if not is_of_uids(uid)])
        long = [value for value in self._binary if len(value) >= SHORTEST_BYTES]
        if known.in_bytes(b"".join(long)):
            self._binary.difference_update(long)


def _is_coded(text: bytes) -> bool:
    """Whether text of ASCII is not what it seems: of another set, or two bytes a character."""
    return b"\x1b" in text or b"\x00" in text


def _without(texts: Iterable[bytes], told: AbstractSet[str]) -> Iterator[bytes]:
    """The texts that have none of the parts; none where there are too many to look for each."""
    parts = [part.encode("ascii") for part in told]
    if len(parts) <= _MANY:
        for text in texts:
            lowered = text.lower()
            if not any(part in lowered for part in parts):
                yield text
