"""Each entry point hands every setting to the place it is named for, behind the boundary."""

import importlib
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from functions.sweep.alarm import Alarm
from functions.sweep.completion import Completion
from functions.sweep.receipts import Receipts
from functions.sweep.telling import Telling
from functions.sweep.terms import Limits, Terms
from shared.adapters.system_clock import SystemClock
from shared.contracts.facilities import Facilities
from shared.contracts.mail_server import MailServer, Security
from shared.contracts.target_secrets import TargetSecrets
from shared.contracts.targets import Target
from shared.contracts.uid_mask import UidMask
from shared.dicom.deidentification.options import Option
from shared.dicom.deidentification.profile import BASIC
from shared.dicom.deidentification.pseudonyms import PseudonymKey
from shared.runtime.delivery import AGAIN, Lazy

STAGES = ["ingest", "index", "deidentify", "notify", "sweep"]
ADAPTERS = [
    *("CloudStorage", "PubSubTopic", "PubSubSubscription"),
    *("BigQueryTables", "BigQueryWarehouse", "Receivers"),
]
SIGNING_SECRET = "whsec_bWFkZSB1cCBieSBhIHRlc3Q="
TARGETS = {"w": {"url": "https://receiver.example.org"}}
REGISTRY = {"h": {"conflicts": "last"}, "c": {"deidentification": "own"}}
MASK = UidMask(plain=frozenset(REGISTRY))
PSEUDONYM_SECRET = "a made-up secret of some length, and a little longer"
VARIABLES = {
    "GOOGLE_CLOUD_PROJECT": "a-project",
    "INLET_INBOX": "the-inbox",
    "INLET_ARCHIVE": "the-archive",
    "INLET_QUARANTINE": "the-quarantine",
    "INLET_RESEARCH": "the-research",
    "INLET_RESEARCH_PROJECT": "the-research-project",
    "INLET_DATASET": "the-dataset",
    "INLET_RESEARCH_DATASET": "the-research-dataset",
    "INLET_UPLOADS_TOPIC": "the-uploads",
    "INLET_OUTCOMES_TOPIC": "the-outcomes",
    "INLET_EVENTS_TOPIC": "the-events",
    "INLET_RECEIPTS": "the-receipts",
    "INLET_STUCK_AFTER_S": "61",
    "INLET_SWEEP_EVERY_S": "62",
    "INLET_ASK_EVERY_S": "63",
    "INLET_COMPARE_EVERY_S": "64",
    "INLET_SWEEP_BUDGET_S": "65",
    "INLET_MAX_ANNOUNCED": "66",
    "INLET_MAX_COMPARED": "67",
    "INLET_MAX_DEAD_LETTERS": "68",
    "INLET_MAX_FINDINGS": "69",
    "INLET_MAX_STUDY_CHANGES": "70",
    "INLET_DEAD_LETTERS": "the-dead-letters",
    "INLET_GIVE_UP_AFTER_S": "71",
    "INLET_RECEIVER_NETWORKS": "10.0.0.0/8",
    "INLET_SMTP_HOST": "mail.example.org",
    "INLET_SMTP_PORT": "72",
    "INLET_SMTP_FROM": "inlet@example.org",
    "INLET_SMTP_USER": "a user",
    "INLET_SMTP_SECURITY": "tls",
}


@dataclass(frozen=True)
class Made:
    """An adapter that was not made, and by what it would have been."""

    adapter: str
    arguments: tuple[object, ...]

    def __getattr__(self, name: str) -> "Made":
        if name.startswith("_"):
            raise AttributeError(name)
        return Made(f"{self.adapter}.{name}", self.arguments)


Enter = Callable[[str], ModuleType]


@pytest.fixture
def enter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Enter]:
    """Import an entry point as the platform does, with adapters that open nothing."""
    for name, content in [
        ("INLET_PSEUDONYM_KEY_FILE", PSEUDONYM_SECRET),
        ("INLET_TARGETS_FILE", json.dumps(TARGETS)),
        ("INLET_TARGET_SECRETS_FILE", json.dumps({"w": [SIGNING_SECRET], "smtp": "a password"})),
        ("INLET_FACILITIES_FILE", json.dumps(REGISTRY)),
        ("INLET_PROFILES_FILE", json.dumps({"basic": {}, "own": {"options": ["113105"]}})),
    ]:
        file = tmp_path / name
        file.write_text(content)
        monkeypatch.setenv(name, str(file))
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    root, own, hook = logging.getLogger(), logging.getLogger("inlet"), threading.excepthook
    before = root.handlers, root.level, own.level

    def entered(stage: str) -> ModuleType:
        name = f"functions.{stage}.main"
        sys.modules.pop(name, None)
        module = importlib.import_module(name)
        del sys.modules[name]  # the next test enters anew
        for adapter in ADAPTERS:
            monkeypatch.setattr(module, adapter, _unmade(adapter), raising=False)
        return module

    yield entered
    logging.captureWarnings(capture=False)
    root.handlers, threading.excepthook = before[0], hook
    root.setLevel(before[1])
    own.setLevel(before[2])


def _unmade(adapter: str) -> Callable[..., Made]:
    return lambda *arguments: Made(adapter, arguments)


STORE = Made("CloudStorage", ("a-project",))


def _topic(name: str) -> Made:
    return Made("PubSubTopic", ("a-project", name))


def test_ingest(enter: Enter) -> None:
    handler = enter("ingest")._make()
    assert (handler.archive, handler.quarantine) == ("the-archive", "the-quarantine")
    assert (handler.uploads, handler.outcomes) == (_topic("the-uploads"), _topic("the-outcomes"))
    assert handler.objects == STORE
    assert handler.facilities == Facilities.from_data(REGISTRY)
    assert isinstance(handler.clock, SystemClock)


