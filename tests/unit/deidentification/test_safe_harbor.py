"""What the Basic Profile leaves of the identifiers that HIPAA's Safe Harbor method names."""

from collections.abc import Mapping
from typing import Any

from pydicom.datadict import dictionary_VR
from pydicom.uid import generate_uid

from infra.safe_harbor import ITEMS, rows
from shared.dicom.deidentification.profile import BASIC, Profile
from tests.unit.deidentification.samples import an_image, an_item, as_file, copy_of, read

KEYWORDS = sorted({keyword for item in ITEMS for keyword in item.keywords})


def _planted() -> Mapping[str, Any]:
    """A value of its own for each attribute."""
    return {keyword: _value(keyword, number) for number, keyword in enumerate(KEYWORDS)}


def _value(keyword: str, number: int) -> Any:
    day = f"1937{1 + number % 12:02}{1 + number % 28:02}"
    values: dict[str, Any] = {
        "PN": f"Zebrowski{number}^Quentin",
        "DA": day,
        "DT": f"{day}101112",
        "AS": "091Y",
        "UI": generate_uid(entropy_srcs=[keyword]),
        "UR": f"http://zebra{number}.example/planted",
        "SQ": [an_item(PatientID=f"ZEBRA-{number}")],
    }
    return values.get(dictionary_VR(keyword), f"ZEBRA-{number}")


def _texts(value: Any) -> list[str]:
    return [item.PatientID for item in value] if isinstance(value, list) else [str(value)]


def test_the_basic_profile_leaves_none_of_them() -> None:
    planted = _planted()
    copy = copy_of(as_file(an_image(**planted)))
    after = read(copy)
    for keyword, value in planted.items():
        assert after.get(keyword) != value, keyword
        for text in _texts(value):
            assert text.encode() not in copy, keyword


def test_items_are_those_of_the_rule_in_their_order() -> None:
    assert "".join(item.letter for item in ITEMS) == "ABCDEFGHIJKLMNOPQR"


def test_a_profile_that_does_otherwise_is_named() -> None:
    kept = Profile.from_data("ours", {"options": ["retain-device-identity"]})
    told = dict(enumerate(rows({"ours": kept, "basic": BASIC})))
    assert told[0][2] == ""
    assert told[12][1].startswith("DeviceSerialNumber D")
    assert told[12][2].startswith("`ours`: DeviceSerialNumber K")
