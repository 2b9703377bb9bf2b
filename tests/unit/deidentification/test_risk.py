"""What cannot be proven clean is held, each reason both ways."""

from dataclasses import replace
from typing import Any

import pytest
from pydicom._uid_dict import UID_dictionary
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from shared.dicom.deidentification import Held, HoldReason, deidentify
from shared.dicom.deidentification.reasons import MEANINGS
from shared.dicom.deidentification.risk import (
    PixelRisk,
    hold_reasons,
    risk_table,
)
from shared.dicom.elements import Extent, Header, RawElement
from tests.unit.deidentification.samples import (
    CT_IMAGE,
    KEY,
    an_image,
    as_file,
    element,
    header_of,
    result_of,
    with_element,
)

STORAGE = "1.2.840.10008.5.1.4.1.1."


def hold_reason(header: Header) -> HoldReason | None:
    return next(hold_reasons(header), None)


def reason_for(**attributes: Any) -> HoldReason | None:
    return hold_reason(header_of(an_image(**attributes)))


def without_pixels(**attributes: Any) -> HoldReason | None:
    dataset = an_image(**attributes)
    del dataset.PixelData
    return hold_reason(header_of(dataset))


def an_item(**attributes: Any) -> Dataset:
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item


def test_every_reason_has_its_meaning() -> None:
    assert set(MEANINGS) == set(HoldReason)
    assert all(meaning.endswith(".") for meaning in MEANINGS.values())


def test_a_plain_ct_passes() -> None:
    assert reason_for() is None


@pytest.mark.parametrize(
    ("declared", "reason"),
    [
        ("YES", HoldReason.BURNED_IN_ANNOTATION),
        ("MAYBE", HoldReason.BURNED_IN_ANNOTATION),
        ("NO", None),
        ("", None),
    ],
)
def test_burned_in_annotation(declared: str, reason: HoldReason | None) -> None:
    assert reason_for(BurnedInAnnotation=declared) == reason


@pytest.mark.parametrize(
    ("declared", "reason"),
    [("YES", HoldReason.RECOGNIZABLE_VISUAL_FEATURES), ("NO", None), ("", None)],
)
def test_recognizable_visual_features(declared: str, reason: HoldReason | None) -> None:
    assert reason_for(RecognizableVisualFeatures=declared) == reason


def test_a_label_in_the_image_of_a_specimen() -> None:
    assert reason_for(SpecimenLabelInImage="YES") == HoldReason.BURNED_IN_ANNOTATION
    assert reason_for(SpecimenLabelInImage="NO") is None


@pytest.mark.parametrize("family", ["6.1", "3.1", "7", "7.4", "77.1.1", "77.1.4", "77.1.2.1"])
@pytest.mark.parametrize("declared", ["NO", ""])
def test_classes_with_text_in_the_picture_are_held_whatever_they_declare(
    family: str, declared: str
) -> None:
    sop_class = STORAGE + family
    reason = reason_for(SOPClassUID=sop_class, BurnedInAnnotation=declared)
    assert reason == HoldReason.BURNED_IN_RISK


@pytest.mark.parametrize("family", ["1", "1.1", "1.2", "12.1", "77.1.6", "77.1.5.1", "481.1"])
def test_projections_pass_when_declared_clean(family: str) -> None:
    sop_class = STORAGE + family
    assert reason_for(SOPClassUID=sop_class) == HoldReason.PIXELS_NOT_DECLARED_CLEAN
    assert reason_for(SOPClassUID=sop_class, BurnedInAnnotation="NO") is None


@pytest.mark.parametrize("family", ["2", "4", "20", "128", "481.2", "30", "66.4"])
def test_computed_images_pass(family: str) -> None:
    assert reason_for(SOPClassUID=STORAGE + family) is None


@pytest.mark.parametrize("family", ["481.5", "9.1.1", "66.1", "11.1"])
def test_classes_without_pixels_pass_without_and_are_held_with(family: str) -> None:
    assert without_pixels(SOPClassUID=STORAGE + family) is None
    assert reason_for(SOPClassUID=STORAGE + family) == HoldReason.PIXEL_DATA_INCONSISTENT


