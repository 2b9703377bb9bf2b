"""What is wrong with an accepted header: warnings, never refusals."""

from __future__ import annotations

import re
from typing import Final

from shared.dicom.elements import Header
from shared.dicom.identification import (
    SERIES_INSTANCE_UID,
    SOP_CLASS_UID,
    SOP_INSTANCE_UID,
    STUDY_INSTANCE_UID,
    contradicted,
)
from shared.dicom.identity import Identity
from shared.dicom.standard.sop_classes import SOP_CLASS_NAMES
from shared.dicom.warnings import Warning_

_UID_FORM: Final = re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))+", re.ASCII)


def validate(header: Header, identity: Identity | None) -> tuple[Warning_, ...]:
    """Return what a tolerant reader forgave and what the identity's UIDs lack."""
    forgiven = tuple(Warning_(code) for code in header.warnings)
    if identity is None:
        return forgiven
    contradictions = (
        Warning_("file-meta-differs", f"{tag:08X}") for tag in contradicted(header, identity)
    )
    return (*forgiven, *contradictions, *_identity_warnings(identity))


def _identity_warnings(identity: Identity) -> tuple[Warning_, ...]:
    uids = {
        STUDY_INSTANCE_UID: identity.study_instance_uid,
        SERIES_INSTANCE_UID: identity.series_instance_uid,
        SOP_INSTANCE_UID: identity.sop_instance_uid,
        SOP_CLASS_UID: identity.sop_class_uid,
    }
    malformed = tuple(
        Warning_("uid-form", f"{tag:08X}")
        for tag, uid in uids.items()
        if uid is not None and _UID_FORM.fullmatch(uid) is None
    )
    if identity.sop_class_uid in SOP_CLASS_NAMES:
        return malformed
    return (*malformed, Warning_("unknown-sop-class", f"{SOP_CLASS_UID:08X}"))
