"""What is done with the pixels follows the evidence, in order."""

from typing import Any

import pytest
from pydicom.dataset import Dataset

from shared.dicom.deidentification.cleaning.evidence import (
    Blank,
    CleaningPolicy,
    Hold,
    Keep,
    planned,
)
from shared.dicom.deidentification.cleaning.rectangles import Rectangle
from shared.dicom.deidentification.reasons import HoldReason
from tests.unit.deidentification.samples import an_image, an_item, header_of

ALL = CleaningPolicy(signatures=True, ultrasound_regions=True)
ULTRASOUND = "1.2.840.10008.5.1.4.1.1.6.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def a_region(left: int, top: int, right: int, bottom: int, spatial_format: int = 1) -> Dataset:
    return an_item(
        RegionSpatialFormat=spatial_format,
        RegionLocationMinX0=left,
        RegionLocationMinY0=top,
        RegionLocationMaxX1=right,
        RegionLocationMaxY1=bottom,
    )


def an_ultrasound(*regions: Dataset, **attributes: Any) -> Dataset:
    image = an_image(
        SOPClassUID=ULTRASOUND, Modality="US", Rows=40, Columns=60, PixelData=bytes(4800)
    )
    if regions:
        image.SequenceOfUltrasoundRegions = list(regions)
    for keyword, value in attributes.items():
        setattr(image, keyword, value)
    return image


def a_dose_sheet(**attributes: Any) -> Dataset:
    return an_image(
        **{
            "Manufacturer": "SIEMENS",
            "ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"],
            "Rows": 860,
            "Columns": 4,
            "PixelData": bytes(2 * 860 * 4),
            **attributes,
        }
    )


def test_a_plain_ct_is_kept() -> None:
    assert planned(header_of(an_image()), ALL) == Keep()


def test_without_a_policy_doubts_are_held_as_ever() -> None:
    assert planned(header_of(an_ultrasound(a_region(5, 10, 54, 34)))) == Hold(
        HoldReason.BURNED_IN_RISK
    )
    assert planned(header_of(a_dose_sheet())) == Hold(HoldReason.SCREEN_CAPTURE)


def test_outside_of_ultrasound_regions_is_blanked() -> None:
    plan = planned(header_of(an_ultrasound(a_region(5, 10, 54, 34))), ALL)
    assert plan == Blank(
        (
            Rectangle(0, 0, 60, 10),
            Rectangle(0, 10, 5, 25),
            Rectangle(55, 10, 5, 25),
            Rectangle(0, 35, 60, 5),
        ),
        ("ultrasound-regions",),
    )
    assert isinstance(plan, Blank)
    assert plan.codes == ("113101",)


def test_a_declared_annotation_outside_of_regions_is_blanked() -> None:
    image = an_ultrasound(a_region(5, 10, 54, 34), BurnedInAnnotation="YES")
    assert isinstance(planned(header_of(image), ALL), Blank)


@pytest.mark.parametrize("spatial_format", [0, 5, 9])
def test_regions_of_graphics_are_blanked_with_the_rest(spatial_format: int) -> None:
    echoes, legend = a_region(0, 10, 59, 29), a_region(0, 30, 59, 39, spatial_format)
    plan = planned(header_of(an_ultrasound(echoes, legend)), ALL)
    assert isinstance(plan, Blank)
    assert plan.rectangles == (Rectangle(0, 0, 60, 10), Rectangle(0, 30, 60, 10))
    alone = planned(header_of(an_ultrasound(legend)), ALL)
    assert alone == Hold(HoldReason.BURNED_IN_RISK)


def test_a_corner_one_past_the_last_pixel_is_forgiven() -> None:
    plan = planned(header_of(an_ultrasound(a_region(0, 10, 60, 40))), ALL)
    assert isinstance(plan, Blank)
    assert plan.rectangles == (Rectangle(0, 0, 60, 10),)


@pytest.mark.parametrize(
    "region",
    [
        a_region(0, 0, 59, 39),  # the whole screen
        a_region(5, 0, 54, 34),  # the banner is in it
        a_region(5, 10, 61, 34),
        a_region(5, 10, 54, 41),
        a_region(20, 10, 10, 34),
        a_region(5, 30, 54, 20),
        an_item(RegionSpatialFormat=1),
    ],
)
def test_regions_that_cannot_be_trusted_are_no_evidence(region: Dataset) -> None:
    plan = planned(header_of(an_ultrasound(a_region(5, 10, 54, 34), region)), ALL)
    assert plan == Hold(HoldReason.BURNED_IN_RISK)


def test_more_regions_than_a_screen_has_are_no_evidence() -> None:
    image = an_ultrasound(*[a_region(5, 10, 54, 34)] * 33)
    assert planned(header_of(image), ALL) == Hold(HoldReason.BURNED_IN_RISK)