def test_colour_where_one_value_is_measured_needs_a_declaration() -> None:
    colour: dict[str, Any] = {
        "SamplesPerPixel": 3,
        "PhotometricInterpretation": "RGB",
        "PlanarConfiguration": 0,
        "BitsAllocated": 8,
        "PixelData": bytes(48),
    }
    assert reason_for(**colour) == HoldReason.PIXELS_NOT_DECLARED_CLEAN
    assert reason_for(**colour, BurnedInAnnotation="NO") is None


@pytest.mark.parametrize("modality", ["US", "IVUS", "ES", "XC", "SC", "DOC"])
def test_the_modality_counts_when_the_class_says_otherwise(modality: str) -> None:
    reason = reason_for(Modality=modality, BurnedInAnnotation="NO")
    assert reason == HoldReason.BURNED_IN_RISK


@pytest.mark.parametrize("conversion", ["DF", "SI", "SD", "WSD", "DRW", "DV"])
def test_digitised_film_and_scans_are_held(conversion: str) -> None:
    assert reason_for(ConversionType=conversion) == HoldReason.BURNED_IN_RISK
    assert reason_for(ConversionType="DI") is None


@pytest.mark.parametrize(
    "attributes",
    [
        {"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]},
        {"ImageType": ["ORIGINAL", "PRIMARY", "LABEL", "NONE"]},
        {"SeriesDescription": "Patient Protocol"},
        {"SeriesDescription": "DOSE_REPORT 1"},
    ],
)
def test_saved_screens_are_held(attributes: dict[str, Any]) -> None:
    assert reason_for(**attributes) == HoldReason.SCREEN_CAPTURE


@pytest.mark.parametrize(
    "attributes",
    [{"ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"]}, {"SeriesDescription": "low dose chest"}],
)
def test_other_image_types_and_descriptions_are_not(attributes: dict[str, Any]) -> None:
    assert reason_for(**attributes) is None


@pytest.mark.parametrize("family", ["104.1", "104.2", "104.3"])
def test_documents_are_held(family: str) -> None:
    reason = without_pixels(SOPClassUID=STORAGE + family)
    assert reason == HoldReason.ENCAPSULATED_DOCUMENT


def test_a_document_in_another_class_is_held() -> None:
    assert reason_for(EncapsulatedDocument=b"%PDF-1.4") == HoldReason.ENCAPSULATED_DOCUMENT


@pytest.mark.parametrize("family", ["88.11", "88.22", "88.33", "88.59", "88.67"])
def test_structured_reports_are_held(family: str) -> None:
    assert without_pixels(SOPClassUID=STORAGE + family) == HoldReason.STRUCTURED_CONTENT


def test_content_at_any_depth_is_held() -> None:
    inner = an_item(ContentSequence=[an_item(TextValue="said")])
    outer = an_item(ReferencedSeriesSequence=[inner])
    assert reason_for(ReferencedSeriesSequence=[outer]) == HoldReason.STRUCTURED_CONTENT


def test_graphics_are_held() -> None:
    graphics = [an_item(GraphicLayer="ONE")]
    assert reason_for(GraphicAnnotationSequence=graphics) == HoldReason.GRAPHICS
    state = {"SOPClassUID": STORAGE + "11.1"}
    assert without_pixels(**state, GraphicAnnotationSequence=graphics) == HoldReason.GRAPHICS


def test_an_overlay_is_removed_but_one_in_the_pixels_or_a_state_is_held() -> None:
    described = element(0x60000010, "US", b"\x04\x00")
    stored = element(0x60003000, "OW", b"\x00\x00")
    header = header_of(an_image())
    assert hold_reason(with_element(header, described)) == HoldReason.OVERLAY_IN_PIXEL_DATA
    assert hold_reason(with_element(header, described, stored)) is None
    state = an_image(SOPClassUID=STORAGE + "11.1")
    del state.PixelData
    assert hold_reason(with_element(header_of(state), described, stored)) == HoldReason.GRAPHICS


