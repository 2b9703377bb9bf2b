"""Which version is the primary one, where things are kept: the policies of a facility."""

from datetime import timedelta

import pytest

from functions.ingest import comparison
from shared.adapters.memory import ManualClock, MemoryObjectStore, MemoryTopic
from shared.contracts.facilities import Facilities
from shared.contracts.layout import CLAIMS
from shared.contracts.outcome import Outcome, OutcomeKind
from shared.contracts.upload import Upload
from shared.errors import LimitError, TransientError
from tests.builders import IMPLICIT, an_instance
from tests.ingest import an_ingest

FIRST, OTHER, THIRD = (an_instance(StudyDescription=text) for text in ("A", "BB", "CCCC"))
MOVED = an_instance(StudyInstanceUID="1.3.6.1.4.1.99999.7.77")


class _Sender:
    """One facility under one set of policies; time goes on with each upload."""

    def __init__(self, **policies: str) -> None:
        self.clock = ManualClock()
        self.store = MemoryObjectStore(self.clock.now)
        self.outcomes = MemoryTopic()
        self.ingest = an_ingest(
            self.store, self.clock, self.outcomes, facilities=Facilities.from_data({"h": policies})
        )

    def upload(self, name: str, data: bytes) -> Upload:
        self.clock.time += timedelta(minutes=1)
        return Upload(version=self.store.put("inbox", f"h/{name}", data).version)

    def deliver(self, upload: Upload) -> Outcome:
        self.ingest(upload)
        return Outcome.from_message(self.outcomes.messages[-1])

    def send(self, name: str, data: bytes) -> Outcome:
        return self.deliver(self.upload(name, data))

    def kept(self) -> dict[str, bytes]:
        names = [stored.version.name for stored in self.store.list("archive")]
        return {
            name: self.store.data("archive", name) for name in names if not name.startswith(CLAIMS)
        }


@pytest.mark.parametrize(
    ("policy", "name", "takes_over"),
    [
        ("first", "ct-1/b", False),
        ("last", "ct-1/b", True),
        ("last", "elsewhere/b", True),
        ("same-source", "ct-1/deeper/b", True),
        ("same-source", "ct-2/b", False),
        ("same-source", "b", False),
    ],
)
def test_the_policy_decides_the_primary_version(
    policy: str, name: str, *, takes_over: bool
) -> None:
    sender = _Sender(conflicts=policy)
    first = sender.send("ct-1/a", FIRST)
    second = sender.send(name, OTHER)
    assert (first.kind, second.kind) == (OutcomeKind.ARCHIVED, OutcomeKind.CONFLICT)
    assert first.primary_at == first.source.created
    assert second.primary_at == (second.source.created if takes_over else None)
    assert set(sender.kept().values()) == {FIRST, OTHER}


def test_files_straight_in_the_facilitys_folder_have_one_source() -> None:
    sender = _Sender(conflicts="same-source")
    sender.send("a", FIRST)
    assert sender.send("b", OTHER).primary


@pytest.mark.parametrize("policy", ["last", "same-source"])
def test_what_landed_earlier_and_is_decided_later_does_not_take_over(policy: str) -> None:
    sender = _Sender(conflicts=policy)
    early, late = sender.upload("a", FIRST), sender.upload("b", OTHER)
    assert sender.deliver(late).kind is OutcomeKind.ARCHIVED
    outcome = sender.deliver(early)
    assert (outcome.kind, outcome.primary) == (OutcomeKind.CONFLICT, False)


def test_of_versions_that_landed_together_the_first_stays_the_primary_one() -> None:
    sender = _Sender(conflicts="last")
    sender.send("a", FIRST)
    together = Upload(version=sender.store.put("inbox", "h/b", OTHER).version)
    assert sender.deliver(together).primary is False


def test_a_redelivery_says_the_same_of_the_primary_version() -> None:
    sender = _Sender(conflicts="last")
    sender.send("a", FIRST)
    upload = sender.upload("b", OTHER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sender.store, "delete", _crash)
        with pytest.raises(TransientError):
            sender.deliver(upload)
    first, second = sender.outcomes.messages[-1], sender.deliver(upload)
    assert second == Outcome.from_message(first)
    assert second.primary


@pytest.mark.parametrize("data", [MOVED, OTHER])
def test_the_same_instance_under_another_study_is_a_conflict(data: bytes) -> None:
    sender = _Sender()
    first = sender.send("a", FIRST)
    moved = sender.send("b", data)
    assert (moved.kind, moved.primary) == (OutcomeKind.CONFLICT, False)
    again = sender.send("c", data)
    assert (again.kind, again.target) == (OutcomeKind.DUPLICATE, moved.target)
    assert first.target is not None
    assert sender.kept()[first.target.version.name] == FIRST
    assert set(sender.kept().values()) == {FIRST, data}


