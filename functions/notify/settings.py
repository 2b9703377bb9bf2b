"""The settings of `notify`."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.runtime.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `notify` is told by its environment; without an address there is no webhook."""

    project: str
    events_topic: str
    webhook_url: str | None
    webhook_secret: bytes

    @classmethod
    def from_env(cls, variables: Mapping[str, str]) -> "Settings":
        """Read the settings.

        Raises:
            SettingsError: names every variable that is missing or wrong.
        """
        env = Environment(variables)
        webhook_url = env.optional("INLET_WEBHOOK_URL")
        settings = cls(
            project=env.text("GOOGLE_CLOUD_PROJECT"),
            events_topic=env.text("INLET_EVENTS_TOPIC"),
            webhook_url=webhook_url,
            webhook_secret=env.secret("INLET_WEBHOOK_SECRET_FILE") if webhook_url else b"",
        )
        env.check()
        return settings
