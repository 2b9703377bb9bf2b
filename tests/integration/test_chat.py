"""Messages to a chat's incoming webhook, against a receiver on this machine."""

import json
from dataclasses import replace

import pytest

from shared.adapters.chat import Chat
from shared.adapters.receivers import Receivers
from shared.adapters.system_clock import SystemClock
from shared.contracts.facilities import Facilities
from shared.contracts.mail_server import MailServer, Security
from shared.contracts.outcome import OutcomeKind
from shared.contracts.target_secrets import TargetSecrets
from shared.contracts.targets import Failure, Targets
from shared.ports import Reply
from tests.events import a_receipt_event, event_of
from tests.integration.receivers import LOOPBACK, a_poster, answers, receiving
from tests.outcomes import an_outcome

SECRET = "made-up-token"


def test_a_room_is_told_in_a_text() -> None:
    with receiving(answers(200)) as room:
        chat = Chat(room.url(f"/v1/spaces/s/messages?key=k&token={SECRET}"), a_poster())
        assert chat.send(a_receipt_event()) == Reply(status=200)
    (request,) = room.received
    assert request.path == f"/v1/spaces/s/messages?key=k&token={SECRET}"
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    message = json.loads(request.body)
    assert set(message) == {"text"}
    first, *rest = message["text"].splitlines()
    assert first.startswith("Inlet: receipt issued (demo-hospital): ")
    assert "121 · archived" in rest


def test_what_an_event_says_mentions_nobody_and_is_no_link() -> None:
    data = {"facility": "<!channel>", "reason": "<https://evil.example.org|your receipt>"}
    with receiving(answers(200)) as room:
        Chat(room.url(), a_poster()).send(replace(a_receipt_event(), data=data))
    (request,) = room.received
    text = json.loads(request.body)["text"]
    assert "!channel" in text
    assert not {"<", ">"} & set(text)


@pytest.mark.parametrize("kind", OutcomeKind)
def test_no_identity_is_in_a_message(kind: OutcomeKind) -> None:
    with receiving(answers(200)) as room:
        Chat(room.url(), a_poster()).send(event_of(an_outcome(kind)))
    (request,) = room.received
    assert b"PLANTED" not in request.body.upper()


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_room_that_does_not_take_it_is_told_again(status: int) -> None:
    with receiving(answers(status)) as room:
        reply = Chat(room.url(), a_poster()).send(a_receipt_event())
    assert reply == Reply(status=status, reason=Failure.REFUSED)


def test_a_chat_s_address_is_in_nothing_that_is_shown(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    with receiving() as room:
        address = room.url(f"/{SECRET}")
    targets = Targets.from_data({"room": {"kind": "chat"}}, Facilities({}))
    secrets = TargetSecrets.from_data({"room": address}, targets)
    server = MailServer(host="", port=587, security=Security.STARTTLS, sender="")
    receivers = Receivers(secrets, LOOPBACK, server, SystemClock())
    (target,) = targets
    chat = receivers(target)
    reply = chat.send(a_receipt_event())
    assert reply == Reply(reason=Failure.UNREACHABLE)
    captured = capfd.readouterr()
    shown = [captured.out, captured.err, caplog.text, *map(repr, (chat, receivers, secrets, reply))]
    assert SECRET not in "".join(shown)
