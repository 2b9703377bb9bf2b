"""Writes `transfer_syntaxes.py` from pydicom's UID dictionary (PS3.6 Table A-1)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydicom._uid_dict import UID_dictionary

_HEADER: Final = '''"""Transfer syntaxes by name (PS3.6 Table A-1); generated, see README.md."""

# ruff: noqa: E501

from __future__ import annotations

from types import MappingProxyType
from typing import Final

TRANSFER_SYNTAX_NAMES: Final = MappingProxyType(
    {
'''


def rendered() -> str:
    """Return the text of `transfer_syntaxes.py`."""
    lines = (
        f'        "{uid}": "{row[0]}",\n'
        for uid, row in UID_dictionary.items()
        if row[1] == "Transfer Syntax"
    )
    return "".join([_HEADER, *lines, "    }\n)\n"])


if __name__ == "__main__":
    Path(__file__).with_name("transfer_syntaxes.py").write_text(rendered(), encoding="utf-8")
