import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pydicom
import pytest

from functions.deidentify import handler
from functions.deidentify.handler import Deidentify
from shared.adapters.memory import ManualClock, MemoryObjectStore, MemoryTopic
from shared.contracts import fitting
from shared.contracts.facilities import Facilities
from shared.contracts.outcome import Outcome, OutcomeKind
from shared.dicom.deidentification.profile import profiles_of
from shared.dicom.deidentification.pseudonyms import PseudonymKey
from shared.errors import PermanentError, TransientError
from tests.builders import JPEG_BASELINE, an_instance
from tests.outcomes import AN_IDENTITY, an_outcome

MODIFIED_DATES = "retain-longitudinal-temporal-information-modified-dates"
FULL_DATES = "retain-longitudinal-temporal-information-full-dates"
PROFILES = profiles_of(
    {
        "demo-hospital": {},
        "north": {},
        "south": {},
        "twin": {},
        "dated": {"options": [FULL_DATES]},
    }
)
FACILITIES = Facilities.from_data(
    {"north": {"patient_id_issuer": "REGION"}, "south": {"patient_id_issuer": "REGION"}, "twin": {}}
)
KEY = PseudonymKey(b"a made-up secret of some length", "research")


class _World:
    def __init__(self) -> None:
        self.store = MemoryObjectStore()
        self.topic = MemoryTopic()
        self.deidentify = Deidentify(
            objects=self.store,
            outcomes=self.topic,
            clock=ManualClock(),
            key=KEY,
            research="research",
            facilities=FACILITIES,
            profiles=PROFILES,
        )

    def archived(self, data: bytes, name: str = "h/1/2/3.dcm") -> Outcome:
        return an_outcome(target=self.store.put("archive", name, data))

    def handle(self, archived: Outcome) -> Outcome:
        self.deidentify(archived)
        return Outcome.from_message(self.topic.messages[-1])


@pytest.fixture
def world() -> _World:
    return _World()


def test_a_copy_without_identities_is_written(world: _World) -> None:
    data = an_instance(PatientName="PLANTED^NAME", PatientID="PLANTED-ID")
    archived = world.archived(data)
    outcome = world.handle(archived)
    assert outcome.kind is OutcomeKind.DEIDENTIFIED
    assert outcome.target is not None
    assert outcome.source == archived.target
    assert outcome.root_event_id == archived.root_event_id
    copy = world.store.data("research", outcome.target.version.name)
    assert b"PLANTED" not in copy
    assert "PLANTED" not in str(outcome.metadata)
    original, cleaned = _read(data), _read(copy)
    assert cleaned.PixelData == original.PixelData
    assert cleaned.PatientIdentityRemoved == "YES"
    assert cleaned.SOPInstanceUID == outcome.identity.sop_instance_uid  # type: ignore[union-attr]


def test_a_copy_and_its_outcome_say_which_key_and_profile_made_them(world: _World) -> None:
    outcome = world.handle(world.archived(an_instance()))
    assert (outcome.profile, outcome.key_id) == ("demo-hospital", KEY.key_id)
    (copy,) = world.store.list("research")
    assert copy.labels[handler.KEY] == KEY.key_id
    assert copy.labels[handler.PROFILE] == "demo-hospital"


def test_a_copy_gives_way_when_its_profile_changes_under_its_name(world: _World) -> None:
    archived = world.archived(an_instance())
    world.deidentify = _with_profile(world, {"options": [FULL_DATES]})
    lax = world.handle(archived)
    world.deidentify = _with_profile(world, {})
    strict = world.handle(archived)
    assert (lax.profile, strict.profile) == ("demo-hospital", "demo-hospital")
    assert lax.profile_digest != strict.profile_digest == PROFILES["demo-hospital"].digest
    assert (_date(lax), _date(strict)) == ("20240131", "")
    assert strict.actions
    assert strict.event_id != lax.event_id
    (copy,) = world.store.list("research")
    assert copy.version == strict.target.version != lax.target.version  # type: ignore[union-attr]
    assert copy.labels[handler.PROFILE_DIGEST] == strict.profile_digest
    assert world.handle(archived) == strict


