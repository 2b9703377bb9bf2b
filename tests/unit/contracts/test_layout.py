from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts import layout
from shared.contracts.objects import ObjectVersion
from tests.outcomes import AN_IDENTITY, a_stored_object


def test_an_instance_stands_under_its_study_and_series() -> None:
    name = layout.archive_name("demo-hospital", AN_IDENTITY)
    assert name == "demo-hospital/1.2.3/1.2.3.4/1.2.3.4.5.dcm"


def test_an_object_without_a_patient_has_no_study() -> None:
    identity = replace(AN_IDENTITY, study_instance_uid=None, series_instance_uid=None)
    assert layout.archive_name("h", identity) == "h/non-patient/1.2.3.4.5.dcm"
    assert layout.research_name(identity) == "non-patient/1.2.3.4.5.dcm"


def test_a_conflicting_version_stands_beside_the_primary() -> None:
    assert layout.conflict_name("h/1/2/3.dcm", "0badcafe") == "h/1/2/3.0badcafe.dcm"


def test_a_quarantined_object_keeps_its_name() -> None:
    version = ObjectVersion(bucket="inbox", name="h/a/b c.txt", generation=5)
    assert layout.quarantine_name("not-dicom", "h", version) == "not-dicom/h/a/b c.txt#5"


def test_an_unknown_facility_keeps_its_whole_name() -> None:
    version = ObjectVersion(bucket="inbox", name="nobody/x", generation=5)
    name = layout.quarantine_name("unknown-facility", layout.UNKNOWN_FACILITY, version)
    assert name == "unknown-facility/unknown/nobody/x#5"


def test_names_in_a_folder_called_unknown_and_in_none_stay_apart() -> None:
    names = {
        layout.quarantine_name(
            "unknown-facility",
            layout.UNKNOWN_FACILITY,
            ObjectVersion(bucket="inbox", name=name, generation=5),
        )
        for name in ("unknown/x", "x")
    }
    assert len(names) == 2


@given(st.text(min_size=1, max_size=1024), st.integers(min_value=1, max_value=2**63 - 1))
def test_a_quarantine_name_always_fits(rest: str, generation: int) -> None:
    cleaned = rest.encode(errors="ignore").decode()
    version = ObjectVersion(bucket="inbox", name=f"h/{cleaned}", generation=generation)
    name = layout.quarantine_name("not-dicom", "h", version)
    assert len(name.encode()) <= layout.MAX_NAME_BYTES
    assert name.endswith(f"#{generation}")


def test_long_names_that_begin_alike_stay_apart() -> None:
    names = {
        layout.quarantine_name(
            "not-dicom", "h", ObjectVersion(bucket="b", name=f"h/{'x' * 1010}{end}", generation=1)
        )
        for end in "ab"
    }
    assert len(names) == 2


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("h/gcloud/tmp/parallel_composite_uploads/see_gcloud_storage_cp_help/x_0", True),
        ("gsutil/tmp/parallel_composite_uploads/for_details_see/gsutil_help_cp/x_0", True),
        ("tmp/parallel_composite_uploads/x_0", True),
        ("h/parallel_composite_uploads/x_0", False),
        ("h/study/1.dcm", False),
    ],
)
def test_parts_of_composite_uploads(name: str, *, expected: bool) -> None:
    version = ObjectVersion(bucket="b", name=name, generation=1)
    assert layout.is_upload_part(version) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("h/_complete.json", True),
        ("h/a/b/_complete.json", True),
        ("h/disc.zip!/_complete.json", True),
        ("h/disc.zip!/a/_complete.json", True),
        ("h/_COMPLETE.json", False),
        ("h/a_complete.json", False),
        ("h/_complete.json/a", False),
        ("h/_complete.json.gz", False),
        ("h/_complete.json ", False),
    ],
)
def test_manifests_are_told_by_the_last_part_of_their_name(name: str, *, expected: bool) -> None:
    version = ObjectVersion(bucket="b", name=name, generation=1)
    assert layout.is_manifest(version) is expected


def test_only_an_empty_object_is_a_folder_marker() -> None:
    marker = replace(a_stored_object("h/study/"), size=0)
    assert layout.is_folder_marker(marker)
    assert not layout.is_folder_marker(replace(marker, size=1))


MARKED = layout.conflict_name(layout.archive_name("h", AN_IDENTITY), "0badcafe")
WITHOUT_STUDY = replace(AN_IDENTITY, study_instance_uid=None, series_instance_uid=None)
LIKE_A_VERSION = ObjectVersion(bucket="inbox", name="h/1.2/3.4/5.dcm", generation=5)
LIKE_A_MEMBER = ObjectVersion(
    bucket="inbox", name="h/1.2!/3.4/5.6/7.dcm", generation=5, container="h/1.2"
)


@pytest.mark.parametrize(
    "name",
    [
        layout.archive_name("h", AN_IDENTITY),
        layout.archive_name("group/h-1", WITHOUT_STUDY),
        layout.archive_name("containers", AN_IDENTITY),
        MARKED,
    ],
)
def test_versions_of_instances_are_known_by_their_names(name: str) -> None:
    assert layout.is_version(name)


@pytest.mark.parametrize(
    "name",
    [
        layout.claim_name("h", AN_IDENTITY),
        layout.container_name("h", LIKE_A_VERSION),
        layout.duplicate_name("h", LIKE_A_VERSION),
        layout.duplicate_name("h", LIKE_A_MEMBER),
        "h/1.2/3.4/",
    ],
)
def test_what_else_the_archive_keeps_is_no_version(name: str) -> None:
    assert not layout.is_version(name)


def test_nothing_is_named_between_the_claims_and_their_end() -> None:
    assert layout.claim_name("zzz", AN_IDENTITY) < layout.CLAIMS_END
    assert layout.archive_name("claims0", AN_IDENTITY) > layout.CLAIMS_END
