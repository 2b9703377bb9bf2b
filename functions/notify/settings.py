"""The settings of `notify`."""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from shared.contracts.facilities import Facilities
from shared.contracts.mail_server import PORTS, MailServer, Security
from shared.contracts.target_secrets import TargetSecrets
from shared.contracts.targets import LOOPBACK, TargetKind, Targets
from shared.contracts.uid_mask import UidMask
from shared.runtime.environment import Environment, Network

_THREE_DAYS_S: Final = 259_200
_SECRETS: Final = "INLET_TARGET_SECRETS_FILE"
_NETWORKS: Final = "INLET_RECEIVER_NETWORKS"
_HERE: Final = (ip_address("127.0.0.1"), ip_address("::1"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `notify` is told by its environment."""

    project: str
    events_topic: str
    dataset: str
    mask: UidMask
    targets: Targets
    secrets: TargetSecrets = field(repr=False)
    give_up_after: timedelta
    networks: tuple[Network, ...]
    mail_server: MailServer

    @classmethod
    def from_env(cls, env: Environment) -> "Settings":
        """Read the settings.

        Raises:
            SettingsError: names every variable that is missing or wrong.
        """
        facilities = env.document("INLET_FACILITIES_FILE", Facilities.from_data, Facilities({}))
        key = env.optional_secret("INLET_EVENT_KEY_FILE")
        targets = env.document(
            "INLET_TARGETS_FILE",
            partial(Targets.from_data, facilities=facilities),
            Targets({}),
        )
        secrets = env.document(
            _SECRETS,
            partial(TargetSecrets.from_data, targets=targets),
            TargetSecrets(),
            when_unset={},
        )
        networks = env.networks(_NETWORKS)
        settings = cls(
            project=env.text("GOOGLE_CLOUD_PROJECT"),
            events_topic=env.text("INLET_EVENTS_TOPIC"),
            dataset=env.text("INLET_DATASET"),
            mask=env.made(partial(UidMask.of, facilities, key), UidMask()),
            targets=targets,
            secrets=secrets,
            give_up_after=timedelta(seconds=env.integer("INLET_GIVE_UP_AFTER_S", _THREE_DAYS_S)),
            networks=networks,
            mail_server=_mail_server(env, secrets.smtp_password),
        )
        settings._check_mails(env)
        settings._check_plain_text(env)
        env.check()
        return settings

    def _check_mails(self, env: Environment) -> None:
        """Note what is missing for mails, where any are to be sent."""
        if any(target.kind is TargetKind.EMAIL for target in self.targets):
            if not self.mail_server.host:
                env.problem("INLET_SMTP_HOST", "is not set, and mails are to be sent")
            if not self.mail_server.sender:
                env.problem("INLET_SMTP_FROM", "is not set, and mails are to be sent")
            if self.mail_server.user and not self.mail_server.password:
                env.problem(_SECRETS, "has no password `smtp` for who signs in")

    def _check_plain_text(self, env: Environment) -> None:
        """Note whoever would be told in plain text, but for this machine where that is allowed."""
        allowed = any(address in network for address in _HERE for network in self.networks)
        for target in self.targets:
            address = target.url or self.secrets.addresses.get(target.name, "")
            if urlsplit(address).scheme == "http" and not allowed:
                env.problem(_NETWORKS, f"does not allow the plain http of {target.name}")
        local = allowed and self.mail_server.host in LOOPBACK
        if self.mail_server.security is Security.NONE and not local:
            env.problem("INLET_SMTP_SECURITY", "is none, which is for this machine alone")


def _mail_server(env: Environment, password: str) -> MailServer:
    security = env.choice("INLET_SMTP_SECURITY", Security.STARTTLS)
    return MailServer(
        host=env.optional("INLET_SMTP_HOST") or "",
        port=env.integer("INLET_SMTP_PORT", PORTS[security]),
        security=security,
        sender=env.mailbox("INLET_SMTP_FROM"),
        user=env.optional("INLET_SMTP_USER") or "",
        password=password,
    )