def test_index(enter: Enter) -> None:
    module = enter("index")
    datasets = {"imaging": "the-dataset", "research": "the-research-dataset"}
    expected = Made("BigQueryTables", ("a-project", module.SCHEMAS, datasets))
    assert module._make().tables == expected
    assert module.SCHEMAS.parent.name == "index"


def test_deidentify(enter: Enter) -> None:
    handler = enter("deidentify")._make()
    assert (handler.research, handler.objects) == ("the-research", STORE)
    assert handler.outcomes == _topic("the-outcomes")
    assert handler.profiles["h"] == BASIC
    assert handler.profiles["c"].options == {Option.CLEAN_DESCRIPTORS}
    assert handler.key.patient_id("1", "") == _patient("the-research-project")
    assert handler.key.patient_id("1", "") != _patient("a-project")


def _patient(project: str) -> str:
    return PseudonymKey(PSEUDONYM_SECRET.encode(), project).patient_id("1", "")


def test_notify(enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    module = enter("notify")
    made: list[Made] = []

    def receivers(*arguments: object) -> Callable[[Target], Made]:
        made.append(Made("Receivers", arguments))
        return lambda target: Made("receiver", (target,))

    monkeypatch.setattr(module, "Receivers", receivers)
    announce, tell = module._make()
    assert (announce.events, announce.mask) == (_topic("the-events"), MASK)
    tables = Made("BigQueryTables", ("a-project", module.SCHEMAS, {"imaging": "the-dataset"}))
    assert (tell.deliveries, tell.give_up_after) == (tables, timedelta(seconds=71))
    assert isinstance(tell.clock, SystemClock)
    assert tell.lines["w"].receiver.arguments == (tell.lines["w"].target,)
    (secrets, networks, mail_server, clock) = made[0].arguments
    assert secrets == TargetSecrets(signing={"w": (SIGNING_SECRET,)}, smtp_password="a password")
    assert networks == (ip_network("10.0.0.0/8"),)
    assert mail_server == MailServer(
        host="mail.example.org",
        port=72,
        security=Security.TLS,
        sender="inlet@example.org",
        user="a user",
        password="a password",
    )
    assert isinstance(clock, SystemClock)


def test_sweep(enter: Enter) -> None:
    module = enter("sweep")
    handler = module._make()
    limits = Limits(
        stuck_after=timedelta(seconds=61),
        interval=timedelta(seconds=62),
        ask_every=timedelta(seconds=63),
        compare_every=timedelta(seconds=64),
        budget=timedelta(seconds=65),
        max_announced=66,
        max_compared=67,
        max_dead_letters=68,
        max_findings=69,
        max_study_changes=70,
    )
    assert handler.terms == Terms(
        inbox="the-inbox", archive="the-archive", quarantine="the-quarantine", limits=limits
    )
    assert (handler.uploads, handler.objects) == (_topic("the-uploads"), STORE)
    subscription = Made("PubSubSubscription", ("a-project", "the-dead-letters"))
    assert handler.dead_letters == subscription
    tables = "a-project", "the-dataset", module.SCHEMAS, STORE, "the-receipts"
    assert handler.catalogue == Made("BigQueryWarehouse.catalogue", tables)
    assert module.SCHEMAS.parent.name == "sweep"
    told: dict[str, Any] = {
        "events": _topic("the-events"),
        "facilities": Facilities.from_data(REGISTRY),
    }
    assert handler.alarm == Alarm(terms=handler.terms, **told)
    made: list[Any] = [
        Made(f"BigQueryWarehouse.{name}", tables) for name in ("studies", "arrivals", "ledger")
    ]
    studies, arrivals, ledger = made
    common: dict[str, Any] = {"ledger": ledger, "clock": handler.clock}
    telling: dict[str, Any] = {**common, "objects": STORE}
    declaring: dict[str, Any] = {**common, "facilities": told["facilities"]}
    assert handler.tasks == [
        Completion(max_changes=70, budget=timedelta(seconds=65) / 3, studies=studies, **declaring),
        Receipts(
            bucket="the-receipts",
            patience=limits.stuck_after,
            look_back_every=limits.ask_every,
            budget=timedelta(seconds=65) * 2 / 3,
            arrivals=arrivals,
            **declaring,
        ),
        Telling(
            events=told["events"],
            mask=MASK,
            bucket="the-receipts",
            look_back_every=limits.ask_every,
            max_told=70,
            budget=timedelta(seconds=65) * 5 / 6,
            **telling,
        ),
    ]


@pytest.mark.parametrize("stage", STAGES)
def test_whatever_happens_stays_behind_the_boundary(
    stage: str,
    enter: Enter,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    module = enter(stage)

    def dies(*_: Any) -> Any:
        raise RuntimeError("PLANTED^NAME")

    monkeypatch.setattr(module, _lazy(module), dies)
    envelope = {"message": {"data": "", "attributes": _ATTRIBUTES}}
    builder = EnvironBuilder(method="POST", json=envelope)
    answer = getattr(module, stage)(Request(builder.get_environ()))
    assert answer == AGAIN
    captured = capfd.readouterr()
    assert "PLANTED" not in captured.out + captured.err


@pytest.mark.parametrize("stage", STAGES)
def test_nothing_is_made_before_the_first_delivery(stage: str, enter: Enter) -> None:
    module = enter(stage)
    assert getattr(module, _lazy(module))._made is None


def _lazy(module: ModuleType) -> str:
    """The name of what the first delivery makes."""
    (name,) = (name for name, value in vars(module).items() if isinstance(value, Lazy))
    return name


_ATTRIBUTES = {
    "eventType": "OBJECT_FINALIZE",
    "bucketId": "the-inbox",
    "objectId": "h/PLANTED^NAME",
    "objectGeneration": "7",
}
