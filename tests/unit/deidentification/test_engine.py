"""Planted identities are gone from every byte, and the copy is whole, valid and repeatable."""

import io
from collections.abc import Iterator
from typing import Any

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from shared.dicom.deidentification import Deidentified, PseudonymKey, deidentify
from shared.dicom.deidentification.rules import Action
from shared.dicom.elements import RawElement
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from tests.unit.deidentification.samples import (
    CT_IMAGE,
    KEY,
    an_image,
    as_file,
    copy_of,
    element,
    explicit,
    header_of,
    result_of,
    with_element,
)

SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian]
NEEDLES = (b"quorra", b"zyxel", b"qx-778812", b"778812", b"acc55501", b"19510623", b"20210317")


def read(data: bytes) -> Dataset:
    return pydicom.dcmread(io.BytesIO(data))


def assert_clean(copy: bytes, *needles: bytes) -> None:
    lowered = copy.lower()
    assert [needle for needle in (*NEEDLES, *needles) if needle in lowered] == []


def an_item(**attributes: Any) -> Dataset:
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_the_copy_is_readable_and_its_pixels_are_the_originals(syntax: str) -> None:
    image = an_image()
    copy = read(copy_of(as_file(image, syntax)))
    assert copy.PixelData == image.PixelData
    assert copy.file_meta.TransferSyntaxUID == syntax
    assert copy.file_meta.MediaStorageSOPClassUID == copy.SOPClassUID == CT_IMAGE
    assert copy.file_meta.MediaStorageSOPInstanceUID == copy.SOPInstanceUID
    assert (copy.Rows, copy.BitsAllocated, copy.Manufacturer) == (4, 16, "ACME")


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_nothing_planted_is_left(syntax: str) -> None:
    assert_clean(copy_of(as_file(an_image(), syntax)))


def test_pseudonyms_stand_for_identifiers() -> None:
    copy = read(copy_of(as_file(an_image(IssuerOfPatientID="HOSPITAL"))))
    pseudonym = KEY.patient_id("QX-778812", "HOSPITAL")
    assert (copy.PatientID, copy.PatientName) == (pseudonym, pseudonym)
    assert copy.AccessionNumber == KEY.accession_number("ACC55501")
    assert copy.StudyInstanceUID == KEY.uid("1.2.3.4.77.1")
    assert (copy.StudyDate, copy.StudyTime, copy.PatientBirthDate) == ("", "", "")


def test_a_patient_without_an_id_is_told_apart_by_the_study() -> None:
    copy = read(copy_of(as_file(an_image(PatientID=""))))
    assert copy.PatientID == KEY.study_patient_id("1.2.3.4.77.1")


def test_the_result_names_the_pseudonymous_identity() -> None:
    result = result_of(as_file(an_image()))
    assert isinstance(result, Deidentified)
    assert result.identity.sop_instance_uid == KEY.uid("1.2.3.4.77.3")
    assert result.identity.series_instance_uid == KEY.uid("1.2.3.4.77.2")
    assert result.identity.study_instance_uid == KEY.uid("1.2.3.4.77.1")
    assert result.identity.sop_class_uid == CT_IMAGE
    assert result.patient == KEY.patient_id("QX-778812")


def test_the_copy_says_what_was_done() -> None:
    copy = read(copy_of(as_file(an_image(DeidentificationMethod="by Zyxel"))))
    code = copy.DeidentificationMethodCodeSequence[0]
    assert copy.PatientIdentityRemoved == "YES"
    assert copy.DeidentificationMethod == "PS3.15 2026d Basic Profile by Inlet"
    assert (code.CodeValue, code.CodingSchemeDesignator) == ("113100", "DCM")
    assert code.CodeMeaning == "Basic Application Confidentiality Profile"
    assert copy.LongitudinalTemporalInformationModified == "REMOVED"
    assert "BurnedInAnnotation" not in copy


def test_elements_stand_in_ascending_order() -> None:
    tags = [
        element.tag for element in read_header(BytesSource(copy_of(as_file(an_image())))).dataset
    ]
    assert tags == sorted(tags)


def test_actions_name_attributes_and_rules_and_no_values() -> None:
    item = an_item(ReferencedSOPInstanceUID="1.2.3.99", ReferringPhysicianName="Brennigan^Otto")
    result = result_of(as_file(an_image(ReferencedSeriesSequence=[item])))
    assert isinstance(result, Deidentified)
    taken = {action.path: (action.action, action.rule) for action in result.actions}
    assert taken["00100010"] == (Action.EMPTY, "E.1-1 Z")
    assert taken["00081115[0].00081155"] == (Action.UID, "E.1-1 U")
    assert taken["00081115[0].00080090"] == (Action.EMPTY, "E.1-1 Z")
    assert "00080060" not in taken
    assert_clean(repr(result.actions).encode(), b"brennigan")


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


