"""What is accepted but not as the standard has it: stable codes, free of values."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

MOST_WARNINGS: Final = 100  # of one object's validation: they travel in messages

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
        "fragments-unchecked": "Not all fragments of the pixel data were looked at.",
        "offset-table-wrong": "An offset table of the pixel data does not point to their frames.",
        "fragment-count-differs": "The fragments are fewer or more than the frames need.",
        "deflated-pixels-unchecked": "Whether the deflated pixel data are whole was not looked at.",
        "more-dropped": "More values are left out of the metadata than are named.",
        "more-references": "The DICOMDIR names more instances than are compared with the archive.",
        "pixel-data-longer": "The pixel data are longer than rows, columns and frames make them.",
        "uid-form": "A UID is not formed as PS3.5 Section 9.1 wants it.",
        "unknown-sop-class": "The SOP class is not a storage class of the standard.",
        "retired-sop-class": "The SOP class is retired from the standard.",
        "retired-transfer-syntax": "The transfer syntax is retired from the standard.",
        "missing-type-1": "An attribute that the SOP class requires is missing (Type 1).",
        "missing-type-1c": "An attribute that others beside it require is missing (Type 1C).",
        "missing-type-2": "An attribute that may be empty but not missing is missing (Type 2).",
        "missing-type-2c": "An attribute that others beside it require is missing (Type 2C).",
        "empty-type-1": "An attribute that must have a value is empty (Type 1 or 1C).",
        "unknown-attribute": "An attribute of an even group is not in the data dictionary.",
        "vr-differs": "The value representation is not the one of the data dictionary (PS3.6).",
        "vm-differs": "The number of values is not what the data dictionary allows (PS3.6).",
        "value-form": "A date, time, age, number or name is not formed as PS3.5 6.2 wants it.",
        "value-characters": "A value has characters that its representation excludes (PS3.5 6.2).",
        "value-length": "A value is longer than, or no multiple of, what PS3.5 6.2 allows.",
        "value-padding": "A value is padded otherwise than PS3.5 6.2 wants it.",
        "odd-length": "A value has an odd number of bytes (PS3.5 Section 7.1.1).",
        "not-enumerated": "A value is none of those that PS3.3 enumerates for the attribute.",
        "future-date": "A date of something that has happened lies in the future.",
        "dates-contradict": "Birth, study, series and acquisition are not in this order.",
        "age-contradicts": "The age is not that of the birth date on the study date.",
        "uids-not-distinct": "Study, series and instance do not have UIDs of their own.",
        "modality-contradicts": "The modality is not one of the SOP class.",
        "bits-contradict": "Bits allocated, bits stored and high bit do not fit each other.",
        "undecodable-text": "A text has bytes outside its character set; U+FFFD stands for them.",
        "unknown-character-set": "Specific Character Set has a term that is not the standard's.",
        "findings-left-out": "There are more kinds of findings than are told.",
    }
)


@dataclass(frozen=True, slots=True)
class Warning_:  # noqa: N801 - the plain word is a builtin
    """One finding: its code, the path of the attribute (empty for the object) and its meaning."""

    code: str
    path: str = ""
    count: int = 1  # how often: in that many items, of which `path` is the first

    @property
    def text(self) -> str:
        """The meaning of the code."""
        return WARNINGS[self.code]
