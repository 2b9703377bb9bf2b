"""Enumerated values of attributes that have the same ones wherever they stand (PS3.3).

Kept by hand: the sources of the generated tables have none. Defined terms may be extended and are
not here. Where modules enumerate different values, those of all of them are.
"""

from __future__ import annotations

from typing import Final

_YES_NO: Final = ("YES", "NO")
_RELATIONSHIPS: Final = (
    "CONTAINS",
    "HAS PROPERTIES",
    "HAS OBS CONTEXT",
    "HAS ACQ CONTEXT",
    "INFERRED FROM",
    "SELECTED FROM",
    "HAS CONCEPT MOD",
)
_VALUE_TYPES: Final = (
    *("CODE", "COMPOSITE", "CONTAINER", "DATE", "DATETIME", "IMAGE", "NUM", "NUMERIC", "PNAME"),
    *("SCOORD", "SCOORD3D", "TABLE", "TCOORD", "TEXT", "TIME", "UIDREF", "WAVEFORM"),
)

# Tag -> the values of the first value, of the second, …; further values are free.
ENUMERATED_TEXT: Final[dict[int, tuple[tuple[str, ...], ...]]] = {
    0x00080008: (("ORIGINAL", "DERIVED", "MIXED"), ("PRIMARY", "SECONDARY")),  # C.7.6.1.1.2
    0x00080068: (("FOR PRESENTATION", "FOR PROCESSING"),),  # C.8.11.1, Presentation Intent Type
    0x00100040: (("M", "F", "O"),),  # C.7.1.1, Patient's Sex
    0x001021A0: (("YES", "NO", "UNKNOWN"),),  # C.7.2.2, Smoking Status
    0x00102203: (("ALTERED", "UNALTERED"),),  # C.7.2.2, Patient's Sex Neutered
    0x00102210: (("BIPED", "QUADRUPED"),),  # C.7.3.1, Anatomical Orientation Type
    0x00120062: (_YES_NO,),  # C.7.1.1, Patient Identity Removed
    0x00180023: (("2D", "3D"),),  # C.8.3.1, MR Acquisition Type
    0x00180025: (("Y", "N"),),  # C.8.3.1, Angio Flag
    0x00181140: (("CW", "CC"),),  # C.8.2.1, Rotation Direction
    0x00181315: (("Y", "N"),),  # C.8.3.1, Variable Flip Angle Flag
    0x00200060: (("R", "L"),),  # C.7.3.1, Laterality
    0x00200062: (("R", "L", "U", "B"),),  # C.7.6.1, Image Laterality
    0x00280300: (("YES", "NO", "BOTH"),),  # C.7.6.1, Quality Control Image
    0x00280301: (_YES_NO,),  # C.7.6.1, Burned In Annotation
    0x00280302: (_YES_NO,),  # C.7.6.1, Recognizable Visual Features
    0x00282110: (("00", "01"),),  # C.7.6.1, Lossy Image Compression
    0x0040A010: (_RELATIONSHIPS,),  # C.17.3.2.4, Relationship Type
    0x0040A040: (_VALUE_TYPES,),  # 10.2 and C.17.3.2.1, Value Type
    0x0040A050: (("SEPARATE", "CONTINUOUS"),),  # C.18.8, Continuity of Content
    0x0040A491: (("PARTIAL", "COMPLETE"),),  # C.17.2, Completion Flag
    0x0040A493: (("UNVERIFIED", "VERIFIED"),),  # C.17.2, Verification Flag
    0x0040A496: (("PRELIMINARY", "FINAL"),),  # C.17.2, Preliminary Flag
    0x00620001: (("BINARY", "FRACTIONAL", "LABELMAP"),),  # C.8.20.2, Segmentation Type
    0x00620008: (("AUTOMATIC", "SEMIAUTOMATIC", "MANUAL"),),  # C.8.20.4, Segment Algorithm Type
    0x00620010: (("PROBABILITY", "OCCUPANCY"),),  # C.8.20.2, Segmentation Fractional Type
    0x20500020: (("IDENTITY", "INVERSE", "LIN OD"),),  # C.7.6.1 and C.11.6, Presentation LUT Shape
}

# Tag -> the values of an unsigned short.
ENUMERATED_NUMBERS: Final[dict[int, tuple[int, ...]]] = {
    0x001021C0: (1, 2, 3, 4),  # C.7.2.3, Pregnancy Status
    0x00280006: (0, 1),  # C.7.6.3, Planar Configuration
    0x00280103: (0, 1),  # C.7.6.3, Pixel Representation
    0x00280014: (0, 1),  # C.8.5.6, Ultrasound Color Data Present
}
