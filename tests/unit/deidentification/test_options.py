"""What each option keeps, what it does not, and what the copy says of it."""

from datetime import date, timedelta
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian

from shared.dicom.deidentification import Deidentified, Held, HoldReason, Option, Profile
from shared.dicom.deidentification.options import CODES
from tests.unit.deidentification.samples import (
    KEY,
    SYNTAXES,
    an_image,
    an_item,
    as_file,
    assert_clean,
    copy_under,
    read,
    result_of,
)

OFFSET = KEY.day_offset(KEY.patient_id("QX-778812"))
STATE = "1.2.840.10008.5.1.4.1.1.11.1"


def under(*options: Option) -> Profile:
    return Profile(name="tested", options=frozenset(options))


def made_under(option: Option, image: Dataset, syntax: str = SYNTAXES[0]) -> Dataset:
    return read(copy_under(under(option), as_file(image, syntax)))


def moved(day: str) -> str:
    return f"{date.fromisoformat(day) + timedelta(days=OFFSET):%Y%m%d}"


@pytest.mark.parametrize("option", Option)
def test_the_copy_says_which_options_were_applied(option: Option) -> None:
    copy = made_under(option, an_image())
    codes = [
        (item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning)
        for item in copy.DeidentificationMethodCodeSequence
    ]
    basic = ("113100", "DCM", "Basic Application Confidentiality Profile")
    value, meaning = CODES[option]
    of_pixels = {Option.CLEAN_PIXEL_DATA, Option.CLEAN_RECOGNIZABLE_VISUAL_FEATURES}
    assert codes == ([basic] if option in of_pixels else [basic, (value, "DCM", meaning)])
    expected = {Option.RETAIN_FULL_DATES: "UNMODIFIED", Option.RETAIN_MODIFIED_DATES: "MODIFIED"}
    assert copy.LongitudinalTemporalInformationModified == expected.get(option, "REMOVED")
    assert copy.PatientIdentityRemoved == "YES"


def test_an_image_names_what_it_was_made_under_in_full() -> None:
    options = frozenset(Option) - {Option.RETAIN_FULL_DATES}
    copy = read(copy_under(Profile(name="all", options=options), as_file(an_image())))
    codes = [item.CodeValue for item in copy.DeidentificationMethodCodeSequence]
    assert codes == ["113100", *(str(113103 + n) for n in range(10) if n != 3)]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_modified_dates_move_at_every_depth_and_times_stay(syntax: str) -> None:
    item = an_item(StudyDate="20210318", AcquisitionDateTime="20210319101112.5+0100")
    image = an_image(
        SeriesDate="20210320", SeriesTime="1011", ReferencedSeriesSequence=[item], PatientAge="069Y"
    )
    copy = made_under(Option.RETAIN_MODIFIED_DATES, image, syntax)
    assert (copy.StudyDate, copy.StudyTime) == (moved("20210317"), "101112")
    assert (copy.SeriesDate, copy.SeriesTime) == (moved("20210320"), "1011")
    inner = copy.ReferencedSeriesSequence[0]
    assert inner.StudyDate == moved("20210318")
    assert inner.AcquisitionDateTime == f"{moved('20210319')}101112.5+0100"
    assert (copy.PatientBirthDate, "PatientAge" in copy) == ("", False)


def test_a_patients_dates_move_together_and_anothers_apart() -> None:
    def study_date(**attributes: Any) -> str:
        return str(made_under(Option.RETAIN_MODIFIED_DATES, an_image(**attributes)).StudyDate)

    assert study_date(StudyInstanceUID="1.2.3.7") == study_date()
    assert study_date(PatientID="another") != study_date()
    assert study_date(IssuerOfPatientID="another") != study_date()


