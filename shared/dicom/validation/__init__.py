"""What is wrong with an accepted header: warnings, never refusals."""

from __future__ import annotations

from datetime import date

from shared.dicom.elements import Header, RawElement
from shared.dicom.identification import SOP_CLASS_UID, contradicted
from shared.dicom.identity import Identity
from shared.dicom.standard.sop_classes import SOP_CLASS_NAMES
from shared.dicom.validation.coherence import incoherences
from shared.dicom.validation.conditions import OVERLAY_DATA, OVERLAY_ROWS
from shared.dicom.validation.findings import Findings, Place
from shared.dicom.validation.modules import Node, Requirements, is_known, requirements
from shared.dicom.validation.walk import Walk
from shared.dicom.warnings import Warning_

__all__ = ["validate"]

_FIRST_OVERLAY, _END_OF_OVERLAYS, _GROUP = 0x60000000, 0x60200000, 0xFFFF0000


def validate(
    header: Header, identity: Identity | None, *, today: date | None = None
) -> tuple[Warning_, ...]:
    """Return what a tolerant reader forgave and what is not as the standard has it.

    A directory has no identity and is not looked into. Without `today` no date is in the future.
    """
    findings = Findings()
    for code in header.warnings:
        findings.about_object(code)
    if identity is not None:
        _Validation(header, identity, findings).run(today)
    return findings.warnings()


class _Validation:
    """The checks of one instance, in the order in which they are told."""

    def __init__(self, header: Header, identity: Identity, findings: Findings) -> None:
        self._header = header
        self._identity = identity
        self._findings = findings
        self._walk = Walk(header, identity.sop_class_uid, findings)

    def run(self, today: date | None) -> None:
        header, identity, root = self._header, self._identity, self._findings.root
        for tag in contradicted(header, identity):
            self._findings.add("file-meta-differs", root, tag)
        if identity.sop_class_uid not in SOP_CLASS_NAMES and not is_known(identity.sop_class_uid):
            self._findings.add("unknown-sop-class", root, SOP_CLASS_UID)
        here = self._walk.surroundings(header.dataset, root)
        for code, tag in incoherences(here, identity.transfer_syntax_uid, today):
            self._findings.add(code, root, tag)
        required = requirements(identity.sop_class_uid)
        self._walk.data_set(
            header.dataset + header.trailing, required.root, also_present=self._pixel_tags()
        )
        self._optional_modules(required)
        self._walk.data_set(header.file_meta)

    def _pixel_tags(self) -> frozenset[int]:
        pixels = self._header.pixel_data
        return frozenset() if pixels is None else frozenset({pixels.tag})

    def _optional_modules(self, required: Requirements) -> None:
        """Check the modules that an attribute of theirs shows to be there."""
        elements, root = self._header.dataset, self._findings.root
        present = {element.tag for element in elements}
        for tag, node in required.present_by:
            if tag in present:
                self._walk.require(elements, node, root)
        if required.overlay is not None:
            self._overlays(elements, required.overlay, root)

    def _overlays(self, elements: tuple[RawElement, ...], node: Node, root: Place) -> None:
        """Check each group of an overlay as if it were the first (PS3.5 Section 7.6)."""
        tags = {each.tag for each in elements if _FIRST_OVERLAY <= each.tag < _END_OF_OVERLAYS}
        for group in sorted({tag & _GROUP for tag in tags}):
            shift = group - _FIRST_OVERLAY
            if {OVERLAY_ROWS + shift, OVERLAY_DATA + shift} & tags:
                for tag in sorted(node.type_1):
                    if tag + shift not in tags:
                        self._findings.add("missing-type-1", root, tag + shift)
