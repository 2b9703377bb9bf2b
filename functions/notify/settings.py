"""The settings of `notify`."""

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
        settings = cls(
            project=env.text("GOOGLE_CLOUD_PROJECT"),
            events_topic=env.text("INLET_EVENTS_TOPIC"),
            webhook_url=env.optional("INLET_WEBHOOK_URL"),
            webhook_secret=env.optional_secret("INLET_WEBHOOK_SECRET_FILE"),
        )
        env.check()
        return settings
