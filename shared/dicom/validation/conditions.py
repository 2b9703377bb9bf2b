"""When a Type 1C or 2C attribute is required: conditions that attributes beside it decide.

A condition counts only where the tables of PS3.3 have the attribute as Type 1C or 2C. What
depends on the equipment, the acquisition or an intent is not here.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Final, TypeAlias

from shared.dicom.validation.surroundings import Surroundings

Condition: TypeAlias = Callable[[Surroundings], bool]

CODE_VALUE, LONG_CODE_VALUE, URN_CODE_VALUE = 0x00080100, 0x00080119, 0x00080120
PHOTOMETRIC_INTERPRETATION, SAMPLES_PER_PIXEL = 0x00280004, 0x00280002
SCANNING_SEQUENCE, SEQUENCE_VARIANT = 0x00180020, 0x00180021
VALUE_TYPE: Final = 0x0040A040
# PS3.3 C.7.3.1.1.2: CT, MR, Enhanced CT, Enhanced MR, Enhanced Color MR, MR Spectroscopy.
_WITH_PATIENT_POSITION: Final = frozenset(
    f"1.2.840.10008.5.1.4.1.1.{arc}" for arc in ("2", "4", "2.1", "4.1", "4.3", "4.2")
)

# Projections, captures and ultrasound, which have no image plane: CR, DX, US, SC.
_WITHOUT_PLANE: Final = frozenset(
    f"1.2.840.10008.5.1.4.1.1.{arc}"
    for arc in ("1", "1.1", "1.1.1", "3.1", "6.1", "7", "7.1", "7.2", "7.3", "7.4")
)
_CT_IMAGE: Final = "1.2.840.10008.5.1.4.1.1.2"


def _has(*tags: int) -> Condition:
    return lambda here: here.has(*tags)


def _lacks(*tags: int) -> Condition:
    return lambda here: not here.has(*tags)


def _is(tag: int, *values: str) -> Condition:
    return lambda here: here.text(tag) in values


def _both(one: Condition, other: Condition) -> Condition:
    return lambda here: one(here) and other(here)


def _is_filled(tag: int) -> Condition:
    return lambda here: bool(here.text(tag))


def _is_colour(here: Surroundings) -> bool:
    return (here.number(SAMPLES_PER_PIXEL) or 0) > 1


def _wants_patient_position(here: Surroundings) -> bool:
    return here.sop_class_uid in _WITH_PATIENT_POSITION and not here.has(0x00540410)


def _wants_repetition_time(here: Surroundings) -> bool:
    sequence, variant = here.texts(SCANNING_SEQUENCE), here.texts(SEQUENCE_VARIANT)
    return bool(sequence and variant) and ("EP" not in sequence or "SK" in variant)


def _is_inversion_recovery(here: Surroundings) -> bool:
    return "IR" in here.texts(SCANNING_SEQUENCE)


def _wants_patient_orientation(here: Surroundings) -> bool:
    planes = (0x00200032, 0x00200037, 0x00480102, 0x52009229)
    return here.sop_class_uid in _WITHOUT_PLANE and not here.has(*planes)


def _wants_rescale_type(here: Surroundings) -> bool:
    """PS3.3 C.11.1; of CT images it depends on the acquisition (C.8.2.1)."""
    return here.has(0x00281052) and here.sop_class_uid not in {"", _CT_IMAGE}


def _is_multi_frame(here: Surroundings) -> bool:
    frames = here.text(0x00280008)
    return frames.isdecimal() and int(frames) > 1


_NAMED_VALUES: Final = ("TEXT", "NUM", "CODE", "DATETIME", "DATE", "TIME", "PNAME", "UIDREF")
_PALETTE: Final = _is(PHOTOMETRIC_INTERPRETATION, "PALETTE COLOR")
_LOSSY: Final = _is(0x00282110, "01")
_DEIDENTIFIED: Final = _is(0x00120062, "YES")

CONDITIONS: Final[MappingProxyType[int, Condition]] = MappingProxyType(
    {
        # PS3.3 Table 8.8-1, Code Sequence Macro
        CODE_VALUE: _lacks(LONG_CODE_VALUE, URN_CODE_VALUE),
        0x00080102: _has(CODE_VALUE, LONG_CODE_VALUE),  # Coding Scheme Designator
        # C.7.1.1, Patient
        0x00102298: _is_filled(0x00102297),  # Responsible Person Role
        0x00120063: _both(_DEIDENTIFIED, _lacks(0x00120064)),  # De-identification Method
        0x00120064: _both(_DEIDENTIFIED, _lacks(0x00120063)),  # its Code Sequence
        # C.7.3.1, General Series
        0x00185100: _wants_patient_position,
        # C.7.6.1, General Image
        0x00200020: _wants_patient_orientation,
        # C.7.6.3, Image Pixel
        0x00280006: _is_colour,  # Planar Configuration
        **dict.fromkeys((0x00281101, 0x00281102, 0x00281103), _PALETTE),  # Descriptors
        0x00281201: _both(_PALETTE, _lacks(0x00281221)),  # Data or Segmented Data
        0x00281202: _both(_PALETTE, _lacks(0x00281222)),
        0x00281203: _both(_PALETTE, _lacks(0x00281223)),
        0x7FE00010: _lacks(0x7FE00008, 0x7FE00009, 0x00287FE0),  # Pixel Data
        # C.7.6.6 and its kin
        0x00280009: _is_multi_frame,  # Frame Increment Pointer
        # Modules of lossy images
        0x00282112: _LOSSY,  # Ratio
        0x00282114: _LOSSY,  # Method
        # C.8.3.1, MR Image
        0x00180080: _wants_repetition_time,
        0x00180082: _is_inversion_recovery,  # Inversion Time
        # C.11.1 and C.11.2, Modality LUT and VOI LUT
        0x00281053: _has(0x00281052),  # Rescale Slope
        0x00281054: _wants_rescale_type,
        0x00281051: _has(0x00281050),  # Window Width
        # C.17.3 and C.18, document content by Value Type
        VALUE_TYPE: _lacks(0x0040DB73),  # Referenced Content Item Identifier
        0x0040A043: _is(VALUE_TYPE, *_NAMED_VALUES),  # Concept Name Code Sequence
        0x0040A050: _is(VALUE_TYPE, "CONTAINER"),  # Continuity of Content
        0x0040A120: _is(VALUE_TYPE, "DATETIME"),
        0x0040A121: _is(VALUE_TYPE, "DATE"),
        0x0040A122: _is(VALUE_TYPE, "TIME"),
        0x0040A123: _is(VALUE_TYPE, "PNAME"),
        0x0040A124: _is(VALUE_TYPE, "UIDREF"),
        0x0040A130: _is(VALUE_TYPE, "TCOORD"),
        0x0040A160: _is(VALUE_TYPE, "TEXT"),
        0x0040A168: _is(VALUE_TYPE, "CODE"),
        0x0040A300: _is(VALUE_TYPE, "NUM"),
        0x00081199: _is(VALUE_TYPE, "COMPOSITE", "IMAGE", "WAVEFORM"),
        0x00700022: _is(VALUE_TYPE, "SCOORD", "SCOORD3D"),  # Graphic Data
        0x00700023: _is(VALUE_TYPE, "SCOORD", "SCOORD3D"),  # Graphic Type
    }
)

# A module that is not mandatory is there when this attribute of it is, and then all of it is
# required (PS3.3 A.1.3): tags that no other module of an image has.
PRESENT_BY: Final = MappingProxyType(
    {
        "clinical-trial-subject": 0x00120020,  # Clinical Trial Protocol ID
        "frame-of-reference": 0x00200052,  # Frame of Reference UID
        "image-plane": 0x00200032,  # Image Position (Patient)
        "specimen": 0x00400512,  # Container Identifier
        "synchronization": 0x00200200,  # Synchronization Frame of Reference UID
    }
)
OVERLAY_PLANE: Final = "overlay-plane"
OVERLAY_ROWS, OVERLAY_DATA = 0x60000010, 0x60003000