@pytest.mark.parametrize("value", ["20210231", "Brennigan", "2021"])
def test_what_is_no_date_is_treated_as_without_the_option(value: str) -> None:
    data = as_file(an_image(SeriesDate="20210317")).replace(
        b"\x08\x00\x21\x00DA\x08\x0020210317",
        b"\x08\x00\x21\x00DA\x08\x00" + value.encode()[:8].ljust(8),
    )
    assert "SeriesDate" not in read(copy_under(under(Option.RETAIN_MODIFIED_DATES), data))
    full = read(copy_under(under(Option.RETAIN_FULL_DATES), data)).get("SeriesDate")
    assert full == ("20210231" if value == "20210231" else None)  # kept as it stands


def test_a_moved_date_in_text_is_still_searched_for() -> None:
    image = an_image(ConvolutionKernel="of 20210317")
    assert made_under(Option.RETAIN_MODIFIED_DATES, image).ConvolutionKernel == "REMOVED"


def test_full_dates_stay_but_not_that_of_the_birth() -> None:
    image = an_image(SeriesDate="19510623", AcquisitionDateTime="20210317101112")
    copy = made_under(Option.RETAIN_FULL_DATES, image)
    assert (copy.StudyDate, copy.StudyTime) == ("20210317", "101112")
    assert copy.AcquisitionDateTime == "20210317101112"
    assert (copy.PatientBirthDate, "SeriesDate" in copy) == ("", False)


def test_patient_characteristics_stay_and_the_very_old_are_not_told_apart() -> None:
    image = an_image(PatientAge="097Y", PatientSize="1.7", PatientWeight="80", Allergies="Latex")
    copy = made_under(Option.RETAIN_PATIENT_CHARACTERISTICS, image)
    assert (copy.PatientSex, copy.PatientAge) == ("F", "090Y")
    assert (copy.PatientSize, copy.PatientWeight, copy.Allergies) == (1.7, 80, "Latex")
    assert copy.PatientName == KEY.patient_id("QX-778812")


def test_characteristics_that_repeat_an_identifier_do_not_stay() -> None:
    image = an_image(Allergies="Zyxel since 20210317, latex", EthnicGroup="Quorra")
    copy = made_under(Option.RETAIN_PATIENT_CHARACTERISTICS, image)
    assert (copy.Allergies, copy.EthnicGroup) == ("since , latex", "REMOVED")


def test_device_identity_stays_and_addresses_become_pseudonyms() -> None:
    image = an_image(
        DeviceSerialNumber="SN-99172", StationName="CTROOM7", DateOfLastCalibration="20200101",
        GantryID="G 17", DeviceUID="1.2.3.99.1", StationAETitle="ZEBRA7",
    )  # fmt: skip
    copy = made_under(Option.RETAIN_DEVICE_IDENTITY, image)
    assert (copy.DeviceSerialNumber, copy.StationName) == ("SN-99172", "CTROOM7")
    assert (copy.DateOfLastCalibration, copy.GantryID) == ("20200101", "G 17")
    assert (copy.DeviceUID, copy.StudyDate) == ("1.2.3.99.1", "")
    assert copy.get("StationAETitle") in {None, KEY.value("ZEBRA7")}


def test_a_devices_date_that_is_the_studys_does_not_stay() -> None:
    image = an_image(DateOfLastCalibration="20210317")
    assert "DateOfLastCalibration" not in made_under(Option.RETAIN_DEVICE_IDENTITY, image)


def test_institution_identity_stays() -> None:
    image = an_image(InstitutionName="Saint Nowhere", InstitutionAddress="12 Nowhere Street")
    copy = made_under(Option.RETAIN_INSTITUTION_IDENTITY, image)
    assert (copy.InstitutionName, copy.InstitutionAddress) == ("Saint Nowhere", "12 Nowhere Street")
    assert made_under(Option.RETAIN_UIDS, image).get("InstitutionName") is None


def test_an_institution_named_as_the_patient_does_not_stay() -> None:
    image = an_image(InstitutionName="Zyxel Hospital")
    assert made_under(Option.RETAIN_INSTITUTION_IDENTITY, image).InstitutionName == "REMOVED"


