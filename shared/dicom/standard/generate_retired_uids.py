"""Writes `retired_uids.py` from pydicom's UID dictionary (PS3.6 Table A-1)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydicom._uid_dict import UID_dictionary

_HEADER: Final = '''"""Retired UIDs (PS3.6 Table A-1); generated, see README.md."""

from __future__ import annotations

from typing import Final
'''
_SETS: Final = {
    "RETIRED_SOP_CLASSES": "SOP Class",
    "RETIRED_TRANSFER_SYNTAXES": "Transfer Syntax",
}


def rendered() -> str:
    """Return the text of `retired_uids.py`."""
    return _HEADER + "".join(_set(name, kind) for name, kind in _SETS.items())


def _set(name: str, kind: str) -> str:
    rows = UID_dictionary.items()
    uids = [
        uid
        for uid, row in rows
        if row[1] == kind and row[3] == "Retired" and _is_about_objects(row)
    ]
    lines = "".join(f'        "{uid}",\n' for uid in uids)
    return f"\n{name}: Final = frozenset(\n    {{\n{lines}    }}\n)\n"


def _is_about_objects(row: tuple[str, str, str, str, str]) -> bool:
    return row[1] == "Transfer Syntax" or "Storage" in row[0]


if __name__ == "__main__":
    Path(__file__).with_name("retired_uids.py").write_text(rendered(), encoding="utf-8")
