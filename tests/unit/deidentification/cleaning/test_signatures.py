"""The library of device signatures: its data, its generator, and each signature at work."""

import json
from importlib.metadata import PackageNotFoundError
from typing import Any

import pytest
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset

from shared.dicom.deidentification.cleaning import generate_signatures
from shared.dicom.deidentification.cleaning.attributes import Attributes
from shared.dicom.deidentification.cleaning.rectangles import Rectangle
from shared.dicom.deidentification.cleaning.signatures import (
    SIGNATURES_PATH,
    Condition,
    library,
    matching,
)
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from tests.unit.deidentification.samples import an_image, as_file, header_of

DATA = json.loads(SIGNATURES_PATH.read_text("utf-8"))
RECIPE = """
%filter graylist
LABEL One  or two # (Somebody)
  contains Modality US
  + contains ImageType A|B || contains SeriesDescription C
  + equals Rows 786
  ctpcoordinates 1,2,30,40
coordinates 1,2,30, 40
LABEL Nowhere
  contains Modality US
LABEL Inside
  contains CodeMeaning US
  coordinates 0,0,1,1
LABEL Empty
  missing Manufacturer
  coordinates 0,0,1,1
%filter blacklist
LABEL Black
  coordinates 0,0,1,1
"""


def test_the_file_is_what_the_generator_makes() -> None:
    try:
        source = generate_signatures.installed_source()
    except PackageNotFoundError:
        pytest.skip("the package deid is not installed")
    rendered = generate_signatures.rendered(generate_signatures.transformed(*source))
    assert rendered == SIGNATURES_PATH.read_text("utf-8")


def test_a_recipe_becomes_signatures() -> None:
    made = generate_signatures.transformed(RECIPE, "1.0")
    modality, rows = (
        {"tag": "00080060", "keyword": "Modality", "operator": "contains", "values": ["US"]},
        {"tag": "00280010", "keyword": "Rows", "operator": "equals", "values": ["768"]},
    )
    kinds = [("00080008", "ImageType", ["A", "B"]), ("0008103E", "SeriesDescription", ["C"])]
    assert made["signatures"] == [
        {
            "name": "One or two",
            "contributor": "Somebody",
            "conditions": [
                modality,
                {"tag": tag, "keyword": keyword, "operator": "contains", "values": values},
                rows,
            ],
            "rectangles": [[1, 2, 30, 40], [1, 2, 29, 38]],
        }
        for tag, keyword, values in kinds
    ]
    assert list(made["left_out"]) == ["Nowhere", "Inside", "Empty"]
    assert json.loads(generate_signatures.rendered(made)) == made


def test_every_entry_is_of_the_schema() -> None:
    assert set(DATA["source"]) == {"package", "file", "sha256", "licence", "generator"}
    assert len(DATA["signatures"]) == 105
    for entry in DATA["signatures"]:
        assert set(entry) == {"name", "contributor", "conditions", "rectangles"}
        assert entry["conditions"]
        for condition in entry["conditions"]:
            assert int(condition["tag"], 16) == tag_for_keyword(condition["keyword"])
            assert condition["operator"] in {"contains", "equals"}
            assert all(condition["values"])
        for left, top, width, height in entry["rectangles"]:
            assert min(left, top) >= 0 < min(width, height)


def attributes_of(**values: Any) -> Attributes:
    image = an_image()
    del image.PixelData
    for keyword, value in values.items():
        setattr(image, keyword, value)
    return Attributes.of(header_of(image))


def an_image_of(entry: dict[str, Any]) -> Dataset:
    """An image that satisfies the conditions, with nothing else of theirs and no pixels."""
    image = an_image(Manufacturer="", Modality="")
    del image.PixelData
    for condition in entry["conditions"]:
        keyword, value = condition["keyword"], condition["values"][0]
        if keyword == "ImplementationVersionName":
            continue
        number = dictionary_VR(condition["tag"]) == "US"
        before = str(image.get(keyword, "") or "") if condition["operator"] == "contains" else ""
        setattr(image, keyword, int(value) if number else f"{before} {value}".strip())
    return image


@pytest.mark.parametrize("number", range(len(DATA["signatures"])))
def test_every_signature_matches_its_kind_of_image(number: int) -> None:
    image = an_image_of(DATA["signatures"][number])
    header = read_header(BytesSource(as_file(image, ImplementationVersionName="MINDRAY 1")))
    attributes = Attributes.of(header)
    signature = library()[number]
    assert signature.matches(attributes)
    assert signature in matching(attributes)


@pytest.mark.parametrize("number", range(len(DATA["signatures"])))
def test_no_signature_matches_without_one_of_its_conditions(number: int) -> None:
    entry = DATA["signatures"][number]
    for left_out in entry["conditions"]:
        others = [each for each in entry["conditions"] if each["keyword"] != left_out["keyword"]]
        image = an_image_of({"conditions": others})
        assert not library()[number].matches(Attributes.of(header_of(image)))


def test_the_banner_of_a_known_ultrasound() -> None:
    attributes = attributes_of(
        Modality="US", Manufacturer="SuperSonic Imagine SA", ManufacturerModelName="Aixplorer 5A",
        Rows=1050, Columns=1400,
    )  # fmt: skip
    found = matching(attributes)
    assert [signature.rectangles for signature in found] == [(Rectangle(0, 0, 1400, 89),)]
    assert found[0].is_exact
    assert not found[0].is_of_screens


@pytest.mark.parametrize(
    ("maker", "there"),
    [("GE MEDICAL SYSTEMS", True), ("ge", True), ("Agfa-Gevaert AG", False), ("Genoray", False)],
)
def test_a_short_value_is_a_word(maker: str, there: bool) -> None:  # noqa: FBT001
    condition = Condition(0x00080070, whole=False, values=("GE",))
    assert condition.holds(attributes_of(Manufacturer=maker)) is there


def test_a_long_value_may_stand_in_a_word() -> None:
    condition = Condition(0x00081090, whole=False, values=("LOGIQP", "V830"))
    assert condition.holds(attributes_of(ManufacturerModelName="LOGIQP6"))
    assert not condition.holds(attributes_of(ManufacturerModelName="LOGIQ 6"))


def test_a_whole_value_is_equal() -> None:
    condition = Condition(0x00280010, whole=True, values=("4",))
    assert condition.holds(attributes_of())
    assert not condition.holds(attributes_of(Rows=44))