def test_regions_in_another_modality_are_no_evidence() -> None:
    image = an_ultrasound(a_region(5, 10, 54, 34), SOPClassUID=SECONDARY_CAPTURE, Modality="OT")
    assert planned(header_of(image), ALL) == Hold(HoldReason.BURNED_IN_RISK)


def test_a_device_with_a_signature_is_blanked() -> None:
    image = an_ultrasound(
        Manufacturer="Philips", ManufacturerModelName="iU22", Rows=480, PixelData=bytes(57600)
    )
    plan = planned(header_of(image), ALL)
    assert plan == Blank((Rectangle(0, 0, 640, 47),), ("signature: Philips IU22",))
    only_regions = CleaningPolicy(ultrasound_regions=True)
    assert planned(header_of(image), only_regions) == Hold(HoldReason.BURNED_IN_RISK)


def test_a_signature_without_a_size_proves_nothing_but_is_blanked() -> None:
    device = {"Manufacturer": "Philips", "ManufacturerModelName": "CX50"}
    assert planned(header_of(an_ultrasound(**device)), ALL) == Hold(HoldReason.BURNED_IN_RISK)
    plan = planned(header_of(an_ultrasound(a_region(0, 10, 59, 39), **device)), ALL)
    assert isinstance(plan, Blank)
    assert plan.rectangles == (Rectangle(0, 0, 60, 10), Rectangle(0, 0, 800, 59))
    assert plan.grounds == ("ultrasound-regions", "signature: CX50")


def test_a_signature_of_which_nothing_is_in_the_image_proves_nothing() -> None:
    device = {"ManufacturerModelName": "SOMATOM Definition AS+", "SeriesDescription": "3D"}
    assert planned(header_of(an_image(**device)), ALL) == Keep()
    wide = an_image(**device, Columns=451, PixelData=bytes(2 * 4 * 451))
    assert planned(header_of(wide), ALL) == Blank(
        (Rectangle(450, 0, 222, 85),), ("signature: 3D Lab reconstructions",)
    )


def test_a_saved_screen_needs_a_signature_of_screens() -> None:
    plan = planned(header_of(a_dose_sheet()), ALL)
    assert plan == Blank((Rectangle(0, 0, 1132, 60),), ("signature: CT Dose Series",))
    ultrasound = an_ultrasound(a_region(5, 10, 54, 34), SeriesDescription="Screen Capture")
    assert planned(header_of(ultrasound), ALL) == Hold(HoldReason.SCREEN_CAPTURE)


def test_what_is_kept_by_its_class_is_blanked_where_a_signature_says_so() -> None:
    localizer: dict[str, Any] = {
        "ManufacturerModelName": "SOMATOM Definition AS+",
        "ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"],
    }
    plan = planned(header_of(an_image(**localizer)), ALL)
    assert isinstance(plan, Blank)
    assert plan.rectangles == (Rectangle(0, 0, 80, 85),)
    assert planned(header_of(an_image(**localizer, BurnedInAnnotation="NO")), ALL) == Keep()
    assert planned(header_of(an_image(**localizer))) == Keep()


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"RecognizableVisualFeatures": "YES"}, HoldReason.RECOGNIZABLE_VISUAL_FEATURES),
        ({"EncapsulatedDocument": b"%PDF"}, HoldReason.ENCAPSULATED_DOCUMENT),
    ],
)
def test_no_cleaning_helps_against_other_reasons(
    attributes: dict[str, Any], reason: HoldReason
) -> None:
    image = an_ultrasound(a_region(5, 10, 54, 34), **attributes)
    plan = planned(header_of(image), ALL)
    assert isinstance(plan, Hold)
    assert plan.reason in {reason, HoldReason.BURNED_IN_RISK}


def test_no_region_shows_where_a_slide_has_its_label() -> None:
    image = an_ultrasound(a_region(5, 10, 54, 34), SpecimenLabelInImage="YES")
    assert planned(header_of(image), ALL) == Hold(HoldReason.BURNED_IN_ANNOTATION)


def test_what_is_waived_is_dealt_with_elsewhere() -> None:
    image = an_image(EncapsulatedDocument=b"%PDF", BurnedInAnnotation="YES")
    waived = frozenset({HoldReason.ENCAPSULATED_DOCUMENT, HoldReason.BURNED_IN_ANNOTATION})
    assert planned(header_of(image), waived=waived) == Keep()
    assert planned(header_of(image), waived=frozenset()) == Hold(HoldReason.ENCAPSULATED_DOCUMENT)


def test_objects_without_pixels_are_none_of_this() -> None:
    image = an_image()
    del image.PixelData
    assert planned(header_of(image), ALL) == Keep()