def test_a_value_that_is_no_echo_stays() -> None:
    image = an_image(ConvolutionKernel="B30f", BodyPartExamined="CHEST", SliceThickness="1.25")
    copy = read(copy_of(as_file(image)))
    assert (copy.ConvolutionKernel, copy.BodyPartExamined) == ("B30f", "CHEST")
    assert copy.SliceThickness == 1.25


def test_a_number_that_is_none_is_emptied() -> None:
    data = as_file(an_image(InstanceNumber="12")).replace(b"IS\x02\x0012", b"IS\x02\x00Al")
    assert read(copy_of(data)).InstanceNumber is None


@pytest.mark.parametrize(
    "odd",
    [
        element(0x00280010, "LO", b"Brennigan"),  # Rows
        element(0x00180050, "LO", b"Brennigan"),  # Slice Thickness
        element(0x00180015, "OB", b"Brennigan "),  # Body Part Examined
        element(0x00283006, "UN", b"Brennigan "),  # LUT Data, kept as numbers
    ],
)
def test_a_value_of_another_kind_than_the_dictionarys_goes(odd: RawElement) -> None:
    name = element(0x00080090, "PN", b"Brennigan^Otto")
    result = deidentify(with_element(header_of(an_image()), odd, name), KEY)
    assert isinstance(result, Deidentified)
    assert_clean(b"".join(p for p in result.segments if isinstance(p, bytes)), b"brennigan")


def test_only_the_echoing_value_of_a_code_string_goes() -> None:
    image = an_image(ImageType=["ORIGINAL", "PRIMARY", "ZYXEL"])
    assert read(copy_of(as_file(image))).ImageType == ["ORIGINAL", "PRIMARY", "REMOVED"]


def test_references_between_objects_stay_intact() -> None:
    referenced = an_image(SOPInstanceUID="1.2.3.4.88.1")
    reference = an_item(ReferencedSOPClassUID=CT_IMAGE, ReferencedSOPInstanceUID="1.2.3.4.88.1")
    referring = an_image(SourceImageSequence=[reference], FrameOfReferenceUID="1.2.3.4.88.9")
    one, other = read(copy_of(as_file(referenced))), read(copy_of(as_file(referring)))
    assert other.SourceImageSequence[0].ReferencedSOPInstanceUID == one.SOPInstanceUID
    assert other.SourceImageSequence[0].ReferencedSOPClassUID == CT_IMAGE
    assert other.StudyInstanceUID == one.StudyInstanceUID
    assert (other.PatientID, other.SOPInstanceUID == one.SOPInstanceUID) == (one.PatientID, False)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_the_same_input_and_key_give_the_same_bytes(syntax: str) -> None:
    data = as_file(an_image(), syntax)
    other = PseudonymKey(b"a secret that is long enough", "project-two")
    assert copy_of(data) == copy_of(data)
    assert copy_of(data, other) != copy_of(data)


def test_what_is_large_is_never_in_memory() -> None:
    image = an_image(Rows=512, Columns=512, PixelData=bytes(512 * 512 * 2))
    image.add_new(0x00660016, "OF", b"\x00\x00\x80\x3f" * 40_000)
    data = as_file(image)
    result = result_of(data)
    assert isinstance(result, Deidentified)
    assert sum(len(part) for part in result.segments if isinstance(part, bytes)) < 2_000
    assert copy_of(data).endswith(bytes(512 * 512 * 2))
    assert read(copy_of(data))[0x00660016].value == b"\x00\x00\x80\x3f" * 40_000


def test_a_large_text_that_was_not_read_does_not_pass() -> None:
    image = an_image()
    image.add_new(0x00080119, "UC", "Quorra " * 20_000)
    image.add_new(0x00282000, "OB", b"Quorra" * 20_000)
    copy = read(copy_of(as_file(image)))
    assert (copy.LongCodeValue, "ICCProfile" in copy) == ("REMOVED", False)


def test_an_object_without_preamble_and_meta_becomes_a_file() -> None:
    data = as_file(an_image(), ImplicitVRLittleEndian)
    bare = data[data.index(b"\x08\x00\x16\x00") :]
    copy = read(copy_of(bare))
    assert copy.file_meta.TransferSyntaxUID == ImplicitVRLittleEndian
    assert copy.PixelData == an_image().PixelData


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
