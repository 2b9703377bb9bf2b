"""Planted identities: objects full of them, and a search that finds them however they are written.

A token is planted in every attribute that PS3.15 Table E.1-1 names and that can hold one, in nested
items, private elements, the preamble, the file meta information and the names of files.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from pydicom.datadict import dictionary_VM, dictionary_VR
from pydicom.dataset import Dataset

from shared.dicom.deidentification.table import table
from tests.builders import a_dataset, with_preamble, written

MARK: Final = "ZQ"  # begins every token
DAY: Final = "18430217"  # a day on which nothing else happened
CREATOR: Final = f"{MARK}CREATOR"
_TEXT_VRS: Final = frozenset({"AE", "LO", "LT", "PN", "SH", "ST", "UC", "UT"})
_NOT_TEXT: Final = frozenset({"00080005", "00080060"})  # what is said there must be of the standard
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/=_-]{16,}")
_DIGESTS: Final = (hashlib.md5, hashlib.sha1, hashlib.sha256)


def token(tag: str) -> str:
    """Return the token planted in an attribute, which fits every text VR."""
    return f"{MARK}{tag}K"


def text_tags() -> list[str]:
    """Return the tags of Table E.1-1 that hold one text, which the file meta does not."""
    rows = (row for row in table().by_tag.values() if not row.tag.startswith("0002"))
    return [row.tag for row in rows if row.tag not in _NOT_TEXT and _is_text(row.tag)]


def _is_text(tag: str) -> bool:
    try:
        return dictionary_VR(int(tag, 16)) in _TEXT_VRS and dictionary_VM(int(tag, 16)) == "1"
    except KeyError:
        return False


def planted_dataset(**attributes: object) -> Dataset:
    """Return an image's data set with a token wherever one can stand."""
    data = a_dataset(rows=4, columns=4)
    for tag in text_tags():
        data.add_new(int(tag, 16), dictionary_VR(int(tag, 16)), token(tag))
    data.PatientBirthDate = data.StudyDate = DAY
    nested = Dataset()
    nested.PatientName, nested.PatientID = f"{MARK}NESTED^NAME", f"{MARK}NESTED"
    data.RequestAttributesSequence = [nested]
    data.add_new(0x00290010, "LO", CREATOR)
    data.add_new(0x00291001, "LT", f"{MARK}PRIVATE")
    for keyword, value in attributes.items():
        setattr(data, keyword, value)
    data.PixelData = bytes(32)
    data["PixelData"].VR = "OW"
    return data


def planted_instance(**attributes: object) -> bytes:
    """Return such a data set as an object, with a token before it."""
    return with_preamble(written(planted_dataset(**attributes)), f"{MARK}PREAMBLE".encode())


def planted_tokens() -> list[str]:
    """Return every token and day that such an object holds."""
    own = [CREATOR, f"{MARK}NESTED", f"{MARK}PRIVATE", f"{MARK}PREAMBLE", DAY]
    return [token(tag) for tag in text_tags()] + own


@dataclass(frozen=True, slots=True)
class Search:
    """A search for tokens in bytes, and in what bytes can stand for."""

    tokens: tuple[str, ...]

    @classmethod
    def of(cls, tokens: Iterable[str]) -> "Search":
        """Return the search for each token and for its unkeyed digests."""
        plain = tuple(tokens)
        digests = (make(each.encode()).hexdigest() for each in plain for make in _DIGESTS)
        return cls((*plain, *digests))

    def found(self, data: bytes) -> list[str]:
        """Return the tokens that stand in bytes, whatever their case, plain or encoded."""
        forms = [form.lower() for form in _forms(data)]
        return [each for each in self.tokens if any(each.lower().encode() in at for at in forms)]


def _forms(data: bytes) -> Iterator[bytes]:
    """Yield bytes as they are, and as what they may be an encoding of."""
    yield data
    yield unquote_to_bytes(data)
    yield data.replace(b"=\r\n", b"").replace(b"=\n", b"")  # quoted-printable, RFC 2045
    yield data.replace(b"\0", b"")  # UTF-16
    texts = (match.group() for match in _BASE64.finditer(data.replace(b"\r\n", b"")))
    yield b"\n".join(decoded for text in texts for decoded in _decoded(text))


def _decoded(text: bytes) -> Iterator[bytes]:
    for altchars in (b"+/", b"-_"):
        padded = text.rstrip(b"=") + b"=" * (-len(text.rstrip(b"=")) % 4)
        try:
            yield base64.b64decode(padded, altchars, validate=True)
        except binascii.Error:
            continue