def test_under_another_study_it_stands_there_and_further_versions_beside_it() -> None:
    sender = _Sender()
    sender.send("a", FIRST)
    moved = sender.send("b", MOVED)
    changed = an_instance(StudyInstanceUID="1.3.6.1.4.1.99999.7.77", StudyDescription="X")
    third = sender.send("c", changed)
    assert moved.target is not None
    assert third.target is not None
    assert moved.target.version.name.startswith("h/1.3.6.1.4.1.99999.7.77/")
    stem = moved.target.version.name.removesuffix("dcm")
    assert third.target.version.name.startswith(stem)
    assert third.kind is OutcomeKind.CONFLICT
    assert set(sender.kept().values()) == {FIRST, MOVED, changed}


SPOILT = FIRST[:-2] + b"XX"
BOTH = OTHER[:-2] + b"XX"
OTHER_META = FIRST[:128].replace(b"\x00", b"\x01") + FIRST[128:]
ENCODED = an_instance(transfer_syntax=IMPLICIT, StudyDescription="A")


@pytest.mark.parametrize(
    ("data", "difference"),
    [
        (OTHER, "header"),
        (SPOILT, "pixels"),
        (BOTH, "header-and-pixels"),
        (OTHER_META, "file-meta"),
        (ENCODED, "encoding"),
    ],
)
def test_a_conflict_says_in_what_it_differs(data: bytes, difference: str) -> None:
    sender = _Sender()
    assert sender.send("a", FIRST).difference is None
    assert sender.send("b", data).difference == difference
    assert sender.send("c", data).difference is None


def test_what_cannot_be_read_any_more_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    sender = _Sender()
    sender.send("a", FIRST)

    def refuses(*_: object, **__: object) -> None:
        raise LimitError("too-many-elements")

    monkeypatch.setattr(comparison, "read_header", refuses)
    outcome = sender.send("b", OTHER)
    assert (outcome.kind, outcome.difference) == (OutcomeKind.CONFLICT, "not-compared")


def test_while_the_first_version_is_under_way_the_other_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sender = _Sender()
    early, late = sender.upload("a", FIRST), sender.upload("b", MOVED)
    with monkeypatch.context() as patch:
        patch.setattr(sender.store, "copy", _crash)
        with pytest.raises(TransientError):
            sender.deliver(early)
    with pytest.raises(TransientError, match="first-version-not-there-yet"):
        sender.deliver(late)
    assert sender.deliver(early).kind is OutcomeKind.ARCHIVED
    assert sender.deliver(late).kind is OutcomeKind.CONFLICT


def test_a_claim_that_was_given_up_holds_nobody_up() -> None:
    sender = _Sender()
    first = sender.send("a", FIRST)
    assert first.target is not None
    sender.store.delete(first.target.version)
    sender.clock.time += timedelta(hours=2)
    moved = sender.send("b", MOVED)
    assert (moved.kind, moved.primary) == (OutcomeKind.ARCHIVED, True)


def test_of_those_that_come_after_a_claim_was_given_up_one_is_the_first() -> None:
    sender = _Sender()
    early = sender.upload("a", FIRST)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sender.store, "copy", _crash)
        with pytest.raises(TransientError):
            sender.deliver(early)
    sender.clock.time += timedelta(hours=2)
    others = [
        sender.send(number, an_instance(StudyInstanceUID=f"1.3.6.1.4.1.99999.7.{number}"))
        for number in ("77", "78", "79")
    ]
    kinds = [outcome.kind for outcome in (*others, sender.deliver(early))]
    assert kinds == [OutcomeKind.ARCHIVED, *[OutcomeKind.CONFLICT] * 3]
    assert [outcome.primary for outcome in others] == [True, False, False]
    assert FIRST in sender.kept().values()


def test_duplicates_are_kept_where_a_facility_wants_it() -> None:
    sender = _Sender(duplicates="keep")
    first = sender.send("a", FIRST)
    for _ in range(2):  # under one name, of two generations
        again = sender.send("b", FIRST)
        assert again.kind is OutcomeKind.DUPLICATE
        assert again.target is not None
        assert again.target.version.name == f"h/duplicates/b#{again.source.version.generation}"
    assert list(sender.kept().values()) == [FIRST] * 3
    assert first.target is not None
    assert sender.send("c", OTHER).kind is OutcomeKind.CONFLICT
    assert sender.send("d", OTHER).kind is OutcomeKind.DUPLICATE


def test_a_prefix_stands_in_place_of_the_facilitys_name() -> None:
    sender = _Sender(archive_prefix="region/north", duplicates="keep")
    for name in ("a", "b"):
        sender.send(name, FIRST)
    assert len(sender.kept()) == 2
    assert all(name.startswith("region/north/") for name in sender.kept())


def test_after_its_prefix_changed_a_facilitys_instances_are_known_where_they_are() -> None:
    sender = _Sender()
    first = sender.send("a", FIRST)
    registry = Facilities.from_data({"h": {"archive_prefix": "new"}})
    sender.ingest = an_ingest(sender.store, sender.clock, sender.outcomes, facilities=registry)
    again = sender.send("b", FIRST)
    assert (again.kind, again.target) == (OutcomeKind.DUPLICATE, first.target)
    assert sender.send("c", OTHER).kind is OutcomeKind.CONFLICT


def _crash(*_: object) -> None:
    raise TransientError("storage-unavailable")
