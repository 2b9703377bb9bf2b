"""Whether an object can be proven clean without looking at its pixels and its content."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from shared.dicom.deidentification.characters import DEFAULT, decoded, trimmed
from shared.dicom.deidentification.reasons import HoldReason
from shared.dicom.elements import Header, RawElement

_RISK_PATH: Final = Path(__file__).with_name("pixel_risk.json")
_STORAGE: Final = "1.2.840.10008.5.1.4.1.1."
_IMAGE_TYPE: Final = 0x00080008
_SOP_CLASS_UID: Final = 0x00080016
_SOP_INSTANCE_UID: Final = 0x00080018
_MODALITY: Final = 0x00080060
_CONVERSION_TYPE: Final = 0x00080064
_SERIES_DESCRIPTION: Final = 0x0008103E
_SAMPLES_PER_PIXEL: Final = 0x00280002
_BURNED_IN_ANNOTATION: Final = 0x00280301
_RECOGNIZABLE_VISUAL_FEATURES: Final = 0x00280302
_SPECIMEN_LABEL_IN_IMAGE: Final = 0x00480010
_OVERLAY_GROUP: Final = 0x60
_OVERLAY_ROWS: Final = 0x0010
_OVERLAY_DATA: Final = 0x3000
_CONTENT: Final = {
    0x00420011: HoldReason.ENCAPSULATED_DOCUMENT,
    0x0040A730: HoldReason.STRUCTURED_CONTENT,
    0x00700001: HoldReason.GRAPHICS,  # Graphic Annotation Sequence
    0x00701A00: HoldReason.GRAPHICS,  # Volumetric Annotation Sequence
    0x00287FE0: HoldReason.UNSUPPORTED_TRANSFER_SYNTAX,  # Pixel Data Provider URL
}
_CLASS_FAMILIES: Final = {
    f"{_STORAGE}104.": HoldReason.ENCAPSULATED_DOCUMENT,
    f"{_STORAGE}88.": HoldReason.STRUCTURED_CONTENT,
    f"{_STORAGE}9.4.": HoldReason.AUDIO,
}
_EVIDENCE: Final = frozenset(
    {
        "byte-order-differs", "encapsulated-in-native-syntax", "native-in-encapsulated-syntax",
        "pixel-data-longer", "pixel-length-unchecked", "vr-encoding-differs",
    }
)  # fmt: skip


class PixelRisk(StrEnum):
    """How likely text is part of the pixels."""

    PIXELLESS = "pixelless"
    NONE = "none"
    DECLARED = "declared"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskTable:
    """`pixel_risk.json`, which says why each class stands where it does."""

    by_sop_class: Mapping[str, PixelRisk]
    transfer_syntaxes: frozenset[str]
    modalities_always: frozenset[str]
    conversion_types: frozenset[str]
    screen_image_types: frozenset[str]
    screen_descriptions: tuple[str, ...]


@cache
def risk_table() -> RiskTable:
    """The table, read once, on first use."""
    data = json.loads(_RISK_PATH.read_text("utf-8"))
    return RiskTable(
        by_sop_class={
            uid: PixelRisk(group["level"])
            for group in data["groups"]
            for uid in group["sop_classes"]
        },
        transfer_syntaxes=frozenset(data["transfer_syntaxes"]),
        modalities_always=frozenset(data["modalities_always"]),
        conversion_types=frozenset(data["conversion_types"]),
        screen_image_types=frozenset(data["screen_image_types"]),
        screen_descriptions=tuple(data["screen_descriptions"]),
    )


def hold_reasons(header: Header) -> Iterator[HoldReason]:
    """All reasons to hold the object; only the first where it cannot be judged further."""
    facts = _facts(header)
    reason = _form(header, facts) or _unknown_class(facts)
    if reason is not None:
        yield reason
        return
    yield from _class(facts)
    yield from _content(facts)
    yield from _pixel_evidence(facts)
    yield from _pixel_class(header, facts)


@dataclass(frozen=True, slots=True)
class _Facts:
    texts: Mapping[int, str]  # short values of the data set itself
    tags: AbstractSet[int]  # of the data set and everything in it

    def text(self, tag: int) -> str:
        return self.texts.get(tag, "")

    def values(self, tag: int) -> set[str]:
        return {value.strip().upper() for value in self.text(tag).split("\\")}


_ASKED: Final = frozenset(
    {
        _IMAGE_TYPE, _SOP_CLASS_UID, _SOP_INSTANCE_UID, _MODALITY, _CONVERSION_TYPE,
        _SERIES_DESCRIPTION, _BURNED_IN_ANNOTATION, _RECOGNIZABLE_VISUAL_FEATURES,
        _SPECIMEN_LABEL_IN_IMAGE,
    }
)  # fmt: skip


def _facts(header: Header) -> _Facts:
    texts = {
        element.tag: decoded(trimmed(element.value), DEFAULT)
        for element in header.dataset
        if element.tag in _ASKED and element.value is not None
    }
    return _Facts(texts, _tags(header.dataset))


def _tags(elements: tuple[RawElement, ...]) -> AbstractSet[int]:
    found, every = set[int](), [*elements]
    for element in every:
        found.add(element.tag)
        if element.items:
            for item in element.items:
                every += item.elements
    return found


def _form(header: Header, facts: _Facts) -> HoldReason | None:
    if header.transfer_syntax_uid not in risk_table().transfer_syntaxes:
        return HoldReason.UNSUPPORTED_TRANSFER_SYNTAX
    if not facts.text(_SOP_CLASS_UID) or not facts.text(_SOP_INSTANCE_UID):
        return HoldReason.IDENTITY_MISSING
    if not _EVIDENCE.isdisjoint(header.warnings) or _is_truncated(header):
        return HoldReason.PIXEL_DATA_INCONSISTENT
    return None


def _is_truncated(header: Header) -> bool:
    pixels = header.pixel_data
    return pixels is not None and pixels.extent.offset + pixels.extent.length > header.object_size


def _unknown_class(facts: _Facts) -> HoldReason | None:
    sop_class = facts.text(_SOP_CLASS_UID)
    known = sop_class in risk_table().by_sop_class or any(_class(facts))
    return None if known else HoldReason.UNSUPPORTED_SOP_CLASS


def _class(facts: _Facts) -> Iterator[HoldReason]:
    sop_class = facts.text(_SOP_CLASS_UID)
    for family, reason in _CLASS_FAMILIES.items():
        if sop_class.startswith(family):
            yield reason


def _content(facts: _Facts) -> Iterator[HoldReason]:
    for tag in sorted(tag for tag in _CONTENT if tag in facts.tags):
        yield _CONTENT[tag]
    is_state = facts.text(_SOP_CLASS_UID).startswith(f"{_STORAGE}11.")
    overlays = {tag for tag in facts.tags if tag >> 24 == _OVERLAY_GROUP and not tag >> 16 & 1}
    if overlays and is_state:
        yield HoldReason.GRAPHICS
        return
    described = {tag >> 16 for tag in overlays if tag & 0xFFFF == _OVERLAY_ROWS}
    stored = {tag >> 16 for tag in overlays if tag & 0xFFFF == _OVERLAY_DATA}
    if described - stored:
        yield HoldReason.OVERLAY_IN_PIXEL_DATA


def _pixel_evidence(facts: _Facts) -> Iterator[HoldReason]:
    declared = facts.text(_BURNED_IN_ANNOTATION).upper() not in {"", "NO"}
    if declared or facts.text(_SPECIMEN_LABEL_IN_IMAGE).upper() == "YES":
        yield HoldReason.BURNED_IN_ANNOTATION
    if facts.text(_RECOGNIZABLE_VISUAL_FEATURES).upper() not in {"", "NO"}:
        yield HoldReason.RECOGNIZABLE_VISUAL_FEATURES
    if _is_screen(facts):
        yield HoldReason.SCREEN_CAPTURE


def _is_screen(facts: _Facts) -> bool:
    if facts.values(_IMAGE_TYPE) & risk_table().screen_image_types:
        return True
    description = facts.text(_SERIES_DESCRIPTION).casefold().replace("_", " ")
    return any(screen in description for screen in risk_table().screen_descriptions)


def _pixel_class(header: Header, facts: _Facts) -> Iterator[HoldReason]:
    if header.pixel_data is None:
        return
    declared = facts.text(_BURNED_IN_ANNOTATION).upper() == "NO"
    match _pixel_risk(header, facts):
        case PixelRisk.PIXELLESS:
            yield HoldReason.PIXEL_DATA_INCONSISTENT
        case PixelRisk.ALWAYS:
            yield HoldReason.BURNED_IN_RISK
        case PixelRisk.DECLARED if not declared:
            yield HoldReason.PIXELS_NOT_DECLARED_CLEAN


def _pixel_risk(header: Header, facts: _Facts) -> PixelRisk:
    table = risk_table()
    if facts.values(_MODALITY) & table.modalities_always:
        return PixelRisk.ALWAYS
    if facts.values(_CONVERSION_TYPE) & table.conversion_types:
        return PixelRisk.ALWAYS
    risk = table.by_sop_class.get(facts.text(_SOP_CLASS_UID), PixelRisk.ALWAYS)
    return PixelRisk.DECLARED if risk is PixelRisk.NONE and _has_colour(header) else risk


def _has_colour(header: Header) -> bool:
    """Colour where the modality measures one value: a rendering, which often has a legend."""
    samples = [each.value for each in header.dataset if each.tag == _SAMPLES_PER_PIXEL]
    return any((value or b"").strip(b"\x00") != b"\x01" for value in samples)
