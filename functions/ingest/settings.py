"""The settings of `ingest`."""

from dataclasses import dataclass

from shared.contracts.facilities import Facilities
from shared.runtime.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `ingest` is told by its environment."""

    project: str
    archive: str
    quarantine: str
    uploads_topic: str
    outcomes_topic: str
    facilities: Facilities

    @classmethod
    def from_env(cls, env: Environment) -> "Settings":
        """Read the settings.

        Raises:
            SettingsError: names every variable that is missing or wrong.
        """
        settings = cls(
            project=env.text("GOOGLE_CLOUD_PROJECT"),
            archive=env.text("INLET_ARCHIVE"),
            quarantine=env.text("INLET_QUARANTINE"),
            uploads_topic=env.text("INLET_UPLOADS_TOPIC"),
            outcomes_topic=env.text("INLET_OUTCOMES_TOPIC"),
            facilities=env.document("INLET_FACILITIES_FILE", Facilities.from_data, Facilities({})),
        )
        env.check()
        return settings
