"""A profile is parsed with all its problems at once, and does what it says."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.dicom import deidentification
from shared.dicom.deidentification import (
    BASIC,
    Deidentified,
    Held,
    Option,
    Profile,
    ProfileError,
    deidentify,
)
from shared.dicom.deidentification import table as tables
from shared.dicom.deidentification.description import describe, summary
from shared.dicom.deidentification.options import CODES, COLUMNS
from shared.dicom.deidentification.rules import Action, rules_for
from shared.dicom.deidentification.table import table, tables_digest
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from tests.unit.deidentification.samples import (
    CT_IMAGE,
    KEY,
    an_image,
    an_item,
    as_file,
    copy_under,
    read,
)

PACKAGE = Path(deidentification.__file__).parent
SHIPPED = sorted((PACKAGE / "profiles").glob("*.yaml"))


def a_profile(*overrides: dict[str, Any], options: tuple[str, ...] = ()) -> Profile:
    return Profile.from_data("made", {"options": list(options), "overrides": list(overrides)})


def problems_of(data: object) -> tuple[str, ...]:
    with pytest.raises(ProfileError) as caught:
        Profile.from_data("wrong", data)
    return caught.value.problems


def test_an_empty_mapping_is_the_basic_profile() -> None:
    assert Profile.from_data("basic", {}) == BASIC
    assert Profile.from_data("basic", {"base": "basic", "options": None}) == BASIC


@pytest.mark.parametrize("option", Option)
def test_options_have_names_and_codes(option: Option) -> None:
    code, meaning = CODES[option]
    by_name = Profile.from_data("p", {"options": [option.value]})
    assert by_name == Profile.from_data("p", {"options": [code]})
    assert by_name.options == {option}
    assert meaning == f"{option.value.replace('-', ' ').title()} Option".replace("Uids", "UIDs")


def test_every_column_of_the_table_is_an_option() -> None:
    assert set(COLUMNS.values()) == set(table().options)
    assert set(Option) - set(COLUMNS) == {
        Option.CLEAN_PIXEL_DATA,
        Option.CLEAN_RECOGNIZABLE_VISUAL_FEATURES,
    }


def test_every_problem_is_told_at_once_and_no_value() -> None:
    told = problems_of(
        {
            "base": "SECRET",
            "SECRET": 1,
            "options": ["SECRET", "retain-uids"],
            "overrides": [
                {"keyword": "SECRET", "action": "keep"},
                {"tag": "0010SECRET", "action": "keep"},
                {"tag": "00100010", "action": "SECRET"},
                {"vr": "SECRET", "action": "keep"},
                {"tag": "00100010", "vr": "PN", "action": "keep"},
                {"path": "SECRET.PatientName", "action": "keep"},
                {"keyword": "PatientName", "action": "replace"},
                {"keyword": "PatientName", "action": "keep", "value": "SECRET"},
                {"keyword": "PatientName", "action": "uid"},
                {"keyword": "StudyInstanceUID", "action": "date-shift"},
                {"tag": "0029xx10", "action": "keep"},
                {"tag": "00291010", "private_creator": "SECRET", "SECRET": 1, "action": "keep"},
                {"tag": "0010xx10", "private_creator": "SECRET", "action": "keep"},
                "SECRET",
            ],
        }
    )
    places = {problem.split(":")[0].split(".")[0] for problem in told}
    assert places == {"base", "profile", "options[0]", *(f"overrides[{n}]" for n in range(14))}
    assert "SECRET" not in "".join(told)


@pytest.mark.parametrize("data", [None, [], "basic", 7, {"options": "x"}, {"overrides": {"a": 1}}])
def test_what_is_no_profile_is_refused(data: object) -> None:
    assert problems_of(data)


def test_dates_are_kept_or_modified_and_not_both() -> None:
    told = problems_of({"options": ["113106", "113107"]})
    assert told == ("options: dates are either kept in full or modified, not both",)


def test_profiles_are_values() -> None:
    one, other = (a_profile({"keyword": "PatientSex", "action": "keep"}) for _ in range(2))
    assert one == other
    assert rules_for(one, CT_IMAGE) is rules_for(other, CT_IMAGE)


KEEP_SEX = {"keyword": "PatientSex", "action": "keep"}
SITE = {"keyword": "InstitutionName", "action": "replace", "value": "Site 7"}


def test_a_digest_is_of_what_a_profile_does_and_not_of_its_name() -> None:
    one = Profile.from_data("one", {"options": ["113105"], "overrides": [KEEP_SEX]})
    same = {"tag": "(0010,0040)", "action": "keep"}
    two = Profile.from_data(
        "two", {"description": "of words", "options": ["clean-descriptors"], "overrides": [same]}
    )
    assert one.digest == two.digest
    assert re.fullmatch("[0-9a-f]{16}", one.digest)


def test_whatever_changes_what_a_profile_does_changes_its_digest() -> None:
    contents: list[dict[str, list[object]]] = [
        {},
        {"options": ["113105"]},
        {"options": ["113108"]},
        {"overrides": [KEEP_SEX]},
        {"overrides": [KEEP_SEX | {"action": "empty"}]},
        {"overrides": [SITE]},
        {"overrides": [SITE | {"value": "Site 8"}]},
        {"overrides": [KEEP_SEX, SITE]},
        {"overrides": [SITE, KEEP_SEX]},
    ]
    digests = {Profile.from_data("one", content).digest for content in contents}
    assert len(digests) == len(contents)


def test_another_edition_of_a_table_changes_the_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, modules = tmp_path / "deidentification", tmp_path / "standard" / "modules.json"
    for part in (package, modules.parent):
        shutil.copytree(PACKAGE.parent / part.name, part)
    digests = {tables_digest()}
    monkeypatch.setattr(tables, "_PACKAGE", package)
    monkeypatch.setattr(tables, "_MODULES_PATH", modules)
    digest = tables_digest.__wrapped__
    assert {digest()} == digests
    edited = {*package.rglob("*.json"), modules}
    assert edited >= {package / "table_e1_1.json", modules}
    for path in edited:
        path.write_bytes(path.read_bytes() + b" ")
        digests.add(digest())
    assert len(digests) == 1 + len(edited)


@pytest.mark.parametrize(
    ("override", "keyword", "value", "expected"),
    [
        ({"keyword": "PatientSex", "action": "keep"}, "PatientSex", "F", "F"),
        ({"tag": "(0010,0040)", "action": "keep"}, "PatientSex", "F", "F"),
        ({"tag": "001800xx", "action": "remove"}, "SliceThickness", "2", None),
        ({"vr": "DS", "action": "empty"}, "SliceThickness", "2", None),
        ({"keyword": "Manufacturer", "action": "dummy"}, "Manufacturer", "ACME", "REMOVED"),
        (
            {"keyword": "InstitutionName", "action": "replace", "value": "Site 7"},
            "InstitutionName",
            "Saint Nowhere",
            "Site 7",
        ),
        (
            {"keyword": "PatientID", "action": "replace", "value": "P1"},
            "PatientID",
            "QX-778812",
            "P1",
        ),
        ({"keyword": "PatientID", "action": "empty"}, "PatientID", "QX-778812", ""),
        (
            {"keyword": "StationName", "action": "hash"},
            "StationName",
            "CTROOM7",
            KEY.value("CTROOM7"),
        ),
        (
            {"keyword": "SeriesDescription", "action": "clean"},
            "SeriesDescription",
            "Chest of Zyxel",
            "Chest of",
        ),
        ({"keyword": "StudyTime", "action": "date-shift"}, "StudyTime", "101112", "101112"),
        (
            {"keyword": "ProtocolName", "action": "uid"} | {"keyword": "DeviceUID"},
            "DeviceUID",
            "1.2.3.77.8",
            KEY.uid("1.2.3.77.8"),
        ),
    ],
)
def test_an_override_does_what_it_says(
    override: dict[str, str], keyword: str, value: str, expected: str | None
) -> None:
    copy = read(copy_under(a_profile(override), as_file(an_image(**{keyword: value}))))
    assert copy.get(keyword) == expected


def test_the_last_override_that_matches_holds() -> None:
    keep = {"keyword": "PatientSex", "action": "keep"}
    remove = {"vr": "CS", "action": "remove"}
    assert rules_for(a_profile(keep, remove), "")[0x00100040].action is Action.REMOVE
    assert rules_for(a_profile(remove, keep), "")[0x00100040].action is Action.KEEP


def test_a_path_holds_for_its_place_alone() -> None:
    path = "RequestAttributesSequence.StudyID"
    profile = a_profile(
        {"keyword": "RequestAttributesSequence", "action": "keep"},
        {"path": path, "action": "replace", "value": "here"},
    )
    item = an_item(StudyID="there", ReferencedSeriesSequence=[an_item(StudyID="deeper")])
    image = an_image(RequestAttributesSequence=[item, item], ReferencedSeriesSequence=[item])
    copy = read(copy_under(profile, as_file(image)))
    assert [each.StudyID for each in copy.RequestAttributesSequence] == ["here", "here"]
    assert copy.RequestAttributesSequence[0].ReferencedSeriesSequence[0].StudyID != "here"
    assert copy.ReferencedSeriesSequence[0].StudyID != "here"


def test_no_override_keeps_pixel_data_in_items_or_what_is_not_of_the_data_set() -> None:
    rules = rules_for(a_profile({"tag": "xxxxxxxx", "action": "keep"}), "")
    assert rules[0x7FE00010].action is Action.REMOVE
    assert rules[0x00041130].action is Action.REMOVE
    assert rules[0x00091001].action is Action.REMOVE


def test_what_an_override_keeps_is_searched_for_the_identifiers_of_the_others() -> None:
    profile = a_profile({"keyword": "StudyDescription", "action": "keep"})
    kept = read(copy_under(profile, as_file(an_image(StudyDescription="Staging"))))
    assert kept.StudyDescription == "Staging"
    echo = read(copy_under(profile, as_file(an_image(StudyDescription="Staging of Zyxel"))))
    assert echo.StudyDescription == "REMOVED"


def test_what_an_override_keeps_is_no_residue() -> None:
    profile = a_profile({"keyword": "InstitutionName", "action": "keep"})
    copy = read(copy_under(profile, as_file(an_image(InstitutionName="Saint Nowhere"))))
    assert copy.InstitutionName == "Saint Nowhere"


def test_the_copy_says_that_overrides_were_applied() -> None:
    profile = a_profile({"keyword": "PatientSex", "action": "keep"}, options=("113110",))
    copy = read(copy_under(profile, as_file(an_image())))
    assert list(copy.DeidentificationMethod) == [
        "PS3.15 2026d Basic Profile by Inlet",
        "With overrides of the profile",
    ]
    codes = [item.CodeValue for item in copy.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113110"]


TAG_CONFIG = {
    "profileType": "ATTRIBUTE_CONFIDENTIALITY_BASIC_PROFILE",
    "options": {"primaryIds": "KEEP", "cleanDescriptors": {}},
    "actions": [
        {"queries": ["PatientSex", "00101010"], "keepTag": {}},
        {"queries": ["StudyID"], "removeTag": {}},
        {"queries": ["StationName", "TM"], "deleteTag": {}},
        {"queries": ["Manufacturer"], "resetTag": {}},
        {"queries": ["RequestAttributesSequence"], "recurseTag": {}},
        {"queries": ["DeviceUID"], "regenUidTag": {}},
        {"queries": ["ImageComments"], "cleanTextTag": {}},
    ],
}


def test_a_tag_config_of_the_healthcare_api_is_a_profile() -> None:
    profile = Profile.from_data("theirs", TAG_CONFIG)
    assert profile.options == {Option.CLEAN_DESCRIPTORS}
    rules = rules_for(profile, "")
    expected = {
        0x00100040: Action.KEEP, 0x00101010: Action.KEEP, 0x00200010: Action.EMPTY,
        0x00081010: Action.REMOVE, 0x00080030: Action.REMOVE, 0x00080070: Action.DUMMY,
        0x00400275: Action.KEEP, 0x00181002: Action.UID, 0x00204000: Action.CLEAN,
        0x0020000D: Action.KEEP, 0x00080018: Action.KEEP, 0x00100010: Action.EMPTY,
    }  # fmt: skip
    assert {tag: rules[tag].action for tag in expected} == {
        **expected,
        0x00100010: rules_for(BASIC, "")[0x00100010].action,
    }


def test_kept_primary_ids_are_no_residue_where_they_are_referred_to() -> None:
    reference = an_item(ReferencedSOPInstanceUID="1.2.3.4.77.1")
    image = an_image(ReferencedStudySequence=[reference], FrameOfReferenceUID="1.2.3.4.77.9")
    copy = copy_under(Profile.from_data("theirs", TAG_CONFIG), as_file(image))
    assert read(copy).StudyInstanceUID == "1.2.3.4.77.1"
    assert b"1.2.3.4.77.9" not in copy


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"profileType": "MINIMAL_KEEP_LIST_PROFILE"}, "profileType"),
        ({"profileType": "KEEP_ALL_PROFILE"}, "profileType"),
        ({"options": {"cleanImage": {"textRedactionMode": "REDACT_ALL_TEXT"}}}, "options"),
        ({"options": {"primaryIds": "SECRET"}}, "options"),
        ({"options": ["SECRET"]}, "options"),
        ({"actions": [{"queries": ["PixelData"], "cleanImageTag": {}}]}, "actions[0]"),
        ({"actions": [{"queries": ["PatientName"], "keepTag": {}, "resetTag": {}}]}, "actions[0]"),
        ({"actions": [{"queries": ["SECRET"], "keepTag": {}}]}, "actions[0]"),
        ({"actions": [{"queries": ["00291010"], "keepTag": {}}]}, "actions[0]"),
        ({"actions": [{"queries": ["SourceImageSequence"], "keepTag": {}}]}, "actions[0]"),
        ({"actions": [{"queries": ["PatientName"], "recurseTag": {}}]}, "actions[0]"),
        ({"actions": [{"queries": ["PatientName"], "regenUidTag": {}}]}, "actions[0]"),
        ({"actions": [{"queries": ["Rows"], "cleanTextTag": {}}]}, "actions[0]"),
        ({"actions": ["SECRET"]}, "actions[0]"),
        ({"actions": "SECRET"}, "actions"),
        ({"SECRET": 1}, "profile"),
    ],
)
def test_what_a_tag_config_wants_and_we_cannot_do_exactly_is_refused(
    change: dict[str, Any], place: str
) -> None:
    told = problems_of(TAG_CONFIG | change)
    assert {problem.split(":")[0].split(".")[0] for problem in told} == {place}
    assert "SECRET" not in "".join(told)


@pytest.mark.parametrize(("first", "second"), [("PatientSex", "00100040"), ("CS", "PatientSex")])
@pytest.mark.parametrize("turned", [False, True])
def test_conflicting_actions_are_refused(first: str, second: str, turned: bool) -> None:  # noqa: FBT001
    actions = [{"queries": [first], "keepTag": {}}, {"queries": [second], "deleteTag": {}}]
    told = problems_of(TAG_CONFIG | {"actions": actions[::-1] if turned else actions})
    assert told == ("actions[1].queries[0]: another action selects the same attribute",)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_profiles_clean_and_describe_themselves(path: Path) -> None:
    profile = Profile.from_data(path.stem, yaml.safe_load(path.read_text("utf-8")))
    source = BytesSource(as_file(an_image()))
    assert isinstance(deidentify(read_header(source), KEY, source, profile=profile), Deidentified)
    told = describe(profile)
    assert all(CODES[option][0] in told for option in profile.options)
    assert told.count("\n  (") >= 656
    assert sum(summary(profile).values()) == 656


def test_a_description_tells_rows_by_type_and_overrides() -> None:
    profile = a_profile(
        {"keyword": "PatientSex", "action": "keep"},
        {"path": "RequestAttributesSequence.StudyID", "action": "hash"},
        {"tag": "0029xx10", "private_creator": "MAKER", "action": "keep"},
        options=("113111",),
    )
    told = describe(profile).splitlines()
    assert (
        "  (0008,0050) Accession Number: D when Type 1, Z when Type 2, Z when Type 3 (E.1-1 Z)"
        in told
    )
    assert "  (0010,0040) Patient's Sex: K (override)" in told
    by_type = "D when Type 1, Z when Type 2, X when Type 3 (E.1-1 X/Z/D)"
    assert f"  (0018,1000) Device Serial Number: {by_type}" in told
    assert "  path RequestAttributesSequence.StudyID: hash" in told
    assert "  (0029,xx10) of MAKER: K (override)" in told
    assert "  (0019,xx0c) of SIEMENS MR HEADER: K (E.3.10-1 K retain-safe-private)" in told


def test_a_held_object_is_held_under_every_profile() -> None:
    source = BytesSource(as_file(an_image(BurnedInAnnotation="YES")))
    for path in SHIPPED:
        profile = Profile.from_data(path.stem, yaml.safe_load(path.read_text("utf-8")))
        assert isinstance(deidentify(read_header(source), KEY, source, profile=profile), Held)
