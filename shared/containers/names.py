"""What members are called: each name stands once in its container and leads nowhere."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# A literal one of these is written as in a URI, so that only this module writes them plainly: `!`
# before an index or the path within a nested container, `#` before a generation.
_ESCAPES: Final = str.maketrans({"%": "%25", "#": "%23", "!": "%21"})
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_UNSAFE_CATEGORIES: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_MACOS_FOLDER: Final = "__MACOSX"
_MACOS_FILES: Final = ("._", ".DS_Store")


class Names:
    """The names given so far in one container."""

    def __init__(self, max_path_bytes: int) -> None:
        self._max = max_path_bytes
        self._taken: set[str] = set()

    def give(self, raw: str, index: int) -> tuple[str, str | None]:
        """Return a free name for the member and, where its path is refused, the reason.

        A path that is refused, or taken, is replaced or followed by the member's index.
        """
        path, refusal = self._judged(raw)
        name = path.translate(_ESCAPES)
        if not name or name in self._taken:
            name = f"{name}!{index}"
        self._taken.add(name)
        return name, refusal

    def _judged(self, raw: str) -> tuple[str, str | None]:
        path = raw.replace("\\", "/")  # as archivers on Windows write folders
        parts = [part for part in path.split("/") if part not in {"", "."}]
        if _leads_out(path, parts) or any(map(_is_unsafe, path)):
            return "", "member-path-unsafe"
        joined = "/".join(parts)
        if len(joined.encode()) > self._max:
            return "", "member-path-too-long"
        return joined, None


def is_macos_addition(name: str) -> bool:
    """Tell whether macOS puts files of this name beside the real ones."""
    first, _, _ = name.partition("/")
    return first == _MACOS_FOLDER or name.rpartition("/")[2].startswith(_MACOS_FILES)


def decoded(raw: bytes) -> str:
    """Return the text of a stored path: UTF-8, or else what DOS called the bytes."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp437")


def _leads_out(path: str, parts: list[str]) -> bool:
    return not parts or path.startswith("/") or bool(_DRIVE.match(path)) or ".." in parts


def _is_unsafe(character: str) -> bool:
    return unicodedata.category(character) in _UNSAFE_CATEGORIES
