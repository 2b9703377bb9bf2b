"""What of the targets must stay secret: signing secrets, chats' addresses, a password."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from shared.contracts.fields import Fields
from shared.contracts.targets import SMTP, TargetKind, Targets, is_address

_LIVE: Final = (1, 2)  # how many secrets sign at a time: while one replaces the other, both


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSecrets:
    """Secrets by the names of their targets."""

    signing: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    addresses: Mapping[str, str] = field(default_factory=dict, repr=False)
    smtp_password: str = field(default="", repr=False)

    @classmethod
    def from_data(cls, data: object, targets: Targets) -> "TargetSecrets":
        """Read the secrets of these targets; what else stands there is ignored.

        Raises:
            ContractError: names everything that is missing or has not its form, and quotes none.
        """
        document = Fields("target-secrets", data)
        by_kind: dict[TargetKind, list[str]] = {kind: [] for kind in TargetKind}
        for target in targets:
            by_kind[target.kind].append(target.name)
        secrets = cls(
            signing={name: document.texts(name) for name in by_kind[TargetKind.WEBHOOK]},
            addresses={
                name: document.optional_text(name) or "" for name in by_kind[TargetKind.CHAT]
            },
            smtp_password=document.optional_text(SMTP) or "",
        )
        document.problems += secrets._problems()
        document.check()
        return secrets

    def _problems(self) -> Iterator[str]:
        for name, secrets in self.signing.items():
            if len(secrets) not in _LIVE or not all(map(_is_signing_secret, secrets)):
                yield f"{name} is no list of one or two secrets of the form whsec_<base64>"
        for name, address in self.addresses.items():
            if not is_address(address):
                yield f"{name} is no https address"


def _is_signing_secret(secret: str) -> bool:
    """Return whether a secret has the form of Standard Webhooks."""
    scheme, _, key = secret.partition("_")
    try:
        return scheme == "whsec" and bool(base64.b64decode(key, validate=True))
    except (binascii.Error, ValueError):
        return False