def test_large_metadata_of_a_copy_are_beside_it_and_give_way_with_it(
    world: _World, monkeypatch: pytest.MonkeyPatch
) -> None:
    archived = world.archived(an_instance(PatientID="PLANTED-ID"))
    monkeypatch.setattr(fitting, "MAX_METADATA_BYTES", 1000)
    world.deidentify = _with_profile(world, {"options": [FULL_DATES]})
    lax = world.handle(archived)
    copy, beside = world.store.list("research")
    assert lax.metadata_uri == beside.uri == f"{copy.uri}.metadata.json"
    assert beside.labels.items() >= copy.labels.items()
    written = world.store.data("research", beside.version.name)
    assert b"20240131" in written
    assert b"PLANTED" not in written
    monkeypatch.setattr(fitting, "MAX_METADATA_BYTES", 100_000)
    world.deidentify = _with_profile(world, {})
    assert world.handle(archived).metadata_uri is None
    assert [kept.version.name for kept in world.store.list("research")] == [copy.version.name]


@pytest.mark.parametrize("what", ["release", "authority"])
def test_a_copy_gives_way_when_what_else_decides_it_changes(
    world: _World, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    archived = replace(world.archived(an_instance()), facility="twin")
    first = world.handle(archived)
    if what == "release":
        monkeypatch.setattr(handler, "PIPELINE_VERSION", "another")
    else:
        facilities = Facilities.from_data({"twin": {"patient_id_issuer": "REGION"}})
        world.deidentify = replace(world.deidentify, facilities=facilities)
    second = world.handle(archived)
    (copy,) = world.store.list("research")
    assert copy.version == second.target.version != first.target.version  # type: ignore[union-attr]
    assert (_patient(first) == _patient(second)) is (what == "release")


def test_what_was_done_under_another_profile_is_not_claimed(world: _World) -> None:
    profiles = profiles_of(
        {name: {"overrides": [{"keyword": keyword, "action": "remove"}]} for name, keyword in
         [("north", "PatientWeight"), ("south", "PatientSize")]}
    )  # fmt: skip
    world.deidentify = replace(world.deidentify, profiles=profiles)
    first = world.handle(replace(world.archived(an_instance()), facility="north"))
    archived = replace(world.archived(an_instance(), "s/1/2/3.dcm"), facility="south")
    shared = world.handle(archived)
    assert shared.target == first.target
    assert (shared.profile, shared.profile_digest) == ("north", profiles["north"].digest)
    assert first.actions
    assert shared.actions == ()


def _by_two(world: _World, one: str, other: str, **attributes: Any) -> list[Outcome]:
    """The copies of instances of one patient id that two facilities send."""
    return [
        world.handle(
            replace(
                world.archived(an_instance(instance=number, **attributes), f"{name}/{number}.dcm"),
                facility=name,
            )
        )
        for number, name in enumerate([one, other])
    ]


def test_one_id_at_two_facilities_is_two_patients(world: _World) -> None:
    world.deidentify = _with_profile(world, {"options": [MODIFIED_DATES]}, "north", "twin")
    first, second = _by_two(world, "north", "twin")
    assert _patient(first) != _patient(second)
    assert _date(first) != _date(second)


def test_facilities_of_one_authority_have_their_patients_in_common(world: _World) -> None:
    world.deidentify = _with_profile(world, {"options": [MODIFIED_DATES]}, "north", "south")
    first, second = _by_two(world, "north", "south")
    assert _patient(first) == _patient(second)
    assert _date(first) == _date(second)


def test_the_issuer_that_an_object_names_comes_first(world: _World) -> None:
    first, second = _by_two(world, "north", "twin", IssuerOfPatientID="NATION")
    assert _patient(first) == _patient(second)
    others = _by_two(world, "north", "twin")
    assert _patient(first) not in map(_patient, others)


def test_one_object_from_two_authorities_has_two_copies(world: _World) -> None:
    one, other = (
        replace(world.archived(an_instance(), f"{name}/1/2/3.dcm"), facility=name)
        for name in ("north", "twin")
    )
    first, second = world.handle(one), world.handle(other)
    assert first.identity == second.identity
    assert first.target is not None
    assert second.target is not None
    assert second.target.version.name.startswith(first.target.version.name.removesuffix("dcm"))
    assert (world.handle(one), world.handle(other)) == (first, second)


def test_another_key_makes_other_copies_and_the_old_ones_stay(world: _World) -> None:
    archived = world.archived(an_instance())
    world.handle(archived)
    rotated = PseudonymKey(b"the next version of the secret", "research")
    world.deidentify = replace(world.deidentify, key=rotated)
    outcome = world.handle(archived)
    assert outcome.key_id == rotated.key_id
    keys = {copy.labels[handler.KEY] for copy in world.store.list("research")}
    assert keys == {KEY.key_id, rotated.key_id}


def test_no_time_of_the_original_leads_from_the_copy_to_it(world: _World) -> None:
    archived = world.archived(an_instance())
    first = world.handle(archived)
    assert first.primary_at is not None
    assert archived.primary_at is not None
    assert first.primary_at < archived.primary_at
    later = replace(archived, primary_at=archived.primary_at + timedelta(seconds=1))
    assert world.handle(later).primary_at == first.primary_at + timedelta(seconds=1)
    other = world.handle(world.archived(an_instance(instance=2), "h/1/2/4.dcm"))
    assert other.primary_at != first.primary_at


def test_a_second_delivery_finds_the_first_copy(world: _World) -> None:
    archived = world.archived(an_instance())
    assert world.handle(archived) == world.handle(archived)
    assert len(list(world.store.list("research"))) == 1


def test_another_facilitys_equal_object_shares_the_copy(world: _World) -> None:
    first, second = (
        world.handle(replace(world.archived(an_instance(), f"{name}/1/2/3.dcm"), facility=name))
        for name in ("north", "south")
    )
    assert (second.kind, second.target) == (OutcomeKind.DEIDENTIFIED, first.target)


def test_another_version_has_its_copy_beside_the_first(world: _World) -> None:
    first = world.handle(world.archived(an_instance(KVP="80"), "h/1/2/3.dcm"))
    archived = world.archived(an_instance(KVP="120"), "h/1/2/3.0a0b0c0d.dcm")
    second = world.handle(archived)
    assert first.target is not None
    assert second.target is not None
    assert second.target.version.name.startswith(first.target.version.name.removesuffix("dcm"))
    assert world.handle(archived) == second
    assert len(list(world.store.list("research"))) == 2


def test_a_facility_has_its_own_profile(world: _World) -> None:
    archived = world.archived(an_instance())
    for name, dates in [("demo-hospital", False), ("dated", True)]:
        outcome = world.handle(replace(archived, facility=name))
        assert outcome.metadata is not None
        assert ("Value" in outcome.metadata["00080020"]) is dates  # type: ignore[operator]
        world.store.delete(outcome.target.version)  # type: ignore[union-attr]


def test_a_facility_may_want_no_copies(world: _World) -> None:
    for name in ("closed", "nobody"):
        archived = replace(world.archived(an_instance()), facility=name)
        held = world.handle(archived)
        assert (held.kind, held.reason) == (OutcomeKind.HELD, "no-research-copies")
    assert list(world.store.list("research")) == []


def test_what_cannot_be_proven_clean_is_held(world: _World) -> None:
    held = world.handle(world.archived(an_instance(BurnedInAnnotation="YES")))
    assert (held.kind, held.reason) == (OutcomeKind.HELD, "burned-in-annotation")
    assert held.target is None
    assert list(world.store.list("research")) == []


@pytest.mark.parametrize("data", [an_instance(BurnedInAnnotation="YES"), b"damaged"])
def test_what_has_no_copy_says_whose_time_ended(world: _World, data: bytes) -> None:
    copied = world.handle(world.archived(an_instance()))
    archived = world.archived(data, "h/1/2/3.0a0b0c0d.dcm")
    uid = pydicom.dcmread(io.BytesIO(an_instance())).SOPInstanceUID
    identity = replace(AN_IDENTITY, sop_instance_uid=uid)
    assert copied.identity is not None
    withheld = world.handle(replace(archived, kind=OutcomeKind.PROMOTED, identity=identity))
    assert withheld.withheld_uid == copied.identity.sop_instance_uid
    assert withheld.primary_at == copied.primary_at
    assert (withheld.key_id, withheld.profile) == (KEY.key_id, "demo-hospital")
    assert withheld.profile_digest == copied.profile_digest
    assert withheld.identity == identity


def test_a_copy_that_would_have_kept_its_uid_is_known_by_it(world: _World) -> None:
    world.deidentify = _with_profile(world, {"options": ["retain-uids"]})
    held = world.handle(world.archived(an_instance(BurnedInAnnotation="YES")))
    assert held.withheld_uid == AN_IDENTITY.sop_instance_uid


def test_a_facility_without_copies_ends_those_of_nobody(world: _World) -> None:
    held = world.handle(replace(world.archived(an_instance()), facility="closed"))
    assert (held.withheld_uid, held.primary_at, held.profile) == (None, None, None)


def test_what_is_found_while_the_copy_is_written_holds_it(world: _World) -> None:
    data = an_instance(transfer_syntax=JPEG_BASELINE, PatientID="PLANTED-ID")
    assert world.handle(world.archived(data)).kind is OutcomeKind.DEIDENTIFIED
    (copy,) = world.store.list("research")
    world.store.delete(copy.version)
    comment = b"\xff\xd8" + b"PLANTED-ID".ljust(62, b"\x00")
    start = data.index(b"\xff\xd8")
    held = world.handle(world.archived(data[:start] + comment + data[start + 64 :]))
    assert (held.kind, held.reason) == (OutcomeKind.HELD, "identity-residue")
    assert held.target is None
    assert list(world.store.list("research")) == []


def test_an_original_that_is_gone_is_a_failure(world: _World) -> None:
    archived = world.archived(an_instance())
    assert archived.target is not None
    world.store.delete(archived.target.version)
    outcome = world.handle(archived)
    assert (outcome.kind, outcome.reason) == (OutcomeKind.FAILED, "original-gone")


def test_an_original_that_cannot_be_read_is_a_failure(world: _World) -> None:
    outcome = world.handle(world.archived(b"damaged"))
    assert (outcome.kind, outcome.reason) == (OutcomeKind.FAILED, "not-dicom")


@pytest.mark.parametrize("kind", [OutcomeKind.CONFLICT, OutcomeKind.PROMOTED])
def test_a_version_that_took_over_has_a_copy(world: _World, kind: OutcomeKind) -> None:
    archived = replace(world.archived(an_instance()), kind=kind)
    assert world.handle(archived).kind is OutcomeKind.DEIDENTIFIED


def test_only_primary_versions_are_handled(world: _World) -> None:
    with pytest.raises(PermanentError):
        world.handle(replace(an_outcome(OutcomeKind.CONFLICT), primary_at=None))
    with pytest.raises(PermanentError):
        world.handle(an_outcome(OutcomeKind.DUPLICATE))
    with pytest.raises(PermanentError):
        world.handle(an_outcome(OutcomeKind.DEIDENTIFIED))


def test_a_place_that_others_have_is_tried_again(
    world: _World, monkeypatch: pytest.MonkeyPatch
) -> None:
    archived = world.archived(an_instance())
    strange = world.store.put("research", "strange", b"of nobody")
    with monkeypatch.context() as patch:
        patch.setattr(world.store, "write", lambda *_: None)
        patch.setattr(world.store, "find", lambda *_: strange)
        with pytest.raises(TransientError, match="research-changed-meanwhile"):
            world.handle(archived)
    assert world.topic.messages == []
    assert world.handle(archived).kind is OutcomeKind.DEIDENTIFIED


def _with_profile(world: _World, content: object, *names: str) -> Deidentify:
    profiles = profiles_of(dict.fromkeys(names or ("demo-hospital",), content))
    return replace(world.deidentify, profiles=profiles)


def _value(outcome: Outcome, tag: str) -> object:
    assert outcome.metadata is not None
    element: Any = outcome.metadata[tag]
    (value,) = element.get("Value", [""])
    return value


def _patient(outcome: Outcome) -> object:
    return _value(outcome, "00100020")


def _date(outcome: Outcome) -> object:
    return _value(outcome, "00080020")


def _read(data: bytes) -> pydicom.Dataset:
    return pydicom.dcmread(pydicom.filebase.DicomBytesIO(data))
