"""Value representations, as the byte stream has them (PS3.5 Section 6.2 and 7.1.2)."""

from __future__ import annotations

from typing import Final

SHORT_VRS: Final = frozenset(
    {
        "AE",
        "AS",
        "AT",
        "CS",
        "DA",
        "DS",
        "DT",
        "FD",
        "FL",
        "IS",
        "LO",
        "LT",
        "PN",
        "SH",
        "SL",
        "SS",
        "ST",
        "TM",
        "UI",
        "UL",
        "US",
    }
)
LONG_VRS: Final = frozenset(
    {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}
)
BULK_VRS: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})

# VR bytes -> (VR, whether two reserved bytes and a 32-bit length follow)
EXPLICIT_VRS: Final = {
    vr.encode("ascii"): (vr, vr in LONG_VRS) for vr in sorted(SHORT_VRS | LONG_VRS)
}
