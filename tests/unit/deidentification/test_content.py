"""Structured content is cleaned by the concepts that name it."""

from typing import Any

import pytest
from pydicom.dataset import Dataset

from shared.dicom.deidentification import Deidentified, Held, HoldReason, Option, Profile
from shared.dicom.deidentification.content import item_rules
from shared.dicom.deidentification.rules import Action, rules_for
from shared.dicom.deidentification.table import content_rows
from shared.dicom.elements import RawElement, RawItem
from tests.unit.deidentification.samples import (
    KEY,
    NOWHERE,
    an_image,
    an_item,
    as_file,
    assert_clean,
    copy_under,
    element,
    read,
    result_of,
)

REPORT = "1.2.840.10008.5.1.4.1.1.88.22"
CONTENT = Option.CLEAN_STRUCTURED_CONTENT
PROFILE = Profile(name="content", options=frozenset({CONTENT}))
FINDING, NOTE = ("121071", "DCM", "Finding"), ("121106", "DCM", "Comment")
OBSERVER, SUBJECT_ID = ("121008", "DCM", "Person Observer Name"), ("121030", "DCM", "Subject ID")
LENGTH = ("410668003", "SCT", "Length")
OWN = ("X1", "99ACME", "Brennigan's score")


def a_code(value: str, scheme: str, meaning: str) -> Dataset:
    return an_item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def content(kind: str, concept: tuple[str, str, str] | None, **value: Any) -> Dataset:
    item = an_item(RelationshipType="CONTAINS", ValueType=kind, **value)
    if concept:
        item.ConceptNameCodeSequence = [a_code(*concept)]
    return item


def a_report(*items: Dataset) -> Dataset:
    report = an_image(SOPClassUID=REPORT, Modality="SR", ValueType="CONTAINER")
    for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit"):
        delattr(report, keyword)
    report.ConceptNameCodeSequence = [a_code("126000", "DCM", "Imaging Measurement Report")]
    report.ContinuityOfContent = "SEPARATE"
    report.ContentSequence = list(items)
    return report


def cleaned(*items: Dataset, options: tuple[Option, ...] = ()) -> list[Dataset]:
    profile = Profile(name="content", options=frozenset({CONTENT, *options}))
    copy = copy_under(profile, as_file(a_report(*items)))
    assert_clean(copy)
    return list(read(copy).get("ContentSequence", []))


def test_a_report_is_held_without_the_option() -> None:
    held = Held(reason=HoldReason.STRUCTURED_CONTENT)
    assert result_of(as_file(a_report(content("TEXT", FINDING, TextValue="a")))) == held


def test_persons_are_dummies_and_identifiers_go() -> None:
    kept = cleaned(
        content("PNAME", OBSERVER, PersonName="Quorra^Zyxel"),
        content("TEXT", SUBJECT_ID, TextValue="QX-778812"),
        content("TEXT", ("121022", "DCM", "Accession Number"), TextValue="ACC55501"),
    )
    assert [(item.ValueType, str(item.PersonName)) for item in kept] == [("PNAME", "REMOVED")]


def test_an_identifier_of_the_content_is_searched_for() -> None:
    report = a_report(
        content("TEXT", SUBJECT_ID, TextValue="ELSEWHERE-9"),
        content("TEXT", NOTE, TextValue="of elsewhere 9, no findings"),
    )
    report.ConvolutionKernel = "ELSEWHERE-9"
    options = frozenset({CONTENT, Option.CLEAN_DESCRIPTORS})
    copy = read(copy_under(Profile(name="content", options=options), as_file(report)))
    assert copy.ConvolutionKernel == "REMOVED"
    assert [item.TextValue for item in copy.ContentSequence] == ["of , no findings"]


def test_text_is_a_dummy_or_cleaned() -> None:
    items = [content("TEXT", NOTE, TextValue="Zyxel has a cyst of 3 mm")]
    assert [item.TextValue for item in cleaned(*items)] in ([], ["REMOVED"])
    kept = cleaned(*items, options=(Option.CLEAN_DESCRIPTORS,))
    assert [item.TextValue for item in kept] == ["has a cyst of 3 mm"]


def test_numbers_codes_and_containers_of_known_concepts_stay() -> None:
    measured = an_item(
        NumericValue="3.5", MeasurementUnitsCodeSequence=[a_code("mm", "UCUM", "mm")]
    )
    inner = [
        content("NUM", LENGTH, MeasuredValueSequence=[measured]),
        content("CODE", FINDING, ConceptCodeSequence=[a_code("4147007", "SCT", "Mass")]),
    ]
    group = ("125007", "DCM", "Measurement Group")
    [container] = cleaned(content("CONTAINER", group, ContentSequence=inner))
    number, code = container.ContentSequence
    assert number.MeasuredValueSequence[0].NumericValue == 3.5
    assert code.ConceptCodeSequence[0].CodeMeaning == "Mass"


def test_private_and_unknown_concepts_go_with_what_is_below() -> None:
    below = content("CODE", FINDING, ConceptCodeSequence=[a_code("4147007", "SCT", "Mass")])
    kept = cleaned(
        content("CONTAINER", OWN, ContentSequence=[below]),
        content("TEXT", OWN, TextValue="Brennigan"),
        content("TEXT", None, TextValue="Brennigan"),
        content("NUM", ("1", "WHOKNOWS", "x"), MeasuredValueSequence=[]),
        content("CODE", FINDING, ConceptCodeSequence=[a_code(*OWN)]),
    )
    assert [item.ValueType for item in kept] == ["CODE"]
    assert kept[0].ConceptCodeSequence[0].CodeMeaning == "REMOVED"