def test_uids_stay_everywhere() -> None:
    image = an_image(SourceImageSequence=[an_item(ReferencedSOPInstanceUID="1.2.3.9")])
    data = as_file(image)
    copy = read(copy_under(under(Option.RETAIN_UIDS), data))
    assert (copy.SOPInstanceUID, copy.StudyInstanceUID) == ("1.2.3.4.77.3", "1.2.3.4.77.1")
    assert copy.SourceImageSequence[0].ReferencedSOPInstanceUID == "1.2.3.9"
    assert copy.file_meta.MediaStorageSOPInstanceUID == "1.2.3.4.77.3"
    result = result_of(data, KEY, under(Option.RETAIN_UIDS))
    assert isinstance(result, Deidentified)
    assert result.identity.sop_instance_uid == "1.2.3.4.77.3"


def with_private(block: int, creator: str = "SIEMENS MR HEADER") -> Dataset:
    image = an_image()
    for creator_name, at in ((creator, block), ("ACME 1", block + 1)):
        image.add_new(0x00190000 | at, "LO", creator_name)
        image.add_new(0x00190000 | at << 8 | 0x0C, "IS", "1000")
        image.add_new(0x00190000 | at << 8 | 0x0D, "CS", "DIRECTIONAL")
        image.add_new(0x00190000 | at << 8 | 0x01, "LO", "Quorra")
    return image


@pytest.mark.parametrize("block", [0x10, 0x51])
@pytest.mark.parametrize("syntax", SYNTAXES[:2])
def test_safe_private_attributes_stay_by_creator_and_element(block: int, syntax: str) -> None:
    image = with_private(block)
    image.ReferencedSeriesSequence = [with_private(block)]
    del image.ReferencedSeriesSequence[0].PixelData
    data = copy_under(under(Option.RETAIN_SAFE_PRIVATE), as_file(image, syntax))
    for dataset in (read(data), read(data).ReferencedSeriesSequence[0]):
        private = {element.tag: element.value for element in dataset if element.tag.is_private}
        assert private == {
            0x00190000 | block: "SIEMENS MR HEADER",
            0x00190000 | block << 8 | 0x0C: 1000,
            0x00190000 | block << 8 | 0x0D: "DIRECTIONAL",
        }
    assert_clean(data)


@pytest.mark.parametrize("creator", ["ACME 2", "siemens mr header", "", "SIEMENS MR HEADER 2"])
def test_another_creators_private_attributes_go(creator: str) -> None:
    copy = made_under(Option.RETAIN_SAFE_PRIVATE, with_private(0x10, creator))
    assert [element for element in copy if element.tag.is_private] == []


def test_a_safe_private_attribute_of_another_representation_or_with_an_echo_goes() -> None:
    image = with_private(0x10)
    image[0x0019100C].VR = "LO"
    image[0x0019100C].value = "Brennigan"
    image[0x0019100D].value = "ZYXEL"
    assert 0x0019100C not in made_under(Option.RETAIN_SAFE_PRIVATE, image)
    copy = made_under(Option.RETAIN_SAFE_PRIVATE, image, ImplicitVRLittleEndian)
    assert copy[0x0019100C].value is None  # read as the number that it is to be
    assert copy[0x0019100D].value == "REMOVED"


def test_descriptors_are_cleaned_and_what_is_not_judged_becomes_a_dummy() -> None:
    image = an_image(
        SeriesDescription="Chest of Zyxel 2021-03-17, thin",
        StudyDescription="Quorra",
        ImageComments="seen by Dr. Brennigan, call 555-010-0177",
        ProtocolName="Abdomen^Routine",
        RequestAttributesSequence=[an_item(ScheduledProcedureStepDescription="CT for QUORRA")],
    )
    copy = made_under(Option.CLEAN_DESCRIPTORS, image)
    assert copy.SeriesDescription == "Chest of , thin"
    assert (copy.StudyDescription, copy.ImageComments) == ("REMOVED", "seen by , call")
    assert copy.ProtocolName == "Abdomen^Routine"
    assert copy.RequestAttributesSequence[0].ScheduledProcedureStepDescription == "CT for"
    foreign = an_image(SpecificCharacterSet="ISO_IR 192", SeriesDescription="胸部")
    assert made_under(Option.CLEAN_DESCRIPTORS, foreign).get("SeriesDescription") in {
        None,
        "REMOVED",
    }


