"""The search for planted identities finds them however they are written."""

import base64
import hashlib
import quopri
from collections.abc import Callable

import pytest

from tests.planted import Search, planted_instance, planted_tokens, token

SOUGHT = token("00100010")
SPELLINGS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda text: text,
    "in small letters": lambda text: text.lower(),
    "base64": lambda text: base64.b64encode(b"before " + text + b" and behind"),
    "base64 in lines": lambda text: base64.encodebytes(b"before" * 20 + text).replace(
        b"\n", b"\r\n"
    ),
    "base64 of addresses": lambda text: base64.urlsafe_b64encode(b"\xff\xfe before " + text),
    "percent": lambda text: b"".join(b"%%%02x" % byte for byte in text),
    "quoted-printable": lambda text: quopri.encodestring(b"=" * 66 + text),
    "UTF-16": lambda text: text.decode().encode("utf-16-le"),
    "MD5": lambda text: hashlib.md5(text, usedforsecurity=False).hexdigest().encode(),
    "SHA-256": lambda text: hashlib.sha256(text).hexdigest().upper().encode(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_token_is_found(spelling: str) -> None:
    data = b"what is told " + SPELLINGS[spelling](SOUGHT.encode()) + b" goes on"
    assert len(Search.of([SOUGHT, "ZQOTHER"]).found(data)) == 1


def test_nothing_else_is() -> None:
    assert Search.of([SOUGHT]).found(b"ZQ00100010 and whatever else") == []


def test_an_object_holds_every_token() -> None:
    tokens = planted_tokens()
    assert len(tokens) > 250
    assert set(Search(tuple(tokens)).found(planted_instance())) == set(tokens)
