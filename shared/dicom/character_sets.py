"""Text of every Specific Character Set as Unicode (PS3.3 C.12.1.1.2, PS3.5 Section 6.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_DEFAULT: Final = "latin-1"  # ISO-IR 6 is seven bits; what is sent beyond is mostly Latin 1

# Defined term -> Python codec (PS3.3 Tables C.12-2 to C.12-5).
_CODECS: Final = {
    "": _DEFAULT,
    "ISO_IR 6": _DEFAULT,
    "ISO_IR 13": "shift_jis",
    "ISO_IR 100": "latin-1",
    "ISO_IR 101": "iso8859-2",
    "ISO_IR 109": "iso8859-3",
    "ISO_IR 110": "iso8859-4",
    "ISO_IR 126": "iso8859-7",
    "ISO_IR 127": "iso8859-6",
    "ISO_IR 138": "iso8859-8",
    "ISO_IR 144": "iso8859-5",
    "ISO_IR 148": "iso8859-9",
    "ISO_IR 166": "tis-620",
    "ISO_IR 203": "iso8859-15",
    "ISO_IR 192": "utf-8",
    "ISO_IR 87": "iso2022_jp",
    "ISO_IR 159": "iso2022_jp_2",
    "ISO_IR 149": "euc_kr",
    "ISO_IR 58": "gb2312",
    "GB18030": "gb18030",
    "GBK": "gbk",
}
# Escape sequence -> Python codec (PS3.3 Tables C.12-3 and C.12-4).
_ESCAPES: Final = {
    b"\x1b(B": _DEFAULT,
    b"\x1b-A": "latin-1",
    b"\x1b)I": "shift_jis",
    b"\x1b(J": "shift_jis",
    b"\x1b$B": "iso2022_jp",
    b"\x1b-B": "iso8859-2",
    b"\x1b-C": "iso8859-3",
    b"\x1b-D": "iso8859-4",
    b"\x1b-F": "iso8859-7",
    b"\x1b-G": "iso8859-6",
    b"\x1b-H": "iso8859-8",
    b"\x1b-L": "iso8859-5",
    b"\x1b-M": "iso8859-9",
    b"\x1b-T": "tis-620",
    b"\x1b-b": "iso8859-15",
    b"\x1b$)C": "euc_kr",
    b"\x1b$(D": "iso2022_jp_2",
    b"\x1b$)A": "gb2312",
}
_KEEP_ESCAPE: Final = frozenset({"iso2022_jp", "iso2022_jp_2"})  # Python reads it itself
_ESCAPE: Final = re.compile(rb"(?=\x1b(?:\([BJ]|\)I|-[ABCDFGHLMTb]|\$B|\$\)[AC]|\$\(D))")
_ESCAPE_HEAD: Final = re.compile(rb"\x1b(?:\$?[()\-][A-Za-z]|\$B)")
_LINE_RESETS: Final = rb"\\\r\n\t\x0c"
_NAME_RESETS: Final = rb"\\\^=\r\n\t\x0c"
_MULTIBYTE_ALONE: Final = frozenset({"utf-8", "gb18030", "gbk"})
_SPELLING: Final = re.compile(r"ISO[ _.\-]?(?:2022[ _.\-]?)?IR[ _.\-]?([0-9]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """One Specific Character Set: its codec holds until an escape sequence comes."""

    codec: str
    is_known: bool = True

    def decode(self, value: bytes, *, is_name: bool = False) -> tuple[str, bool]:
        """Return the text, and whether every byte of it belongs to the character set."""
        if value.isascii() and b"\x1b" not in value:
            return value.decode("ascii"), True
        if b"\x1b" not in value or self.codec in _MULTIBYTE_ALONE:
            return _decode(value, self.codec)
        return self._decode_extended(value, _NAME_RESETS if is_name else _LINE_RESETS)

    def _decode_extended(self, value: bytes, resets: bytes) -> tuple[str, bool]:
        pieces = [self._decode_fragment(part, resets) for part in _ESCAPE.split(value) if part]
        return "".join(text for text, _ in pieces), all(whole for _, whole in pieces)

    def _decode_fragment(self, fragment: bytes, resets: bytes) -> tuple[str, bool]:
        """Decode what one escape sequence governs, up to where a delimiter ends its force."""
        escape = _ESCAPE_HEAD.match(fragment)
        codec = _ESCAPES.get(escape.group()) if escape else None
        if escape is None or codec is None:
            return _decode(fragment, self.codec)
        if codec in _KEEP_ESCAPE:
            return _decode(fragment, codec)
        body = fragment[escape.end() :]
        reset = re.search(b"[" + resets + b"]", body)
        if reset is None:
            return _decode(body, codec)
        head, head_whole = _decode(body[: reset.start()], codec)
        tail, tail_whole = _decode(body[reset.start() :], self.codec)
        return head + tail, head_whole and tail_whole


def _decode(value: bytes, codec: str) -> tuple[str, bool]:
    try:
        return value.decode(codec), True
    except UnicodeDecodeError:
        return value.decode(codec, "replace"), False


@lru_cache(maxsize=256)
def character_set(value: bytes) -> CharacterSet:
    """Return the character set that a value of (0008,0005) names; common misspellings included."""
    terms = [term.strip() for term in value.decode("latin-1").replace("\x00", "").split("\\")]
    codecs = [_codec(term) for term in terms]
    return CharacterSet(codecs[0] or _DEFAULT, is_known=None not in codecs)


def _codec(term: str) -> str | None:
    spelled = _SPELLING.fullmatch(term.upper())
    if spelled is not None:
        return _CODECS.get(f"ISO_IR {spelled.group(1)}")
    return _CODECS.get(term.upper().replace("ISO 2022 ", ""))


DEFAULT_CHARACTER_SET: Final = character_set(b"")
