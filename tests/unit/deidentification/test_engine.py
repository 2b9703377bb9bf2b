"""Planted identities are gone from every byte, and the copy is whole, valid and repeatable."""

import pytest
from pydicom import Dataset
from pydicom.uid import ImplicitVRLittleEndian

from shared.dicom.deidentification import (
    Deidentified,
    Held,
    HoldReason,
    Option,
    Profile,
    PseudonymKey,
    deidentify,
)
from shared.dicom.deidentification.rules import Action
from shared.dicom.elements import RawElement, RawItem
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from tests.unit.deidentification.samples import (
    CT_IMAGE,
    KEY,
    NOWHERE,
    SYNTAXES,
    an_image,
    an_item,
    as_file,
    assert_clean,
    copy_of,
    element,
    header_of,
    read,
    result_of,
    with_element,
)

MODIFIED_DATES = Profile(name="moved", options=frozenset({Option.RETAIN_MODIFIED_DATES}))


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


def _under(authority: str, **attributes: str) -> Dataset:
    data = as_file(an_image(**attributes))
    source = BytesSource(data)
    result = deidentify(
        read_header(source), KEY, source, profile=MODIFIED_DATES, authority=authority
    )
    assert isinstance(result, Deidentified)
    return read(b"".join(result.pieces(source)))


def test_ids_are_of_the_authority_that_assigned_them() -> None:
    north, south = _under("north"), _under("south")
    assert north.PatientID == KEY.patient_id("QX-778812", "north")
    assert north.AccessionNumber == KEY.accession_number("ACC55501", "north")
    for keyword in ("PatientID", "AccessionNumber", "StudyDate"):
        assert north[keyword].value != south[keyword].value
    assert north.StudyInstanceUID == south.StudyInstanceUID


def test_an_objects_own_issuer_comes_before_the_authority() -> None:
    north, south = (_under(name, IssuerOfPatientID="REGION") for name in ("north", "south"))
    assert north.PatientID == south.PatientID == KEY.patient_id("QX-778812", "REGION")
    assert north.StudyDate == south.StudyDate
    assert north.AccessionNumber != south.AccessionNumber


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


@pytest.mark.parametrize("value", [b"brennigan ", b"1.2.3\\otto", "otto".encode("utf-16-le")])
def test_what_is_no_uid_is_not_kept_as_one(value: bytes) -> None:
    creator = element(0x0008010D, "UI", value)
    result = deidentify(with_element(header_of(an_image()), creator), KEY)
    assert isinstance(result, Deidentified)
    assert_clean(b"".join(p for p in result.segments if isinstance(p, bytes)), value.strip())


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_an_echo_of_two_bytes_a_character_goes(encoding: str) -> None:
    kernel = element(0x00181210, "SH", "by Zyxel".encode(encoding))
    result = deidentify(with_element(header_of(an_image()), kernel), KEY)
    assert isinstance(result, Deidentified)
    written = b"".join(p for p in result.segments if isinstance(p, bytes))
    assert_clean(written.replace(b"\0", b""), b"zyxel")


def test_inside_of_a_dummy_texts_are_dummies_and_terms_and_numbers_stay() -> None:
    inside = (
        element(0x00080060, "CS", b"CT"),
        element(0x00180060, "DS", b"120 "),
        element(0x00181210, "SH", b"FC13"),
    )
    geometry = RawElement(0x40100004, "SQ", NOWHERE, None, (RawItem(inside),))
    # What attributes are is known from the second object on, and then told at once.
    result = [deidentify(with_element(header_of(an_image()), geometry), KEY) for _ in range(2)][-1]
    assert isinstance(result, Deidentified)
    written = b"".join(p for p in result.segments if isinstance(p, bytes))
    assert_clean(written, b"fc13")
    assert b"\x60\x00CS\x02\x00CT\x18\x00\x60\x00DS\x04\x00120 " in written


def test_elements_out_of_order_are_put_in_order_and_doubled_ones_left_out() -> None:
    code, meaning, other = (
        element(tag, "SH", value)
        for tag, value in ((0x00080100, b"A1"), (0x00080102, b"DCM "), (0x00080100, b"B2"))
    )
    anatomy = RawElement(0x00082218, "SQ", NOWHERE, None, (RawItem((meaning, code, other)),))
    # What attributes are is known from the second object on, and then told at once.
    result = [deidentify(with_element(header_of(an_image()), anatomy), KEY) for _ in range(2)][-1]
    assert isinstance(result, Deidentified)
    written = b"".join(p for p in result.segments if isinstance(p, bytes))
    assert b"\x08\x00\x00\x01SH\x02\x00A1\x08\x00\x02\x01SH\x04\x00DCM " in written
    assert b"B2" not in written


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
    image.add_new(0x00660016, "OF", b"\x00\x00\x80\x3f" * 400_000)
    data = as_file(image)
    result = result_of(data)
    assert isinstance(result, Deidentified)
    assert sum(len(part) for part in result.segments if isinstance(part, bytes)) < 2_000
    assert copy_of(data).endswith(bytes(512 * 512 * 2))
    assert read(copy_of(data))[0x00660016].value == b"\x00\x00\x80\x3f" * 400_000


def test_a_large_text_that_was_not_read_does_not_pass() -> None:
    image = an_image()
    image.add_new(0x00080119, "UC", "Quorra " * 200_000)
    image.add_new(0x00282000, "OB", b"Quorra" * 200_000)
    copy = read(copy_of(as_file(image)))
    assert (copy.LongCodeValue, "ICCProfile" in copy) == ("REMOVED", False)


RT_STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"


def _with_contours(points: int, contours: int) -> Dataset:
    """A structure set of so many contours with so many points each."""
    numbers = [f"{-0.5 * number:.7f}" for number in range(3 * points)]
    contour = an_item(NumberOfContourPoints=points, ContourData=numbers)
    image = an_image(SOPClassUID=RT_STRUCTURE_SET, Modality="RTSTRUCT")
    del image.PixelData, image.Rows, image.Columns
    image.ROIContourSequence = [an_item(ContourSequence=[contour] * contours)]
    return image


def _contours(dataset: Dataset) -> list[list[float]]:
    return [each.ContourData for each in dataset.ROIContourSequence[0].ContourSequence]


@pytest.mark.parametrize(("points", "contours"), [(9_000, 1), (2_000, 300)])
def test_no_contour_changes_however_many_points_it_has(points: int, contours: int) -> None:
    """Not those longer than what decides an object, nor those beyond the memory for it."""
    original = _with_contours(points, contours)
    copy = read(copy_of(as_file(original, ImplicitVRLittleEndian)))
    assert _contours(copy) == _contours(original)


def test_an_object_with_more_numbers_than_are_read_is_held_and_not_falsified() -> None:
    result = result_of(as_file(_with_contours(40_000, 1), ImplicitVRLittleEndian))
    assert result == Held(reason=HoldReason.NUMBERS_TOO_LONG)


def test_an_object_without_preamble_and_meta_becomes_a_file() -> None:
    data = as_file(an_image(), ImplicitVRLittleEndian)
    bare = data[data.index(b"\x08\x00\x16\x00") :]
    copy = read(copy_of(bare))
    assert copy.file_meta.TransferSyntaxUID == ImplicitVRLittleEndian
    assert copy.PixelData == an_image().PixelData
