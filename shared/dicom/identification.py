"""From a header to the identity of its instance, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from shared.dicom.elements import Header, RawElement
from shared.dicom.file_meta import MEDIA_STORAGE_SOP_CLASS_UID, MEDIA_STORAGE_SOP_INSTANCE_UID
from shared.dicom.identity import USABLE_UID, Identity
from shared.dicom.standard.sop_classes import NON_PATIENT_SOP_CLASSES
from shared.errors import IdentityError

SOP_CLASS_UID: Final = 0x00080016
SOP_INSTANCE_UID: Final = 0x00080018
STUDY_INSTANCE_UID: Final = 0x0020000D
SERIES_INSTANCE_UID: Final = 0x0020000E
DIRECTORY_RECORD_SEQUENCE: Final = 0x00041220
MEDIA_STORAGE_DIRECTORY: Final = "1.2.840.10008.1.3.10"

_NAMES: Final = {
    STUDY_INSTANCE_UID: "study-instance-uid",
    SERIES_INSTANCE_UID: "series-instance-uid",
    SOP_INSTANCE_UID: "sop-instance-uid",
    SOP_CLASS_UID: "sop-class-uid",
}
_IN_FILE_META: Final = {
    MEDIA_STORAGE_SOP_CLASS_UID: SOP_CLASS_UID,
    MEDIA_STORAGE_SOP_INSTANCE_UID: SOP_INSTANCE_UID,
}
_PADDING: Final = b"\x00 "


def identify(header: Header) -> Identity:
    """Return which instance the data set describes.

    The data set is what readers go by; a file meta that names another instance (`contradicted`)
    is a warning, because tools that rewrite UIDs leave it behind. A non-patient object (PS3.4
    Annex GG) has no study and no series.

    Raises:
        IdentityError: a UID is missing, unusable or contradicted; `reason` says which.
    """
    uids = _stated(header.dataset, _NAMES)
    sop_class_uid = _usable(uids, SOP_CLASS_UID)
    has_study = sop_class_uid not in NON_PATIENT_SOP_CLASSES
    return Identity(
        study_instance_uid=_usable(uids, STUDY_INSTANCE_UID) if has_study else None,
        series_instance_uid=_usable(uids, SERIES_INSTANCE_UID) if has_study else None,
        sop_instance_uid=_usable(uids, SOP_INSTANCE_UID),
        sop_class_uid=sop_class_uid,
        transfer_syntax_uid=header.transfer_syntax_uid,
    )


def is_directory(header: Header) -> bool:
    """Tell whether the object is a DICOMDIR (PS3.10 Section 8.6)."""
    stated = _stated(header.file_meta, {MEDIA_STORAGE_SOP_CLASS_UID})
    if stated.get(MEDIA_STORAGE_SOP_CLASS_UID) == MEDIA_STORAGE_DIRECTORY:
        return True
    return any(element.tag == DIRECTORY_RECORD_SEQUENCE for element in header.dataset)


def _stated(elements: tuple[RawElement, ...], tags: Collection[int]) -> dict[int, str]:
    """Return the UIDs that stand in the elements, without padding.

    Raises:
        IdentityError: one of them stands twice with different values.
    """
    found: dict[int, str] = {}
    for element in elements:
        if element.tag in tags:
            uid = (element.value or b"").strip(_PADDING).decode("latin-1")
            if found.setdefault(element.tag, uid) != uid:
                raise IdentityError("identity-mismatch")
    return found


def contradicted(header: Header, identity: Identity) -> tuple[int, ...]:
    """Return the tags of the File Meta Information that name another instance or SOP class."""
    uids = {SOP_CLASS_UID: identity.sop_class_uid, SOP_INSTANCE_UID: identity.sop_instance_uid}
    stated = _stated(header.file_meta, _IN_FILE_META.keys()).items()
    return tuple(tag for tag, uid in stated if uid and uid != uids[_IN_FILE_META[tag]])


def _usable(uids: dict[int, str], tag: int) -> str:
    uid = uids.get(tag)
    if not uid:
        raise IdentityError(f"missing-{_NAMES[tag]}")
    if USABLE_UID.fullmatch(uid) is None:
        raise IdentityError(f"unusable-{_NAMES[tag]}")
    return uid