def test_a_report_of_which_nothing_may_stay_has_no_content() -> None:
    assert cleaned(content("TEXT", OWN, TextValue="Brennigan")) == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [((), None), ((Option.RETAIN_FULL_DATES,), "20210318"), ((Option.RETAIN_MODIFIED_DATES,), "")],
)
def test_dates_follow_the_options(options: tuple[Option, ...], expected: str | None) -> None:
    image = a_report(
        content("DATE", ("111060", "DCM", "Study Date"), Date="20210318"),
        content("DATETIME", ("111526", "DCM", "DateTime Started"), DateTime="20210318101112"),
    )
    profile = Profile(name="content", options=frozenset({CONTENT, *options}))
    copy = read(copy_under(profile, as_file(image)))
    dates = [
        item.get("Date") or item.get("DateTime")[:8] for item in copy.get("ContentSequence", [])
    ]
    if expected == "":
        assert len(dates) == 2
        assert dates[0] == dates[1] != "20210318"
    else:
        assert "20210318" not in dates if expected is None else dates == [expected] * 2


def test_references_keep_their_pseudonymous_uids() -> None:
    reference = an_item(ReferencedSOPClassUID=REPORT, ReferencedSOPInstanceUID="1.2.3.4.9")
    [kept] = cleaned(content("IMAGE", None, ReferencedSOPSequence=[reference]))
    assert kept.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == KEY.uid("1.2.3.4.9")


def test_references_by_position_keep_a_report_held() -> None:
    by_position = content("NUM", LENGTH)
    by_position.ReferencedContentItemIdentifier = [1, 1]
    result = result_of(as_file(a_report(by_position)), KEY, PROFILE)
    assert result == Held(reason=HoldReason.STRUCTURED_CONTENT)


def test_content_of_an_image_is_cleaned_and_its_pixels_are_judged() -> None:
    image = an_image(ContentSequence=[content("NUM", LENGTH), content("TEXT", OWN, TextValue="B")])
    copy = read(copy_under(PROFILE, as_file(image)))
    assert [item.ValueType for item in copy.ContentSequence] == ["NUM"]
    image.BurnedInAnnotation = "YES"
    assert result_of(as_file(image), KEY, PROFILE) == Held(reason=HoldReason.BURNED_IN_ANNOTATION)
    with_pixels = an_image(SOPClassUID=REPORT)
    assert result_of(as_file(with_pixels), KEY, PROFILE) == Held(reason=HoldReason.BURNED_IN_RISK)


def test_acquisition_context_and_specimen_preparation_are_content() -> None:
    step = an_item(
        SpecimenPreparationStepContentItemSequence=[content("TEXT", OWN, TextValue="Brennigan")]
    )
    image = an_image(
        AcquisitionContextSequence=[
            content("TEXT", OWN, TextValue="Brennigan"),
            content("CODE", FINDING, ConceptCodeSequence=[a_code("4147007", "SCT", "Mass")]),
        ],
        SpecimenDescriptionSequence=[an_item(SpecimenPreparationSequence=[step])],
    )
    copy = copy_under(PROFILE, as_file(image))
    assert b"Brennigan" not in copy
    assert [item.ValueType for item in read(copy).AcquisitionContextSequence] == ["CODE"]


def test_actions_tell_items_and_no_values() -> None:
    result = result_of(as_file(a_report(content("TEXT", OWN, TextValue="Brennigan"))), KEY, PROFILE)
    assert isinstance(result, Deidentified)
    taken = {action.path: (action.action, action.rule) for action in result.actions}
    assert taken["0040A730[0]"] == (Action.REMOVE, "E.3.4-1")
    assert "rennigan" not in repr(result.actions)


def a_raw(row: Any) -> RawItem:
    scheme = row.scheme.partition(" ")[0]
    code = (
        element(0x00080100, "SH", row.code.encode()),
        element(0x00080102, "SH", scheme.encode()),
    )
    name = RawElement(0x0040A043, "SQ", NOWHERE, items=(RawItem(code),))
    return RawItem((element(0x0040A040, "CS", row.value_type.encode()), name))


VALUES = {
    "TEXT": 0x0040A160, "PNAME": 0x0040A123, "DATE": 0x0040A121, "TIME": 0x0040A122,
    "DATETIME": 0x0040A120, "UIDREF": 0x0040A124,
}  # fmt: skip
COLUMN_OF = {
    None: "",
    Option.RETAIN_UIDS: "retain_uids",
    Option.RETAIN_DEVICE_IDENTITY: "retain_device_identity",
    Option.RETAIN_INSTITUTION_IDENTITY: "retain_institution_identity",
    Option.RETAIN_PATIENT_CHARACTERISTICS: "retain_patient_characteristics",
    Option.RETAIN_FULL_DATES: "retain_longitudinal_full_dates",
    Option.RETAIN_MODIFIED_DATES: "retain_longitudinal_modified_dates",
    Option.CLEAN_DESCRIPTORS: "clean_descriptors",
}


@pytest.mark.parametrize("option", COLUMN_OF)
def test_every_concept_has_its_action_under_every_option(option: Option | None) -> None:
    options = frozenset({CONTENT, option} if option else {CONTENT})
    below = rules_for(Profile(name="p", options=options), REPORT).below(0x0040A730)
    for row in content_rows():
        expected = row.options.get(COLUMN_OF[option], row.basic)
        rules = item_rules(a_raw(row), below)
        if expected.startswith("X"):
            assert (row.code, rules) == (row.code, None)
        elif row.value_type in VALUES:
            assert rules is not None
            action = rules[VALUES[row.value_type]].action
            wanted = "U" if (row.value_type, expected) == ("UIDREF", "D") else expected
            assert (row.code, action) == (row.code, wanted)
        else:
            assert rules is not None