def test_each_reason_counts_whatever_others_there_are() -> None:
    content = [an_item(TextValue="said")]
    image = an_image(
        ContentSequence=content,
        GraphicAnnotationSequence=[an_item(GraphicLayer="ONE")],
        EncapsulatedDocument=b"%PDF-1.4",
        BurnedInAnnotation="YES",
        RecognizableVisualFeatures="YES",
        SeriesDescription="Dose Report",
        Modality="US",
    )
    assert list(hold_reasons(header_of(image))) == [
        HoldReason.STRUCTURED_CONTENT,
        HoldReason.ENCAPSULATED_DOCUMENT,
        HoldReason.GRAPHICS,
        HoldReason.BURNED_IN_ANNOTATION,
        HoldReason.RECOGNIZABLE_VISUAL_FEATURES,
        HoldReason.SCREEN_CAPTURE,
        HoldReason.BURNED_IN_RISK,
    ]
    report = an_image(SOPClassUID=STORAGE + "88.22", EncapsulatedDocument=b"%PDF-1.4")
    assert list(hold_reasons(header_of(report))) == [
        HoldReason.STRUCTURED_CONTENT,
        HoldReason.ENCAPSULATED_DOCUMENT,
        HoldReason.BURNED_IN_RISK,
    ]


def test_voices_are_held() -> None:
    assert without_pixels(SOPClassUID=STORAGE + "9.4.1") == HoldReason.AUDIO


@pytest.mark.parametrize("sop_class", [STORAGE + "66", "1.2.840.10008.1.3.10", "1.2.3.4"])
def test_classes_without_an_entry_are_held(sop_class: str) -> None:
    assert reason_for(SOPClassUID=sop_class) == HoldReason.UNSUPPORTED_SOP_CLASS


@pytest.mark.parametrize("attribute", ["SOPInstanceUID", "SOPClassUID"])
def test_an_object_without_identity_is_held(attribute: str) -> None:
    header = header_of(an_image())
    emptied = element(0x00080018 if attribute == "SOPInstanceUID" else 0x00080016, "UI", b"")
    assert hold_reason(with_element(header, emptied)) == HoldReason.IDENTITY_MISSING


@pytest.mark.parametrize(
    "instance", [element(0x00080018, "UI", b"1.2\\3.4"), element(0x00080018, "OB", b"1.2 ")]
)
def test_an_identity_that_is_not_one_uid_is_held(instance: RawElement) -> None:
    header = with_element(header_of(an_image()), instance)
    assert deidentify(header, KEY) == Held(reason=HoldReason.IDENTITY_MISSING)


def test_a_deflated_object_is_held() -> None:
    result = result_of(as_file(an_image(), DeflatedExplicitVRLittleEndian))
    assert result == Held(reason=HoldReason.UNSUPPORTED_TRANSFER_SYNTAX)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.94", "1.2.3"])
def test_videos_references_and_private_syntaxes_are_held(syntax: str) -> None:
    header = replace(header_of(an_image()), transfer_syntax_uid=syntax)
    assert hold_reason(header) == HoldReason.UNSUPPORTED_TRANSFER_SYNTAX


@pytest.mark.parametrize(
    "warning", ["pixel-data-longer", "vr-encoding-differs", "pixel-length-unchecked"]
)
def test_pixels_that_are_not_as_described_are_held(warning: str) -> None:
    header = replace(header_of(an_image()), warnings=(warning,))
    assert hold_reason(header) == HoldReason.PIXEL_DATA_INCONSISTENT
    assert hold_reason(replace(header, warnings=("no-preamble",))) is None


def test_pixels_beyond_the_end_of_the_object_are_held() -> None:
    header = header_of(an_image())
    assert header.pixel_data is not None
    beyond = replace(header.pixel_data, extent=Extent(header.object_size - 4, 32))
    assert hold_reason(replace(header, pixel_data=beyond)) == HoldReason.PIXEL_DATA_INCONSISTENT


def test_encapsulated_pixels_without_a_source_are_held() -> None:
    header = header_of(an_image())
    assert header.pixel_data is not None
    header = replace(header, pixel_data=replace(header.pixel_data, undefined_length=True))
    assert deidentify(header, KEY) == Held(reason=HoldReason.PIXEL_DATA_UNBOUNDED)


def test_the_risk_table_names_classes_of_the_standard() -> None:
    table = risk_table()
    assert set(table.by_sop_class) <= set(UID_dictionary)
    assert table.transfer_syntaxes <= set(UID_dictionary) | {"1.2.840.10008.1.2.8.1"}
    assert set(table.by_sop_class.values()) == set(PixelRisk)
    assert table.by_sop_class[CT_IMAGE] is PixelRisk.NONE
