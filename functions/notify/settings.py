"""The settings of `notify`."""

import base64
import binascii
from dataclasses import dataclass, field

from shared.runtime.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `notify` is told by its environment; a webhook needs both its settings."""

    project: str
    events_topic: str
    webhook_url: str | None
    webhook_secret: bytes | None = field(repr=False)

    @classmethod
    def from_env(cls, env: Environment) -> "Settings":
        """Read the settings.

        Raises:
            SettingsError: names every variable that is missing or wrong.
        """
        url = env.address("INLET_WEBHOOK_URL")
        secret = env.optional_secret("INLET_WEBHOOK_SECRET_FILE")
        if url and not _is_signing_secret(secret):
            env.problem("INLET_WEBHOOK_SECRET_FILE", "has no secret of the form whsec_<base64>")
        settings = cls(
            project=env.text("GOOGLE_CLOUD_PROJECT"),
            events_topic=env.text("INLET_EVENTS_TOPIC"),
            webhook_url=url,
            webhook_secret=secret,
        )
        env.check()
        return settings


def _is_signing_secret(secret: bytes | None) -> bool:
    """Return whether a secret has the form of Standard Webhooks."""
    scheme, _, key = (secret or b"").partition(b"_")
    try:
        return scheme == b"whsec" and bool(base64.b64decode(key, validate=True))
    except binascii.Error:
        return False
