"""The settings of `sweep`."""

from dataclasses import dataclass
from datetime import timedelta

from shared.runtime.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `sweep` is told by its environment."""

    project: str
    inbox: str
    quarantine: str
    uploads_topic: str
    stuck_after: timedelta
    interval: timedelta
    max_redriven: int

    @classmethod
    def from_env(cls, env: Environment) -> "Settings":
        """Read the settings.

        Raises:
            SettingsError: names every variable that is missing or wrong.
        """
        settings = cls(
            project=env.text("GOOGLE_CLOUD_PROJECT"),
            inbox=env.text("INLET_INBOX"),
            quarantine=env.text("INLET_QUARANTINE"),
            uploads_topic=env.text("INLET_UPLOADS_TOPIC"),
            stuck_after=timedelta(seconds=env.integer("INLET_STUCK_AFTER_S", 15 * 60)),
            interval=timedelta(seconds=env.integer("INLET_SWEEP_EVERY_S", 300)),
            max_redriven=env.integer("INLET_MAX_REDRIVEN", 10_000),
        )
        env.check()
        return settings
