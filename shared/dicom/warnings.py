"""What is accepted but not as the standard has it: stable codes, free of values."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

WARNINGS: Final = MappingProxyType(
    {
        "no-preamble": "The object has no preamble and no DICM prefix (PS3.10 Section 7.1).",
        "tiff-preamble": "The preamble makes the object a TIFF file too.",
        "no-file-meta": "The object has no File Meta Information (PS3.10 Section 7.1).",
        "file-meta-group-length": "File Meta Information Group Length is missing or wrong.",
        "file-meta-implicit": "The File Meta Information is not in Explicit VR Little Endian.",
        "file-meta-incomplete": "The File Meta Information lacks a Type 1 element.",
        "file-meta-differs": "The File Meta Information names another instance or SOP class.",
        "guessed-transfer-syntax": "The transfer syntax was told from the first element.",
        "vr-encoding-differs": "Explicit or implicit VR is not as the transfer syntax has it.",
        "byte-order-differs": "The byte order is not as the transfer syntax has it.",
        "zlib-wrapped": "The deflated data set has a zlib header that PS3.5 A.5 does not allow.",
        "private-transfer-syntax": "The transfer syntax is not one of the standard.",
        "command-set-elements": "Elements of group 0000 stand in the object.",
        "implicit-element": "An element without a VR stands in an explicit VR data set.",
        "unknown-vr": "An element has a value representation that the standard does not know.",
        "stray-delimiter": "A delimitation item stands where none belongs.",
        "missing-delimiter": "A sequence, item or fragment run ends without its delimitation item.",
        "item-length-wrong": "An item is longer than its length says.",
        "trailing-padding": "Zeros follow the last element.",
        "unreadable-trailing": "What follows the pixel data is not a run of elements.",
        "trailing-too-large": "More follows the pixel data than is read.",
        "elements-out-of-order": "Elements do not stand in ascending order of their tags.",
        "duplicate-element": "An element stands more than once in one data set.",
        "encapsulated-in-native-syntax": "Encapsulated pixel data in a native transfer syntax.",
        "native-in-encapsulated-syntax": "Native pixel data in an encapsulated transfer syntax.",
        "pixel-data-empty": "The pixel data have no bytes.",
        "pixel-length-unchecked": "The length of the pixel data cannot be told from attributes.",
        "pixel-data-longer": "The pixel data are longer than rows, columns and frames make them.",
        "uid-form": "A UID is not formed as PS3.5 Section 9.1 wants it.",
        "unknown-sop-class": "The SOP class is not a storage class of the standard.",
        "undecodable-text": "A text has bytes outside its character set; U+FFFD stands for them.",
        "unknown-character-set": "Specific Character Set has a term that is not the standard's.",
    }
)


@dataclass(frozen=True, slots=True)
class Warning_:  # noqa: N801 - the plain word is a builtin
    """One finding: its code, the path of the attribute (empty for the object) and its meaning."""

    code: str
    path: str = ""

    @property
    def text(self) -> str:
        """The meaning of the code."""
        return WARNINGS[self.code]
