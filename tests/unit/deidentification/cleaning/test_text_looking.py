"""What text that is seen changes, and what it cannot; the finder is a stand-in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.uid import HTJ2KLossless, RLELossless

from shared.dicom.deidentification import Deidentified, Held, HoldReason, Profile, deidentify
from shared.dicom.deidentification.actions import ActionTaken
from shared.dicom.deidentification.cleaning import (
    Blank,
    CleaningPolicy,
    Hold,
    Keep,
    Rectangle,
    Replacement,
)
from shared.dicom.deidentification.cleaning.evidence import Plan, planned
from shared.dicom.deidentification.cleaning.text import Look, TextFinder
from shared.dicom.deidentification.options import Option
from shared.dicom.deidentification.rules import Action
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from tests.unit.deidentification.cleaning.ink import InkFinder
from tests.unit.deidentification.cleaning.objects import encapsulated, noise
from tests.unit.deidentification.cleaning.test_evidence import an_ultrasound
from tests.unit.deidentification.cleaning.test_rle import coded
from tests.unit.deidentification.samples import KEY, an_image, as_file, header_of, read

CLEANING = Profile(name="cleaning", options=frozenset({Option.CLEAN_PIXEL_DATA}))
ALL = CleaningPolicy(signatures=True, ultrasound_regions=True)
INK = 9999
BOX = Rectangle(3, 2, 5, 4)
PIXELS = noise(20, 30, dtype="<u2", bits=10)
CT, CR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.1"
CAPTURE, PHOTOGRAPH = "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.77.1.4"


def burned(**attributes: Any) -> bytes:
    """An image in whose pixels the stand-in sees text."""
    pixels = PIXELS.copy()
    pixels[2:6, 3:8] = INK
    return as_file(an_image(Rows=20, Columns=30, PixelData=pixels.tobytes(), **attributes))


def clean(**attributes: Any) -> bytes:
    return as_file(an_image(Rows=20, Columns=30, PixelData=PIXELS.tobytes(), **attributes))


def plan_of(data: bytes, finder: TextFinder | None) -> Plan:
    source = BytesSource(data)
    return Look(read_header(source), source, finder).plan(ALL)


def result_of(data: bytes, finder: TextFinder | None) -> Deidentified | Held:
    source = BytesSource(data)
    return deidentify(
        read_header(source), KEY, source, profile=CLEANING, text_finder=lambda: finder
    )


@pytest.mark.parametrize("declared", ["NO", "", None])
def test_text_in_what_passes_is_blanked(declared: str | None) -> None:
    attributes = {} if declared is None else {"BurnedInAnnotation": declared}
    assert plan_of(burned(**attributes), None) == Keep()
    assert plan_of(burned(**attributes), InkFinder(INK)) == Blank((BOX,), ("text: 1",), looked=True)
    assert plan_of(clean(**attributes), InkFinder(INK)) == Keep()


@pytest.mark.parametrize(
    ("sop_class", "attributes"),
    [
        (CR, {"Modality": "CR"}),
        (CR, {"Modality": "CR", "BurnedInAnnotation": "YES"}),
        (CT, {"BurnedInAnnotation": "YES"}),
        (CAPTURE, {"Modality": "OT"}),
        (CAPTURE, {"Modality": "OT", "ConversionType": "WSD"}),
        ("1.2.840.10008.5.1.4.1.1.6.1", {"Modality": "US"}),
    ],
)
def test_text_that_machines_wrote_answers_a_doubt(
    sop_class: str, attributes: dict[str, Any]
) -> None:
    data = burned(SOPClassUID=sop_class, **attributes)
    assert isinstance(plan_of(data, None), Hold)
    assert plan_of(data, InkFinder(INK)) == Blank((BOX,), ("text: 1",), looked=True)


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"SOPClassUID": PHOTOGRAPH, "Modality": "XC"}, HoldReason.BURNED_IN_RISK),
        ({"SOPClassUID": CAPTURE, "Modality": "XC"}, HoldReason.BURNED_IN_RISK),
        ({"SOPClassUID": CAPTURE, "ConversionType": "SD"}, HoldReason.BURNED_IN_RISK),
        ({"SOPClassUID": CR, "ConversionType": "DF"}, HoldReason.BURNED_IN_RISK),
        ({"SeriesDescription": "Dose Report"}, HoldReason.SCREEN_CAPTURE),
        ({"SpecimenLabelInImage": "YES"}, HoldReason.BURNED_IN_ANNOTATION),
        ({"RecognizableVisualFeatures": "YES"}, HoldReason.RECOGNIZABLE_VISUAL_FEATURES),
    ],
)
def test_what_no_text_can_answer_is_held_unseen(
    attributes: dict[str, Any], reason: HoldReason
) -> None:
    finder = InkFinder(INK)
    assert plan_of(burned(**attributes), finder) == Hold(reason)
    assert finder.looks == 0


def test_no_text_takes_the_place_of_a_missing_declaration_and_of_nothing_more() -> None:
    finder = InkFinder(INK)
    assert plan_of(clean(SOPClassUID=CR), None) == Hold(HoldReason.PIXELS_NOT_DECLARED_CLEAN)
    assert plan_of(clean(SOPClassUID=CR), finder) == Keep()
    declared = clean(SOPClassUID=CR, BurnedInAnnotation="YES")
    assert plan_of(declared, finder) == Hold(HoldReason.BURNED_IN_ANNOTATION)
    assert plan_of(clean(SOPClassUID=CAPTURE), finder) == Hold(HoldReason.BURNED_IN_RISK)


def test_text_is_blanked_together_with_what_is_known() -> None:
    localizer = {
        "ManufacturerModelName": "SOMATOM Definition AS+",
        "ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"],
    }
    plan = plan_of(burned(**localizer), InkFinder(INK))
    assert isinstance(plan, Blank)
    assert plan.rectangles == (Rectangle(0, 0, 80, 85), BOX)
    assert plan.grounds[-1] == "text: 1"


def test_several_places_are_counted_and_not_told() -> None:
    places = (Rectangle(0, 0, 2, 2), Rectangle(5, 5, 1, 1))
    plan = planned(header_of(an_image()), ALL, seen=places)
    assert plan == Blank(places, ("text: 2",), looked=True)


def test_regions_alone_are_no_look() -> None:
    data = as_file(an_ultrasound())
    source = BytesSource(data)
    look = Look(read_header(source), source, InkFinder(INK))
    assert look.plan(ALL) == Hold(HoldReason.BURNED_IN_RISK)


def test_what_cannot_be_decoded_is_what_it_is_without_a_finder() -> None:
    finder = InkFinder(INK)
    kept = encapsulated([b"\xff\x4f" + bytes(60)], HTJ2KLossless)
    assert plan_of(kept, finder) == Keep()
    held = encapsulated([b"\xff\x4f" + bytes(60)], HTJ2KLossless, SOPClassUID=CAPTURE)
    assert plan_of(held, finder) == Hold(HoldReason.BURNED_IN_RISK)
    damaged = encapsulated([bytes(63)], RLELossless)
    assert plan_of(damaged, finder) == Keep()
    assert finder.looks == 1  # what has a decoder was tried


def test_an_object_without_pixels_is_not_looked_at() -> None:
    image = an_image()
    del image.PixelData
    finder = InkFinder(INK)
    assert plan_of(as_file(image), finder) == Keep()
    assert finder.looks == 0


def test_without_a_source_nobody_looks() -> None:
    finder = InkFinder(INK)
    header = read_header(BytesSource(burned()))
    assert Look(header, None, finder).plan(ALL) == Keep()
    assert isinstance(deidentify(header, KEY, profile=CLEANING), Deidentified)


def test_the_copy_has_black_in_place_of_text_and_tells_where_it_is_from() -> None:
    data, finder = burned(), InkFinder(INK)
    result = result_of(data, finder)
    assert isinstance(result, Deidentified)
    assert finder.looks == 2
    assert result.actions[-1] == ActionTaken("7FE00010", Action.CLEAN, "text: 1")
    dataset = read(b"".join(result.pieces(BytesSource(data))))
    expected = PIXELS.copy()
    expected[2:6, 3:8] = 0
    assert np.array_equal(dataset.pixel_array, expected)
    assert dataset.BurnedInAnnotation == "NO"
    assert dataset.DeidentificationMethodCodeSequence[-1].CodeValue == "113101"


def test_text_of_one_frame_is_blanked_in_all() -> None:
    frames = np.stack([PIXELS, PIXELS, PIXELS]).astype("<u2")
    frames[1, 2:6, 3:8] = INK
    planes = [np.stack([frame >> 8, frame & 255]).astype("u1") for frame in frames]
    data = encapsulated([coded(each) for each in planes], RLELossless, Rows=20, Columns=30)
    result = result_of(data, InkFinder(INK))
    assert isinstance(result, Deidentified)
    pixels = read(b"".join(result.pieces(BytesSource(data)))).pixel_array
    frames[:, 2:6, 3:8] = 0
    assert np.array_equal(pixels, frames)


def test_without_the_option_nobody_looks() -> None:
    finder = InkFinder(INK)
    source = BytesSource(burned())
    result = deidentify(read_header(source), KEY, source, text_finder=lambda: finder)
    assert isinstance(result, Deidentified)
    assert finder.looks == 0


def test_text_that_is_seen_only_in_the_copy_is_held() -> None:
    finder = InkFinder(INK, blind_to=(Rectangle(15, 12, 6, 4),))
    assert result_of(burned(), finder) == Held(reason=HoldReason.TEXT_IN_PIXELS)


def test_what_is_known_is_not_looked_at_again_without_a_first_look() -> None:
    source = BytesSource(burned())
    finder = InkFinder(INK)
    look = Look(read_header(source), source, finder)
    from_header = Blank((BOX,), ("signature: ONE",))
    pixels = Replacement.of(look.header, from_header, source).pixels
    assert not look.shows_text(from_header, pixels)
    assert finder.looks == 0


def test_nothing_is_imported_where_nobody_looks() -> None:
    code = (
        "import sys, shared.dicom.deidentification;"
        "print(sorted({'rapidocr_onnxruntime', 'onnxruntime', 'cv2'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[4]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