def test_cleaned_text_is_in_the_objects_character_set() -> None:
    image = an_image(SpecificCharacterSet="ISO_IR 100", SeriesDescription="Schädel für Zyxel")
    assert made_under(Option.CLEAN_DESCRIPTORS, image).SeriesDescription == "Schädel für"


def a_state() -> Dataset:
    state = an_image(SOPClassUID=STATE, Modality="PR")
    for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit"):
        delattr(state, keyword)
    drawn = an_item(GraphicAnnotationUnits="PIXEL", GraphicData=[1.0, 2.0], GraphicType="POINT")
    text = an_item(UnformattedTextValue="Quorra, 3 mm", AnchorPoint=[1.0, 2.0])
    both = an_item(GraphicLayer="ONE", GraphicObjectSequence=[drawn], TextObjectSequence=[text])
    only_text = an_item(GraphicLayer="TWO", TextObjectSequence=[text])
    state.GraphicAnnotationSequence = [both, only_text]
    for group, kind, label in ((0x6000, "R", "Quorra"), (0x6002, "G", "Zyxel")):
        state.add_new(group << 16 | 0x0010, "US", 4)
        state.add_new(group << 16 | 0x0022, "LO", label)
        state.add_new(group << 16 | 0x0040, "CS", kind)
        state.add_new(group << 16 | 0x3000, "OW", b"\x01\x02")
        state.add_new(group << 16 | 0x4000, "LT", label)
    return state


def test_graphics_stay_without_text() -> None:
    copy = made_under(Option.CLEAN_GRAPHICS, a_state())
    assert [item.GraphicLayer for item in copy.GraphicAnnotationSequence] == ["ONE"]
    assert list(copy.GraphicAnnotationSequence[0].GraphicObjectSequence[0].GraphicData) == [1, 2]
    assert "TextObjectSequence" not in copy.GraphicAnnotationSequence[0]
    overlays = {element.tag & 0xFFFFFFFF for element in copy if element.tag >> 24 == 0x60}
    assert overlays == {0x60000010, 0x60000040, 0x60003000}


def test_graphics_are_held_without_the_option() -> None:
    held = Held(reason=HoldReason.GRAPHICS)
    assert result_of(as_file(a_state()), KEY, under(Option.CLEAN_DESCRIPTORS)) == held


def test_graphics_of_an_image_are_cleaned_and_its_pixels_are_judged() -> None:
    image = an_image(GraphicAnnotationSequence=a_state().GraphicAnnotationSequence)
    copy = made_under(Option.CLEAN_GRAPHICS, image)
    assert [item.GraphicLayer for item in copy.GraphicAnnotationSequence] == ["ONE"]
    image.BurnedInAnnotation = "YES"
    held = Held(reason=HoldReason.BURNED_IN_ANNOTATION)
    assert result_of(as_file(image), KEY, under(Option.CLEAN_GRAPHICS)) == held


@pytest.mark.parametrize("option", [None, *Option])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_the_patient_is_gone_under_every_option(option: Option | None, syntax: str) -> None:
    image = an_image(
        SeriesDescription="Quorra Zyxel", ImageComments="QX-778812", Allergies="Zyxel",
        InstitutionName="ACC55501", StationName="QX-778812", DeviceSerialNumber="ACC55501",
        ReferencedSeriesSequence=[an_item(StudyDescription="for QUORRA", PatientID="QX-778812")],
    )  # fmt: skip
    copy = copy_under(under(*([option] if option else [])), as_file(image, syntax))
    lowered = copy.lower()
    for needle in (b"quorra", b"zyxel", b"778812", b"acc55501", b"19510623"):
        assert needle not in lowered
