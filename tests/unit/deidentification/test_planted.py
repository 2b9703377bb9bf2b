"""Planted identities are gone from every byte, wherever they were and however they were written."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from tests.unit.deidentification.samples import (
    SYNTAXES,
    an_image,
    an_item,
    as_file,
    assert_clean,
    copy_of,
    explicit,
    header_of,
    read,
)


def planted_datasets() -> Iterator[tuple[str, Dataset, dict[str, Any]]]:
    """Identities where tools forget to look, by the name of the place."""
    nested = an_item(
        ReferencedSeriesSequence=[an_item(PatientName="Quorra^Zyxel", StudyID="ACC55501")]
    )
    yield "nested", an_image(ReferencedSeriesSequence=[nested]), {}
    private = an_image()
    block = private.private_block(0x0011, "ACME Zyxel", create=True)
    block.add_new(0x01, "LO", "Quorra^Zyxel")
    block.add_new(0x02, "SQ", Sequence([an_item(PatientID="QX-778812")]))
    block.add_new(0x03, "UN", b"ACC55501")
    yield "private", private, {}
    in_item = an_item(ReferencedSOPInstanceUID="1.2.3.9")
    in_item.private_block(0x0013, "ACME", create=True).add_new(1, "ST", "Quorra")
    yield "private in an item", an_image(ReferencedSeriesSequence=[in_item]), {}
    yield (
        "file meta",
        an_image(),
        {
            "SourceApplicationEntityTitle": "ZYXEL",
            "PrivateInformationCreatorUID": "1.2.3.4.77.1",
            "PrivateInformation": b"Quorra",
        },
    )
    yield "preamble", an_image(), {"preamble": b"Quorra^Zyxel QX-778812".ljust(128)}
    trailing = explicit(0xFFFCFFFC, "OB", b"Quorra^Zyxel") + explicit(0xFFFDFFFD, "LO", b"ACC55501")
    yield "trailing", an_image(), {"trailing": trailing}
    overlay = an_image()
    overlay.add_new(0x60000010, "US", 4)
    overlay.add_new(0x60000022, "LO", "Quorra")
    overlay.add_new(0x60003000, "OW", b"Zyxel ")
    yield "overlay", overlay, {}
    curve = an_image()
    curve.add_new(0x50000022, "LO", "Quorra")
    curve.add_new(0x50003000, "OW", b"Zyxel ")
    yield "curve", curve, {}
    unknown = an_image()
    unknown.add_new(0x00189999, "LO", "Quorra")
    yield "unknown", unknown, {}
    person = an_item(CodeValue="ZYXEL", CodingSchemeDesignator="99QX-778812", CodeMeaning="Quorra")
    yield (
        "person code",
        an_image(
            OperatorIdentificationSequence=[an_item(PersonIdentificationCodeSequence=[person])]
        ),
        {},
    )
    original = an_item(ModifiedAttributesSequence=[an_item(PatientName="Quorra^Zyxel")])
    yield "original attributes", an_image(OriginalAttributesSequence=[original]), {}
    yield "free text", an_image(DocumentTitle="about Quorra", LongCodeValue="Zyxel"), {}


@pytest.mark.parametrize(
    ("dataset", "file"),
    [pytest.param(dataset, file, id=place) for place, dataset, file in planted_datasets()],
)
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_identities_are_gone_wherever_they_were(
    dataset: Dataset, file: dict[str, Any], syntax: str
) -> None:
    if syntax == ExplicitVRBigEndian and "trailing" in file:
        file = {"trailing": b"Quorra^Zyxel"}
    copy = copy_of(as_file(dataset, syntax, **file))
    assert_clean(copy)
    read(copy)


ECHOES = {
    "AE": (0x00181210, "ZYXEL"),
    "CS": (0x00180015, "ZYXEL"),
    "LO": (0x00080070, "for Quorra"),
    "SH": (0x00181210, "qx-778812"),
    "LT": (0x00080108, "scanned 2021-03-17 (QUORRA)"),
    "ST": (0x00080115, "Zyxel, 23.06.1951"),
    "UC": (0x00080119, "ACC55501"),
    "UR": (0x00080120, "urn:quorra"),
    "IS": (0x00200013, "778812"),
    "DS": (0x00180050, "20210317"),
    "OB": (0x00282000, b"icc QUORRA text "),
    "OW": (0x00283006, b"\x00\x01Quorra\x02\x03"),
    "FL": (0x00189073, b"QX-778812\x00\x00\x00"),
}


@pytest.mark.parametrize("vr", ECHOES)
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_echoes_are_gone_in_every_vr_and_depth(vr: str, depth: int) -> None:
    tag, value = ECHOES[vr]
    holder = an_item()
    if vr == "FL":
        value = list(memoryview(value).cast("f")) if isinstance(value, bytes) else value
    holder.add_new(tag, vr, value)
    image = an_image()
    if depth == 0:
        image.update(holder)
    for _ in range(depth - 1):
        holder = an_item(ReferencedSeriesSequence=[holder])
    if depth:
        image.ReferencedSeriesSequence = [holder]
    assert_clean(copy_of(as_file(image, ImplicitVRLittleEndian)), b"2021-03-17", b"23.06.1951")


@pytest.mark.parametrize(
    ("charset", "name", "echo", "encoding"),
    [
        ("ISO_IR 192", "Çelikova^Ünalt", "bei Ünalt", "utf-8"),
        ("ISO_IR 100", "Müllerian^Jörgen", "MÜLLERIAN", "latin-1"),
        ("ISO_IR 144", "Щукин^Юлий", "Щукин", "iso8859_5"),
        ("GB18030", "Wang^XiaoDong=王^小东", "患者小东", "gb18030"),
        (r"\ISO 2022 IR 87", "Yamada^Tarou=山田^太郎", "山田 様", "iso2022_jp"),
        (r"\ISO 2022 IR 149", "Hong^Gildong=洪^吉洞=홍^길동", "길동 씨", "euc_kr"),
    ],
)
def test_echoes_are_found_in_the_objects_character_set(
    charset: str, name: str, echo: str, encoding: str
) -> None:
    image = an_image(
        SpecificCharacterSet=charset.split("\\"), PatientName=name, ConvolutionKernel=echo
    )
    copy = copy_of(as_file(image))
    if "患者" not in echo:  # a word run together with another is not a whole token
        assert read(copy).ConvolutionKernel == "REMOVED"
    for part in name.replace("=", "^").split("^"):
        assert part.encode(encoding) not in copy or "患者" in echo


letters = st.text(st.characters(codec="utf-8", categories=["L"]), min_size=4, max_size=12)
words = letters.map("Q{}".format)  # never one that names nobody


@settings(max_examples=60, deadline=None)
@given(words, words, st.sampled_from(SYNTAXES))
def test_any_name_is_gone_from_any_place(family: str, given_name: str, syntax: str) -> None:
    image = an_image(
        SpecificCharacterSet="ISO_IR 192",
        PatientName=f"{family}^{given_name}",
        ConvolutionKernel=f"{given_name} 2",
        ReferencedSeriesSequence=[an_item(CodeMeaning=f"of {family}")],
    )
    original = set(header_words(header_of(image, syntax).dataset))
    copy = copy_of(as_file(image, syntax))
    kept = set(header_words(read_header(BytesSource(copy)).dataset))
    assert {family, given_name} <= original
    assert not {family, given_name} & kept


def header_words(header: Any) -> Iterator[str]:
    """Every word of every value at any depth."""
    for found in header:
        for item in found.items or ():
            yield from header_words(item.elements)
        yield from (found.value or b"").decode("utf-8", "replace").replace("^", " ").split()
