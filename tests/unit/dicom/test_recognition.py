from __future__ import annotations

import pytest

from shared.dicom.reader import read_header
from shared.dicom.recognition import Kind, recognise
from shared.dicom.source import BytesSource
from shared.errors import FormatError
from tests.builders import (
    BIG_ENDIAN,
    IMPLICIT,
    an_instance,
    with_preamble,
    without_file_meta,
    without_preamble,
)

WHOLE = an_instance()
CONTENTS = {
    Kind.PART10: [WHOLE, with_preamble(WHOLE, b"II*\x00"), with_preamble(WHOLE, b"any text")],
    Kind.POLYGLOT: [
        with_preamble(WHOLE, start)
        for start in (
            b"MZ\x90",
            b"\x7fELF",
            b"#!/bin/sh\n",
            b"\xcf\xfa\xed\xfe",
            b"\xca\xfe\xba\xbe",
            b"<!DOCTYPE html>",
            b"GIF89a/*<SCRIPT>",
            b"<?php",
        )
    ],
    Kind.BARE_FILE_META: [without_preamble(WHOLE)],
    Kind.BARE_DATASET: [
        without_file_meta(WHOLE),
        without_file_meta(an_instance(transfer_syntax=IMPLICIT)),
        without_file_meta(an_instance(transfer_syntax=BIG_ENDIAN)),
    ],
    Kind.EMPTY: [b""],
    Kind.ZIP: [b"PK\x03\x04" + bytes(100)],
    Kind.GZIP: [b"\x1f\x8b\x08" + bytes(100)],
    Kind.TAR: [b"a.dcm".ljust(257, b"\x00") + b"ustar\x0000" + bytes(300)],
    Kind.SEVEN_ZIP: [b"7z\xbc\xaf\x27\x1c" + bytes(10)],
    Kind.RAR: [b"Rar!\x1a\x07\x00"],
    Kind.XZ: [b"\xfd7zXZ\x00" + bytes(10)],
    Kind.BZIP2: [b"BZh91AY"],
    Kind.ZSTD: [b"\x28\xb5\x2f\xfd" + bytes(10)],
    Kind.PDF: [b"%PDF-1.7\n"],
    Kind.JPEG: [b"\xff\xd8\xff\xe0" + bytes(10)],
    Kind.PNG: [b"\x89PNG\r\n\x1a\n" + bytes(10)],
    Kind.GIF: [b"GIF89a" + bytes(10)],
    Kind.TIFF: [b"MM\x00*" + bytes(10)],
    Kind.EXECUTABLE: [b"MZ" + bytes(300), b"#!/usr/bin/env python\n"],
    Kind.XML: [b'\xef\xbb\xbf<?xml version="1.0"?><a/>'],
    Kind.HTML: [b"<html><body>", b"<!doctype html>"],
    Kind.JSON: [b'{"a": 1}', b"[1]"],
    Kind.TEXT: [b"Read me first.\r\n", b"1234"],
    Kind.UNKNOWN: [
        bytes(200),
        bytes(range(200)),
        b"\x08",
        b"\x08\x00\x05\x00\x02\x00\x00\x00ab\x02\x00\x10\x00",  # the tags descend
    ],
}
CASES = [(kind, data) for kind, contents in CONTENTS.items() for data in contents]


@pytest.mark.parametrize(("kind", "data"), CASES)
def test_content_is_recognised(kind: Kind, data: bytes) -> None:
    assert kind == recognise(data[:512], len(data))


def test_every_kind_has_an_example() -> None:
    assert set(Kind) == set(CONTENTS)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Kind.EMPTY, "empty-object"),
        (Kind.ZIP, "container-not-supported"),
        (Kind.TAR, "container-not-supported"),
        (Kind.POLYGLOT, "polyglot-preamble"),
        (Kind.PDF, "not-dicom"),
        (Kind.EXECUTABLE, "not-dicom"),
        (Kind.UNKNOWN, "not-dicom"),
    ],
)
def test_what_is_not_dicom_is_refused_with_a_reason(kind: Kind, reason: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_header(BytesSource(CONTENTS[kind][0]))

    assert reason == caught.value.reason


def test_a_tiff_preamble_is_allowed_and_marked() -> None:
    header = read_header(BytesSource(with_preamble(WHOLE, b"MM\x00*")))

    assert header.warnings == ("tiff-preamble",)
    assert header.preamble is not None
    assert header.preamble.startswith(b"MM\x00*")
