"""Writes `sop_classes.py` from pydicom's UID dictionary (PS3.6 Table A-1)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydicom._uid_dict import UID_dictionary

# PS3.4 Table GG.3-1, the storage classes of non-patient objects.
_NON_PATIENT_NAMES: Final = (
    "CT Defined Procedure Protocol Storage",
    "Color Palette Storage",
    "Generic Implant Template Storage",
    "Hanging Protocol Storage",
    "Implant Assembly Template Storage",
    "Implant Template Group Storage",
    "Inventory Storage",
    "Protocol Approval Storage",
    "XA Defined Procedure Protocol Storage",
)
_NOT_STORED: Final = ("Storage Commitment", "Media Storage Directory")
_HEADER: Final = '''"""SOP classes of stored objects (PS3.6 Table A-1); generated, see README.md."""

# ruff: noqa: E501

from __future__ import annotations

from types import MappingProxyType
from typing import Final

SOP_CLASS_NAMES: Final = MappingProxyType(
    {
'''


def rendered() -> str:
    """Return the text of `sop_classes.py`."""
    names = {uid: row[0] for uid, row in UID_dictionary.items() if _is_stored(row)}
    lines = [f'        "{uid}": "{name}",\n' for uid, name in names.items()]
    excluded = [f'        "{uid}",\n' for uid, name in names.items() if name in _NON_PATIENT_NAMES]
    middle = "    }\n)\n\n# PS3.4 Annex GG: no patient, no study, no series.\n"
    opening = "NON_PATIENT_SOP_CLASSES: Final = frozenset(\n    {\n"
    return "".join([_HEADER, *lines, middle, opening, *excluded, "    }\n)\n"])


def _is_stored(row: tuple[str, str, str, str, str]) -> bool:
    name, kind = row[0], row[1]
    return kind == "SOP Class" and "Storage" in name and not name.startswith(_NOT_STORED)


if __name__ == "__main__":
    Path(__file__).with_name("sop_classes.py").write_text(rendered(), encoding="utf-8")
