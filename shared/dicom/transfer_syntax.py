"""How each transfer syntax writes a data set (PS3.5 Section 10 and Annex A)."""

from __future__ import annotations

from typing import Final

from shared.dicom.elements import Encoding
from shared.dicom.recognition import first_group, looks_explicit
from shared.errors import FormatError

IMPLICIT_VR_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2.1"
EXPLICIT_VR_BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2.1.99"

IMPLICIT_LITTLE: Final = Encoding(explicit_vr=False, little_endian=True)
EXPLICIT_LITTLE: Final = Encoding(explicit_vr=True, little_endian=True)
EXPLICIT_BIG: Final = Encoding(explicit_vr=True, little_endian=False)

_STANDARD_ROOT: Final = "1.2.840.10008.1.2"
_IMPLICIT: Final = frozenset({IMPLICIT_VR_LITTLE_ENDIAN, "1.2.840.10008.1.20"})
_DEFLATED: Final = frozenset(
    {
        DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
        "1.2.840.10008.1.2.4.95",  # JPIP Referenced Deflate
        "1.2.840.10008.1.2.4.205",  # JPIP HTJ2K Referenced Deflate
    }
)
_NATIVE: Final = _IMPLICIT | _DEFLATED | {EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN}
_NOT_A_DATA_SET: Final = frozenset(
    {
        "1.2.840.10008.1.2.6.1",  # RFC 2557 MIME encapsulation
        "1.2.840.10008.1.2.6.2",  # XML Encoding
    }
)
_ONE_FRAME_ONE_FRAGMENT: Final = frozenset(
    {
        "1.2.840.10008.1.2.5",  # RLE Lossless, PS3.5 Section A.4.2
        "1.2.840.10008.1.2.1.98",  # Encapsulated Uncompressed, Section A.4.11
        "1.2.840.10008.1.2.8.1",  # Deflated Image Frame Compression, Section A.4.13
    }
)
# Several frames may share a fragment: multi-component JPEG 2000, JPIP, MPEG and H.26x video.
_FRAMES_SHARE_FRAGMENTS: Final = frozenset(
    f"1.2.840.10008.1.2.4.{number}"
    for number in ("92", "93", "94", "95", "100", "100.1", "101", "101.1", "102", "102.1", "103",
                   "103.1", "104", "104.1", "105", "105.1", "106", "106.1", "107", "108")
)  # fmt: skip
_FIRST_GROUPS_BELOW: Final = 0x0100


def is_deflated(uid: str) -> bool:
    """Tell whether the data set is deflated."""
    return uid in _DEFLATED


def is_standard(uid: str) -> bool:
    """Tell whether the UID is in the standard's arc for transfer syntaxes."""
    return uid in _NATIVE or uid.startswith(f"{_STANDARD_ROOT}.")


def is_native(uid: str) -> bool:
    """Tell whether pixel data are native, as far as the UID is known to say it."""
    return uid in _NATIVE


def is_encapsulated(uid: str) -> bool:
    """Tell whether pixel data must be encapsulated (PS3.5 Section A.4)."""
    return uid.startswith((f"{_STANDARD_ROOT}.4.", f"{_STANDARD_ROOT}.8.")) or uid in (
        "1.2.840.10008.1.2.5",
        "1.2.840.10008.1.2.1.98",
    )


def puts_one_frame_in_one_fragment(uid: str) -> bool:
    """Tell whether there are as many fragments as frames."""
    return uid in _ONE_FRAME_ONE_FRAGMENT


def puts_frames_in_fragments(uid: str) -> bool:
    """Tell whether each frame has a fragment or more of its own (PS3.5 Section A.4)."""
    return is_encapsulated(uid) and uid not in _FRAMES_SHARE_FRAGMENTS


def encoding_of(uid: str) -> Encoding:
    """Return how the elements are written; anything unknown is Explicit VR Little Endian."""
    if uid in _NOT_A_DATA_SET:
        raise FormatError("unsupported-transfer-syntax")
    if uid in _IMPLICIT:
        return IMPLICIT_LITTLE
    return EXPLICIT_BIG if uid == EXPLICIT_VR_BIG_ENDIAN else EXPLICIT_LITTLE


def encoding_seen(first: bytes, stated: Encoding, warnings: dict[str, None]) -> Encoding:
    """Return the encoding in which the first element reads, and warn where it is not the stated."""
    if len(first) < 6:  # noqa: PLR2004 - tag and VR
        return stated
    explicit = _has_vr(first, stated)
    if explicit != stated.explicit_vr:
        warnings["vr-encoding-differs"] = None
    little = _reads_little(first, stated)
    if little != stated.little_endian:
        warnings["byte-order-differs"] = None
    return Encoding(explicit_vr=explicit, little_endian=little)


def guessed(first: bytes) -> str:
    """Return the transfer syntax of a data set that does not state it.

    Raises:
        FormatError: the first bytes are not those of a data set.
    """
    group, little = first_group(first)
    if len(first) < 8 or group >= _FIRST_GROUPS_BELOW:  # noqa: PLR2004 - one element's header
        raise FormatError("no-transfer-syntax")
    if looks_explicit(first):
        return EXPLICIT_VR_LITTLE_ENDIAN if little else EXPLICIT_VR_BIG_ENDIAN
    if not little:
        raise FormatError("no-transfer-syntax")
    return IMPLICIT_VR_LITTLE_ENDIAN


def _has_vr(first: bytes, stated: Encoding) -> bool:
    code = first[4:6]
    return looks_explicit(first) or (stated.explicit_vr and code.isalpha() and code.isupper())


def _reads_little(first: bytes, stated: Encoding) -> bool:
    """Trust the stated byte order unless only the other one makes a plausible first group."""
    as_stated = int.from_bytes(first[:2], "little" if stated.little_endian else "big")
    as_other = int.from_bytes(first[:2], "big" if stated.little_endian else "little")
    is_other = as_stated >= _FIRST_GROUPS_BELOW > as_other and as_other != 0
    return stated.little_endian ^ is_other
