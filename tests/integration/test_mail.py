"""Mail, handed to real servers on this machine, well behaved or not."""

import email
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from shared.adapters.guarded_connection import Guard
from shared.adapters.mail import Mail, composed
from shared.contracts.event import PublicEvent
from shared.contracts.mail_server import MailServer, Security
from shared.contracts.outcome import OutcomeKind
from shared.contracts.targets import Failure
from shared.ports import Reply
from tests.events import a_receipt_event, event_of
from tests.integration.receivers import DRIP_S, server_tls, trusting
from tests.outcomes import an_outcome

EVENT = event_of(an_outcome(OutcomeKind.QUARANTINED, reason="truncated"))
TO = ("it@hospital.example.org", "desk@hospital.example.org")
NAME = "localhost"
TAKEN = "250 OK"


class Mailbox:
    """Keeps what it takes, and answers as it is told."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.at_rcpt: dict[str, str] = {}
        self.at_data = TAKEN
        self.at_quit = "221 Bye"
        self.quits = 0

    async def handle_QUIT(self, *_: Any) -> str:  # noqa: N802
        self.quits += 1
        return self.at_quit

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _: Any, __: Any, envelope: Envelope, address: str, ___: Sequence[str]
    ) -> str:
        answer = self.at_rcpt.get(address, TAKEN)
        if answer == TAKEN:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _: Any, __: Any, envelope: Envelope) -> str:  # noqa: N802
        if self.at_data == TAKEN:
            self.taken.append(envelope)
        return self.at_data

    def mails(self) -> list[EmailMessage]:
        return [
            email.message_from_bytes(envelope.content, EmailMessage, policy=SMTP)
            for envelope in self.taken
            if isinstance(envelope.content, bytes)
        ]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@contextmanager
def _serving(mailbox: Mailbox, security: Security, tls: ssl.SSLContext) -> Iterator[int]:
    def allowed(_: Any, __: Any, ___: Any, ____: str, data: LoginPassword) -> AuthResult:
        return AuthResult(success=data.password == b"the password", handled=False)

    options: dict[str, Any] = {"authenticator": allowed, "auth_require_tls": False}
    if security is Security.TLS:
        options["ssl_context"] = tls
    if security is Security.STARTTLS:
        options |= {"tls_context": tls, "require_starttls": True}
    controller = Controller(mailbox, hostname="127.0.0.1", port=_free_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _mail(port: int, security: Security, authority: trustme.CA | None, **server: Any) -> Mail:
    trust = trusting(authority) if authority else ssl.create_default_context
    return Mail(
        target="receipts",
        to=TO,
        server=MailServer(
            **{"host": NAME, "sender": "inlet@example.org", **server}, port=port, security=security
        ),
        attempt_s=5.0,
        trust=trust,
    )


@pytest.mark.parametrize("security", Security)
def test_a_mail_arrives(authority: trustme.CA, security: Security) -> None:
    mailbox = Mailbox()
    with _serving(mailbox, security, server_tls(authority, NAME)) as port:
        assert _mail(port, security, authority).send(EVENT) == Reply(status=250)
    (envelope,) = mailbox.taken
    assert envelope.rcpt_tos == list(TO)
    assert envelope.mail_from == "inlet@example.org"
    (mail,) = mailbox.mails()
    assert mail["Subject"] == "Inlet: object quarantined (demo-hospital)"
    plain, html = mail.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    for part in (plain, html):
        assert "truncated" in part.get_content()
        assert EVENT.event_id in part.get_content()


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
@pytest.mark.parametrize(("name", "known"), [(NAME, False), ("elsewhere.example.org", True)])
def test_a_server_that_does_not_prove_its_name_is_told_nothing(
    authority: trustme.CA, security: Security, name: str, *, known: bool
) -> None:
    mailbox = Mailbox()
    with _serving(mailbox, security, server_tls(authority, name)) as port:
        mail = _mail(port, security, authority if known else None)
        assert mail.send(EVENT) == Reply(reason=Failure.CERTIFICATE)
    assert mailbox.taken == []


def test_a_server_without_tls_is_told_nothing_where_tls_is_wanted(authority: trustme.CA) -> None:
    mailbox = Mailbox()
    with _serving(mailbox, Security.NONE, server_tls(authority, NAME)) as port:
        reply = _mail(port, Security.STARTTLS, authority).send(EVENT)
        assert reply.reason == Failure.UNREACHABLE
    assert mailbox.taken == []


@pytest.mark.parametrize(("password", "reason"), [("the password", None), ("x", Failure.LOGIN)])
def test_who_signs_in_needs_the_password(
    authority: trustme.CA, password: str, reason: Failure | None
) -> None:
    mailbox = Mailbox()
    with _serving(mailbox, Security.STARTTLS, server_tls(authority, NAME)) as port:
        mail = _mail(port, Security.STARTTLS, authority, user="inlet", password=password)
        reply = mail.send(EVENT)
    assert (reply.reason, reply.final) == (reason, False)
    assert len(mailbox.taken) == (reason is None)


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        ("451 later", Reply(status=451, reason=Failure.BUSY)),
        ("452 full", Reply(status=452, reason=Failure.BUSY)),
        ("550 nobody", Reply(status=550, reason=Failure.REFUSED, final=True)),
        ("554 no", Reply(status=554, reason=Failure.REFUSED, final=True)),
    ],
)
@pytest.mark.parametrize("at_data", [False, True])
def test_what_a_server_answers_decides(
    authority: trustme.CA, answer: str, reply: Reply, *, at_data: bool
) -> None:
    mailbox = Mailbox()
    if at_data:
        mailbox.at_data = answer
    else:
        mailbox.at_rcpt = dict.fromkeys(TO, answer)
    with _serving(mailbox, Security.TLS, server_tls(authority, NAME)) as port:
        assert _mail(port, Security.TLS, authority).send(EVENT) == reply


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [(TAKEN, Reply(status=250)), ("451 later", Reply(status=451, reason=Failure.BUSY))],
)
@pytest.mark.parametrize("at_quit", ["221 Bye", "250 OK", "421 later", "500 what"])
def test_how_a_server_parts_changes_nothing(
    authority: trustme.CA, at_quit: str, answer: str, wanted: Reply
) -> None:
    mailbox = Mailbox()
    mailbox.at_quit, mailbox.at_data = at_quit, answer
    with _serving(mailbox, Security.TLS, server_tls(authority, NAME)) as port:
        assert _mail(port, Security.TLS, authority).send(EVENT) == wanted
    assert mailbox.quits == 1


def test_who_is_refused_beside_others_shows_in_the_status(authority: trustme.CA) -> None:
    mailbox = Mailbox()
    mailbox.at_rcpt = {TO[0]: "550 nobody"}
    with _serving(mailbox, Security.TLS, server_tls(authority, NAME)) as port:
        assert _mail(port, Security.TLS, authority).send(EVENT) == Reply(status=550)
    assert [envelope.rcpt_tos for envelope in mailbox.taken] == [[TO[1]]]


@contextmanager
def _listening(behave: Callable[[socket.socket], None]) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                try:
                    behave(connection)
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def _drips(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"220-hello\r\n")
        time.sleep(DRIP_S)


def _hangs_up(connection: socket.socket) -> None:
    connection.sendall(b"220 hello\r\n")
    connection.recv(100)


def _session(greeting: str, at_sender: str = TAKEN) -> Callable[[socket.socket], None]:
    """Take a mail and never answer QUIT, or refuse whoever sends it."""
    answers = {b"MAIL": at_sender, b"RCPT": TAKEN, b"DATA": "354 go on", b"EHLO": TAKEN}

    def behave(connection: socket.socket) -> None:
        connection.sendall(f"{greeting}\r\n".encode())
        with connection.makefile("rb") as lines:
            for line in lines:
                answer = TAKEN if line == b".\r\n" else answers.get(line[:4].upper())
                if answer:
                    connection.sendall(f"{answer}\r\n".encode())

    return behave


def _plain(port: int, **others: Any) -> Mail:
    server = MailServer(
        host="127.0.0.1", port=port, security=Security.NONE, sender="inlet@example.org"
    )
    return Mail(target="receipts", to=TO, server=server, attempt_s=0.5, **others)


def test_a_server_that_takes_a_mail_and_hangs_has_it() -> None:
    with _listening(_session("220 hello")) as port:
        assert _plain(port).send(EVENT) == Reply(status=250)


@pytest.mark.parametrize(
    ("greeting", "at_sender", "status"),
    [("554 nobody", TAKEN, 554), ("220 hello", "530 sign in", 530), ("421 full", TAKEN, 421)],
)
def test_what_is_not_about_the_mail_is_tried_again(
    greeting: str, at_sender: str, status: int
) -> None:
    with _listening(_session(greeting, at_sender)) as port:
        reply = _plain(port).send(EVENT)
    assert (reply.status, reply.final) == (status, False)


def test_a_server_may_be_anywhere_and_is_connected_to_as_receivers_are() -> None:
    with _listening(_session("220 hello")) as port:
        assert _plain(port, guard=Guard()).send(EVENT) == Reply(reason=Failure.ADDRESS)
        assert _plain(port).send(EVENT) == Reply(status=250)


@pytest.mark.parametrize(
    ("behave", "reason"),
    [
        (_drips, Failure.TIMEOUT),
        (lambda connection: connection.recv(1 << 20), Failure.TIMEOUT),
        (_hangs_up, Failure.UNREACHABLE),
        (lambda _: None, Failure.UNREACHABLE),
    ],
)
def test_a_server_that_does_not_answer_is_tried_again(
    behave: Callable[[socket.socket], None], reason: Failure
) -> None:
    with _listening(behave) as port:
        assert _plain(port).send(EVENT) == Reply(reason=reason)


def test_a_mail_is_seven_bit_whatever_it_says() -> None:
    event = replace(EVENT, data={"facility": "a", "reason": "größer"})
    mail = composed(event, "t", "inlet@example.org", TO)
    assert mail.as_bytes().isascii()
    assert "größer" in next(mail.iter_parts()).get_content()


def test_a_mail_is_the_same_each_time_and_another_for_another_target() -> None:
    def ids(event: PublicEvent, target: str) -> str:
        return str(composed(event, target, "inlet@example.org", TO)["Message-ID"])

    assert ids(EVENT, "a") == ids(EVENT, "a")
    assert len({ids(EVENT, "a"), ids(EVENT, "b"), ids(event_of(an_outcome()), "a")}) == 3
    assert ids(EVENT, "a").endswith("@example.org>")


def test_a_receipt_s_mail_tells_its_numbers_in_plain_words() -> None:
    mail = composed(a_receipt_event(), "receipts", "inlet@example.org", TO)
    plain, html = (part.get_content() for part in mail.iter_parts())
    assert "    121  archived" in plain
    assert "<td>121</td><td>archived</td>" in html
    assert "gs://demo-receipts/demo-hospital/" in plain


@pytest.mark.parametrize("kind", OutcomeKind)
def test_no_identity_is_in_a_mail(kind: OutcomeKind) -> None:
    mail = composed(event_of(an_outcome(kind)), "t", "inlet@example.org", TO)
    assert "PLANTED" not in mail.as_string().upper()
    uids = ("1.2.3.4.5", "1.2.3")
    assert not any(uid in mail["Subject"] for uid in uids)


def test_what_an_event_says_can_make_no_header_and_no_markup() -> None:
    event = PublicEvent(
        event_id="1",
        type="dicom.x\r\nBcc: someone@example.org.v1",
        source="/inlet/ingest",
        time=EVENT.time,
        data={"facility": "a\r\nBcc: someone@example.org", "reason": "<script>x</script>"},
    )
    with pytest.raises(ValueError, match="linefeed"):
        composed(event, "t", "inlet@example.org", TO)
    event = PublicEvent(
        event_id="1",
        type="dicom.object.quarantined.v1",
        source="/inlet/ingest",
        time=EVENT.time,
        data={"facility": "a", "reason": "<script>x</script>"},
    )
    mail = composed(event, "t", "inlet@example.org", TO)
    _, html = (part.get_content() for part in mail.iter_parts())
    assert "<script>" not in html
