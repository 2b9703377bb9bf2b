from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.contracts import layout
from shared.contracts.objects import ObjectVersion, StoredObject
from shared.contracts.provenance import Provenance, member_version
from shared.errors import ContractError

CONTAINER = ObjectVersion(bucket="inbox", name="h/disc.zip", generation=5)
MEMBER = Provenance(
    root=CONTAINER,
    path="a/b",
    landed=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    sent_bytes=1234,
)


A_STORED_OBJECT = StoredObject(
    version=ObjectVersion(bucket="archive", name="x", generation=1),
    size=1,
    crc32c="00000000",
    created=MEMBER.landed,
)
UPLOAD = replace(MEMBER, path=None)


LABELLED = replace(UPLOAD, expected_instances=120)


@pytest.mark.parametrize("sent", [MEMBER, UPLOAD, LABELLED])
def test_it_survives_the_journey(sent: Provenance) -> None:
    assert Provenance.from_labels(sent.to_labels()) == sent


@pytest.mark.parametrize("name", UPLOAD.to_labels())
def test_a_missing_label_is_named_and_no_value(name: str) -> None:
    labels = {key: value for key, value in MEMBER.to_labels().items() if key != name}
    with pytest.raises(ContractError) as caught:
        Provenance.from_labels(labels)
    assert name in str(caught.value)
    assert "disc" not in str(caught.value)


def test_the_key_is_the_containers_and_the_path() -> None:
    assert MEMBER.version.natural_key == "inbox/h/disc.zip#5!/a/b"
    assert (MEMBER.version.name, MEMBER.version.facility) == ("h/disc.zip!/a/b", "h")


def test_what_was_said_with_a_container_was_said_of_its_members() -> None:
    assert LABELLED.member("a", 1).member("b", 1).expected_instances == 120


def test_depth_counts_the_containers_around() -> None:
    assert MEMBER.depth == 1
    inner = MEMBER.member("c", 1)
    assert (inner.depth, inner.path, inner.root) == (2, "a/b!/c", CONTAINER)
    assert UPLOAD.depth == 0
    assert UPLOAD.member("a/b", 1234) == MEMBER


def test_a_member_and_an_object_of_its_name_stand_apart() -> None:
    disguised = ObjectVersion(bucket="inbox", name="h/disc.zip!/a/b", generation=5)
    assert disguised.natural_key != MEMBER.version.natural_key
    for place in (layout.container_name, layout.staged_name):
        assert place("h", disguised) != place("h", MEMBER.version)
    names = {layout.quarantine_name("not-dicom", "h", each) for each in (disguised, MEMBER.version)}
    assert names == {"not-dicom/h/disc.zip!/a/b#5", "not-dicom/h/disc.zip#5!/a/b"}


def test_a_staged_name_tells_nothing_and_is_always_the_same() -> None:
    name = layout.staged_name("h", MEMBER.version)
    assert name == layout.staged_name("h", member_version(CONTAINER, "a/b"))
    assert name.startswith("staging/h/")
    assert "disc" not in name


def test_it_knows_what_was_made_from_it() -> None:
    def kept(labels: dict[str, str]) -> StoredObject:
        return replace(A_STORED_OBJECT, labels=labels)

    assert MEMBER.made(kept(MEMBER.to_labels() | {"inlet-reason": "not-dicom"}))
    assert not MEMBER.made(kept(UPLOAD.to_labels()))
    assert not UPLOAD.made(kept(MEMBER.to_labels()))
    assert not UPLOAD.made(kept({}))
    later = replace(UPLOAD, root=replace(CONTAINER, generation=6))
    elsewhere = replace(UPLOAD, root=replace(CONTAINER, bucket="another"))
    for other in (later, elsewhere):
        assert not UPLOAD.made(kept(other.to_labels()))


def test_a_container_has_a_place_that_fits() -> None:
    assert layout.container_name("h", CONTAINER) == "h/containers/disc.zip#5"
    long = ObjectVersion(bucket="inbox", name=f"h/{'x' * 1020}", generation=5)
    name = layout.container_name("h", long)
    assert len(name.encode()) <= layout.MAX_NAME_BYTES
    assert name.endswith("#5")


def test_a_member_is_no_part_of_an_upload() -> None:
    path = "tmp/parallel_composite_uploads/x_0"
    assert layout.is_upload_part(ObjectVersion(bucket="inbox", name=f"h/{path}", generation=5))
    assert not layout.is_upload_part(member_version(CONTAINER, path))
