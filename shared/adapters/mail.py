"""Mail of an event: plain text and simple HTML, handed to the deployment's own server.

What the server answers decides: 4yz may be taken later, 5yz never (RFC 5321 Section 4.2.1), where
it is about the mail or whom it is for; what is about us, somebody has to set right. The server is
the operator's choice, so it may have any address.
"""

import contextlib
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
from ipaddress import ip_network
from typing import Final

from shared.adapters.deadline import Deadline
from shared.adapters.guarded_connection import Guard
from shared.adapters.https_post import failure_of, public_authorities
from shared.contracts.event import PublicEvent
from shared.contracts.mail_server import MailServer, Security
from shared.contracts.notice import Notice
from shared.contracts.targets import Failure
from shared.ports import Reply

ATTEMPT_S: Final = 30.0
ANYWHERE: Final = Guard((ip_network("0.0.0.0/0"), ip_network("::/0")))
Refused = Mapping[str, tuple[int, bytes]]  # by address
_PERMANENT: Final = 5  # the class of the reply
_ACCEPTED: Final = 250
_POLICY: Final = SMTP.clone(cte_type="7bit")  # not every server takes more, RFC 6152
_ABOUT_THE_MAIL: Final = (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """Mails events to some addresses, in the name of one target."""

    target: str
    to: Sequence[str]
    server: MailServer
    attempt_s: float = ATTEMPT_S
    guard: Guard = ANYWHERE
    trust: Callable[[], ssl.SSLContext] = field(default=public_authorities)

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
        """Return who of several is refused once the others have it, however the server parts."""
        server = self.server
        with contextlib.closing(_Session(self, deadline)) as session:
            try:
                if server.security is Security.STARTTLS:
                    session.starttls(context=self.trust())
                if server.user:
                    session.login(server.user, server.password)
                return session.send_message(message)
            finally:
                with contextlib.suppress(OSError):
                    session.quit()


class _Session(smtplib.SMTP):
    """A session over a connection that ends with the deadline, wrapped where TLS is implicit."""

    def __init__(self, mail: Mail, deadline: Deadline) -> None:
        self._mail = mail
        self._deadline = deadline
        super().__init__(mail.server.host, mail.server.port)

    def _get_socket(self, host: str, port: int, _: float) -> socket.socket:
        raw = self._mail.guard.connect(host, port, self._deadline)
        if self._mail.server.security is not Security.TLS:
            return raw
        return self._mail.trust().wrap_socket(raw, server_hostname=host)


def composed(
    event: PublicEvent, target: str, sender: str, recipients: Sequence[str]
) -> EmailMessage:
    """Return the mail of an event; its Message-ID and its date are the event's each time.

    A mail that is sent twice is one to whoever reads it: mailboxes know a mail by that id.
    """
    notice = Notice.of(event)
    message = EmailMessage(policy=_POLICY)
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
        final = isinstance(error, _ABOUT_THE_MAIL)
        return Reply(status=status, reason=Failure.REFUSED, final=final)
    return Reply(status=status, reason=Failure.BUSY)
