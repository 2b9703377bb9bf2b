"""The settings of `deidentify`."""

from dataclasses import dataclass, field

from shared.contracts.facilities import Facilities
from shared.dicom.deidentification.pseudonyms import MINIMUM_SECRET_BYTES
from shared.runtime.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `deidentify` is told by its environment."""

    project: str
    research: str
    research_project: str
    outcomes_topic: str
    facilities: Facilities
    pseudonym_secret: bytes = field(repr=False)

    @classmethod
    def from_env(cls, env: Environment) -> "Settings":
        """Read the settings.

        Raises:
            SettingsError: names every variable that is missing or wrong.
        """
        settings = cls(
            project=env.text("GOOGLE_CLOUD_PROJECT"),
            research=env.text("INLET_RESEARCH"),
            research_project=env.text("INLET_RESEARCH_PROJECT"),
            outcomes_topic=env.text("INLET_OUTCOMES_TOPIC"),
            facilities=env.facilities("INLET_FACILITIES_FILE"),
            pseudonym_secret=env.secret("INLET_PSEUDONYM_KEY_FILE", MINIMUM_SECRET_BYTES),
        )
        env.check()
        return settings
