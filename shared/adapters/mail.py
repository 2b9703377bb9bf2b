"""Mail of an event: plain text and simple HTML, handed to the deployment's own server.

What the server answers decides: 4yz may be taken later, 5yz never (RFC 5321 Section 4.2.1). The
server is the operator's choice, so its address is not guarded as receivers' are.
"""

import hashlib
import smtplib
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from typing import Final

from shared.adapters.deadline import Deadline
from shared.adapters.https_post import failure_of
from shared.contracts.event import PublicEvent
from shared.contracts.mail_server import MailServer, Security
from shared.contracts.notice import Notice
from shared.contracts.targets import Failure
from shared.ports import Reply

ATTEMPT_S: Final = 30.0
Refused = Mapping[str, tuple[int, bytes]]  # by address
_PERMANENT: Final = 5  # the class of the reply
_ACCEPTED: Final = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """Mails events to some addresses, in the name of one target."""

    target: str
    to: Sequence[str]
    server: MailServer
    attempt_s: float = ATTEMPT_S
    trust: Callable[[], ssl.SSLContext] = field(default=ssl.create_default_context)

    def send(self, event: PublicEvent) -> Reply:
        """Return what the server answered, or why there was no answer."""
        message = composed(event, self.target, self.server.sender, self.to)
        with Deadline(self.attempt_s) as deadline:
            try:
                refused = self._hand_in(message, deadline)
            except smtplib.SMTPException as error:
                status = _status(error)
                if status is None and deadline.passed:
                    return Reply(reason=Failure.TIMEOUT)
                return _reply(error, status)
            except (OSError, ValueError) as error:
                return Reply(reason=Failure.TIMEOUT if deadline.passed else failure_of(error))
        return Reply(status=_least(refused) if refused else _ACCEPTED)

    def _hand_in(self, message: EmailMessage, deadline: Deadline) -> Refused:
        """Return who of several is refused once the others have it."""
        server = self.server
        with _Session(server, self.trust, deadline) as session:
            if server.security is Security.STARTTLS:
                session.starttls(context=self.trust())
            if server.user:
                session.login(server.user, server.password)
            return session.send_message(message)


class _Session(smtplib.SMTP):
    """A session over a connection that ends with the deadline, wrapped where TLS is implicit."""

    def __init__(
        self, server: MailServer, trust: Callable[[], ssl.SSLContext], deadline: Deadline
    ) -> None:
        self._server = server
        self._trust = trust
        self._deadline = deadline
        super().__init__(server.host, server.port, timeout=deadline.left_s())

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        raw = socket.create_connection((host, port), timeout)
        self._deadline.watch(raw)
        if self._server.security is not Security.TLS:
            return raw
        return self._trust().wrap_socket(raw, server_hostname=host)


def composed(
    event: PublicEvent, target: str, sender: str, recipients: Sequence[str]
) -> EmailMessage:
    """Return the mail of an event; its Message-ID and its date are the event's each time.

    A mail that is sent twice is one to whoever reads it: mailboxes know a mail by that id.
    """
    notice = Notice.of(event)
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(sender)
    message["To"] = [_address(each) for each in recipients]
    message["Subject"] = f"Inlet: {notice.title}"
    message["Date"] = event.time
    message["Message-ID"] = f"<{_message_id(event, target)}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence answers it
    message.set_content(_plain(notice))
    message.add_alternative(_html(notice), subtype="html")
    return message


def _message_id(event: PublicEvent, target: str) -> str:
    return hashlib.sha256(f"{event.event_id}\n{target}".encode()).hexdigest()[:40]


def _address(mailbox: str) -> Address:
    return Address(addr_spec=mailbox)


def _plain(notice: Notice) -> str:
    facts = [f"{name}: {value}" for name, value in notice.facts]
    tallies = [
        f"{files:>7}  {outcome:<12} {why}".rstrip() for files, outcome, why in notice.tallies
    ]
    blocks = [[notice.says], tallies, facts]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _html(notice: Notice) -> str:
    return (
        f"<!doctype html><html><body><h1>{escape(notice.title)}</h1><p>{escape(notice.says)}</p>"
        f"{_table(notice.tallies)}{_table(notice.facts)}</body></html>\n"
    )


def _table(rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _status(error: smtplib.SMTPException) -> int | None:
    """Return the reply that an error tells of; of refused recipients, the mildest."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _least(error.recipients)
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else None


def _least(refused: Refused) -> int:
    return min(status for status, _ in refused.values())


def _reply(error: smtplib.SMTPException, status: int | None) -> Reply:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return Reply(status=status, reason=Failure.LOGIN)
    if status is None:
        return Reply(reason=Failure.UNREACHABLE)
    if status // 100 == _PERMANENT:
        return Reply(status=status, reason=Failure.REFUSED, final=True)
    return Reply(status=status, reason=Failure.BUSY)
