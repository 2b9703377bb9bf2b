from __future__ import annotations

import pytest

from shared.dicom.identification import contradicted, identify, is_directory
from shared.dicom.identity import Identity
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from shared.dicom.validation import validate
from shared.dicom.warnings import Warning_
from shared.errors import IdentityError
from tests.builders import (
    SOP_CLASSES,
    a_directory,
    a_palette,
    a_uid,
    an_instance,
    element,
    identity_elements,
    padded,
    part10,
    study_elements,
)


def identity_of(data: bytes) -> Identity:
    return identify(read_header(BytesSource(data)))


def reason_of(data: bytes) -> str:
    with pytest.raises(IdentityError) as caught:
        identity_of(data)
    return caught.value.reason


def test_the_identity_is_the_data_sets() -> None:
    expected = Identity(
        study_instance_uid=a_uid(3, 2),
        series_instance_uid=a_uid(3, 2, 4),
        sop_instance_uid=a_uid(3, 2, 4, 9),
        sop_class_uid=SOP_CLASSES["MR"],
        transfer_syntax_uid="1.2.840.10008.1.2.1",
    )

    assert expected == identity_of(
        an_instance(modality="MR", patient=3, study=2, series=4, instance=9)
    )


def identity_with(keyword: str, value: bytes | None) -> bytes:
    stated = {
        "SOPClassUID": (0x00080016, SOP_CLASSES["OT"]),
        "SOPInstanceUID": (0x00080018, a_uid(8)),
        "StudyInstanceUID": (0x0020000D, a_uid(8, 1)),
        "SeriesInstanceUID": (0x0020000E, a_uid(8, 1, 1)),
    }
    values: dict[str, bytes | None] = {each: padded(uid) for each, (_, uid) in stated.items()}
    values[keyword] = value
    return b"".join(
        element(tag, "UI", content)
        for each, (tag, _) in stated.items()
        if (content := values[each]) is not None
    )


@pytest.mark.parametrize("value", [None, b"", b"\x00\x00"])
@pytest.mark.parametrize(
    ("keyword", "reason"),
    [
        ("StudyInstanceUID", "missing-study-instance-uid"),
        ("SeriesInstanceUID", "missing-series-instance-uid"),
        ("SOPInstanceUID", "missing-sop-instance-uid"),
        ("SOPClassUID", "missing-sop-class-uid"),
    ],
)
def test_a_missing_uid_has_a_reason(keyword: str, reason: str, value: bytes | None) -> None:
    assert reason_of(part10(identity_with(keyword, value))) == reason


@pytest.mark.parametrize(
    "uid", ["../../x", "1.2\\1.3", "hash-of-it", "1." * 33, ".1", "٣.1", "1 2"]
)
def test_a_uid_that_no_path_can_have_is_unusable(uid: str) -> None:
    value = uid.encode("utf-8").ljust(len(uid.encode("utf-8")) + 1 & ~1)
    series = element(0x0020000E, "UI", value)
    study = element(0x0020000D, "UI", padded(a_uid(8, 1)))

    assert reason_of(part10(identity_elements() + study + series)) == (
        "unusable-series-instance-uid"
    )


@pytest.mark.parametrize("padding", [b"\x00", b" ", b"   ", b"\x00\x00\x00"])
def test_padding_is_no_part_of_a_uid(padding: bytes) -> None:
    study = element(0x0020000D, "UI", b"1.2.3" + padding)
    series = element(0x0020000E, "UI", b" 1.2.3.4")

    identity = identity_of(part10(identity_elements() + study + series))

    assert (identity.study_instance_uid, identity.series_instance_uid) == ("1.2.3", "1.2.3.4")


def test_a_leading_zero_is_usable() -> None:
    study = element(0x0020000D, "UI", b"1.02.3")
    series = element(0x0020000E, "UI", b"1.02.3.4")

    assert identity_of(part10(identity_elements() + study + series)).study_instance_uid == "1.02.3"


@pytest.mark.parametrize(
    "other",
    [
        element(0x00080018, "UI", padded(a_uid(8, 8))),
        element(0x00080016, "UI", padded(SOP_CLASSES["CT"])),
    ],
)
def test_a_file_meta_that_disagrees_is_a_warning(other: bytes) -> None:
    header = read_header(
        BytesSource(part10(other + identity_without_tag(other) + study_elements()))
    )
    identity = identify(header)

    (tag,) = contradicted(header, identity)
    assert Warning_("file-meta-differs", f"{tag:08X}") in validate(header, identity)


@pytest.mark.parametrize(
    "other",
    [
        element(0x00080018, "UI", padded(a_uid(8, 8))),
        element(0x00080016, "UI", padded(SOP_CLASSES["CT"])),
    ],
)
def test_a_data_set_that_contradicts_itself_is_refused(other: bytes) -> None:
    data = part10(identity_elements() + other + study_elements())

    assert reason_of(data) == "identity-mismatch"


def identity_without_tag(other: bytes) -> bytes:
    whole = identity_elements()
    first = len(whole) - len(element(0x00080018, "UI", padded(a_uid(8))))
    return whole[first:] if other[2] == 0x16 else whole[:first]


def test_a_repeated_uid_that_agrees_is_usable() -> None:
    assert identity_of(part10(identity_elements() * 2 + study_elements()))


def test_a_non_patient_object_has_no_study() -> None:
    identity = identity_of(a_palette())

    assert (identity.study_instance_uid, identity.series_instance_uid) == (None, None)
    assert identity.sop_instance_uid == a_uid(0, 39)


def test_a_directory_is_told_by_its_class_or_its_records() -> None:
    records = part10(element(0x00041220, "SQ", b""))

    assert is_directory(read_header(BytesSource(a_directory())))
    assert is_directory(read_header(BytesSource(records)))
    assert not is_directory(read_header(BytesSource(an_instance())))
