"""Values that stand for what was taken away, each valid for its VR (PS3.5 Section 6.2)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from shared.dicom.deidentification.characters import trimmed
from shared.dicom.deidentification.pseudonyms import PseudonymKey

TEXT: Final = b"REMOVED"
DATE: Final = b"19000101"

BY_VR: Final = {
    "AE": TEXT, "AS": b"000Y", "CS": TEXT, "DA": DATE, "DS": b"0", "DT": DATE + b"000000",
    "IS": b"0", "LO": TEXT, "LT": TEXT, "PN": TEXT, "SH": TEXT, "ST": TEXT, "TM": b"000000",
    "UC": TEXT, "UR": b"about:blank", "UT": TEXT,
    "AT": bytes(4), "FD": bytes(8), "FL": bytes(4), "OB": bytes(2), "OD": bytes(8),
    "OF": bytes(4), "OL": bytes(4), "OV": bytes(8), "OW": bytes(2), "SL": bytes(4),
    "SS": bytes(2), "SV": bytes(8), "UL": bytes(4), "UN": bytes(2), "US": bytes(2),
    "UV": bytes(8),
}  # fmt: skip

# Enumerated values: the dummy must be one of them (PS3.3 C.12.1.1.9).
BY_TAG: Final = {0x04000565: b"CORRECT"}


def dummy(tag: int, vr: str) -> bytes | None:
    """The dummy of an attribute, or None for a VR that has none."""
    return BY_TAG.get(tag) or BY_VR.get(vr.split(" or ", maxsplit=1)[0])


@lru_cache(maxsize=4096)  # the objects of a study name each other
def mapped_uids(value: bytes, key: PseudonymKey) -> bytes:
    """Each UID of the value replaced by its pseudonym; an empty one stays empty."""
    uids = (trimmed(uid).decode("latin-1") for uid in value.split(b"\\"))
    return b"\\".join(key.uid(uid).encode("ascii") if uid else b"" for uid in uids)
