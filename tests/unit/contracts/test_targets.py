from dataclasses import replace
from email.headerregistry import Address
from pathlib import Path

import pytest

from infra import data_files
from infra.local.pubsub.filters import compile_filter
from shared.contracts.event import PublicEvent
from shared.contracts.event_types import EVENT_TYPES
from shared.contracts.facilities import Facilities
from shared.contracts.outcome import OutcomeKind
from shared.contracts.targets import (
    FIELDS,
    MAX_FILTER_BYTES,
    Target,
    TargetKind,
    Targets,
    is_address,
    is_mailbox,
    subscription_of,
)
from shared.errors import ContractError
from tests.events import event_of
from tests.outcomes import an_outcome

FACILITIES = Facilities.from_data({"h": {}, "c": {}})
EXAMPLES = Path(data_files.__file__).parent / "examples"
HOOK = {"url": "https://receiver.example.org/inlet?a=b"}


def _one(**entry: object) -> Target:
    (target,) = Targets.from_data({"t": entry}, FACILITIES)
    return target


def _problems(data: object) -> list[str]:
    with pytest.raises(ContractError) as caught:
        Targets.from_data(data, FACILITIES)
    return sorted(caught.value.problems)


def _event(facility: str = "h", kind: OutcomeKind = OutcomeKind.ARCHIVED) -> PublicEvent:
    return event_of(an_outcome(kind, facility=facility))


def test_the_example_is_sound() -> None:
    facilities = data_files.facilities(EXAMPLES / "facilities.yaml")
    targets = data_files.targets(EXAMPLES / "targets.yaml", facilities)
    kinds = {
        Target(name="", kind=TargetKind(str(entry["kind"]))).kind for entry in targets.values()
    }
    assert kinds == set(TargetKind)


def test_every_field_is_documented() -> None:
    assert set(FIELDS) == set(Target.__dataclass_fields__) - {"name"}


def test_every_problem_is_listed_and_no_address_quoted() -> None:
    assert _problems(
        {
            "Bad Name": HOOK,
            "a-name-of-24-characters-": HOOK,
            "a-name-of-24-characters0": HOOK,
            "smtp": HOOK,
            "a": {"kind": "webhook"},
            "b": {"url": "http://secret.example.org"},
            "c": {"kind": "chat", "url": "https://secret.example.org"},
            "d": {"kind": "email"},
            "e": {"kind": "email", "to": ["a@example.org\nBcc: b@example.org"]},
            "f": {**HOOK, "facilities": ["nobody"], "types": ["dicom.nothing", "dicom.study"]},
            "g": {**HOOK, "mode": "digest"},
            "h": {"kind": "email", "to": ["a@example.org"], "mode": "digest", "types": ["dicom."]},
            "i": {**HOOK, "kind": "pigeon", "enabled": "yes", "types": "dicom.", "more": 1},
            "j": "text",
        }
    ) == sorted(
        [
            "Bad Name is no name for a target",
            "a-name-of-24-characters- is no name for a target",
            "a-name-of-24-characters0 is no name for a target",
            "smtp is no name for a target",
            "a.url is for webhooks, which need it",
            "b.url is not an https address",
            "c.url is for webhooks, which need it",
            "d.to is for mails, which need it",
            "e.to has what is no mail address",
            "f.facilities names one that is not registered",
            "f.types names one that does not exist",
            "f.types names one that does not exist",
            "g.mode digest is for mails without types",
            "h.mode digest is for mails without types",
            "i.enabled is not of type bool",
            "i.kind is none of webhook, email, chat",
            "i.more is not known",
            "i.types is not of type list",
            "j. is not an object",
            "j.url is for webhooks, which need it",
        ]
    )


@pytest.mark.parametrize(
    ("url", "sound"),
    [
        ("https://receiver.example.org", True),
        ("https://receiver.example.org:8443/a?b=c", True),
        ("https://[2001:db8::1]/a", True),
        ("http://127.0.0.1:8080/a", True),
        ("http://localhost/a", True),
        ("http://receiver.example.org", False),
        ("http://127.0.0.2/a", False),
        ("https://user:password@receiver.example.org", False),
        ("https://", False),
        ("https://receiver.example.org:99999", False),
        ("https://receiver.example.org/a b", False),
        ("https://receiver.example.org/a\r\nx: y", False),
        ("https://réceiver.example.org/", False),
        ("https://[::1", False),
        ("ftp://receiver.example.org", False),
        ("", False),
    ],
)
def test_an_address_is_https_or_this_machine(url: str, *, sound: bool) -> None:
    assert is_address(url) is sound


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        ("a@example.org", True),
        ("first.o'last+tag@mail.example.org", True),
        (".a@example.org", False),
        ("a.@example.org", False),
        ("a..b@example.org", False),
        ("a@localhost", False),
        ("a@example.org, b@example.org", False),
        ("A <a@example.org>", False),
        ("a@example.org\n", False),
        ("ä@example.org", False),
        ("a@b@example.org", False),
    ],
)
def test_a_mailbox_is_one_that_a_mail_can_be_addressed_to(text: str, *, sound: bool) -> None:
    assert is_mailbox(text) is sound
    if sound:
        assert Address(addr_spec=text).addr_spec == text


@pytest.mark.parametrize(
    ("entry", "event", "wanted"),
    [
        (HOOK, _event(), True),
        ({**HOOK, "facilities": ["h"]}, _event("h"), True),
        ({**HOOK, "facilities": ["h"]}, _event("c"), False),
        ({**HOOK, "facilities": ["h"]}, _event(kind=OutcomeKind.DEIDENTIFIED), False),
        ({**HOOK, "types": ["dicom.instance.archived.v1"]}, _event(), True),
        ({**HOOK, "types": ["dicom.instance."]}, _event(), True),
        ({**HOOK, "types": ["dicom.object.", "dicom.instance.held.v1"]}, _event(), False),
        ({"kind": "email", "to": ["a@example.org"], "mode": "digest"}, _event(), False),
    ],
)
def test_a_target_wants_what_it_says(
    entry: dict[str, object], event: PublicEvent, *, wanted: bool
) -> None:
    assert _one(**entry).wants(event) is wanted


def test_a_digest_wants_receipts() -> None:
    receipt = replace(_event(), type="dicom.receipt.issued.v1")
    assert _one(kind="email", to=["a@example.org"], mode="digest").wants(receipt)


def test_a_filter_lets_through_all_that_is_wanted() -> None:
    target = _one(**HOOK, facilities=["h", "c"])
    assert target.filter == 'attributes.facility = "h" OR attributes.facility = "c"'
    passes = compile_filter(target.filter)
    assert passes
    for facility in ("h", "c", "other"):
        event = _event(facility)
        assert passes(event.to_message().attributes) is target.wants(event)


def test_a_filter_that_would_be_too_long_is_none() -> None:
    names = [f"facility-{number:02}" for number in range(7)]
    lengths = {}
    for count in range(len(names) + 1):
        facilities = Facilities.from_data({name: {} for name in names})
        entry = {**HOOK, "facilities": names[:count]}
        (target,) = Targets.from_data({"t": entry}, facilities)
        lengths[count] = len(target.filter)
    assert lengths == {0: 0, 1: 35, 2: 74, 3: 113, 4: 152, 5: 191, 6: 230, 7: 0}
    assert max(lengths.values()) <= MAX_FILTER_BYTES


def test_every_type_can_be_wanted() -> None:
    _one(**HOOK, types=[each.name for each in EVENT_TYPES])


def test_a_subscription_has_its_target_s_name() -> None:
    assert subscription_of("pacs-router") == "notify-target-pacs-router"
