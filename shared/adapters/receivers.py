"""The receiver behind each kind of target."""

from dataclasses import dataclass

from shared.adapters.chat import Chat
from shared.adapters.guarded_connection import Guard, Network
from shared.adapters.https_post import Poster
from shared.adapters.mail import Mail
from shared.adapters.standard_webhook import StandardWebhook
from shared.contracts.mail_server import MailServer
from shared.contracts.target_secrets import TargetSecrets
from shared.contracts.targets import Target, TargetKind
from shared.ports import Clock, Receiver


@dataclass(frozen=True, slots=True)
class Receivers:
    """What is needed to reach targets."""

    secrets: TargetSecrets
    networks: tuple[Network, ...]
    mail_server: MailServer
    clock: Clock

    def __call__(self, target: Target) -> Receiver:
        """Return who receives what a target is told."""
        poster = Poster(self.clock, Guard(self.networks))
        match target.kind:
            case TargetKind.WEBHOOK:
                return StandardWebhook(target.url, self.secrets.signing[target.name], poster)
            case TargetKind.CHAT:
                return Chat(self.secrets.addresses[target.name], poster)
            case TargetKind.EMAIL:
                return Mail(target=target.name, to=target.to, server=self.mail_server)
