"""The settings of `index`."""

from dataclasses import dataclass

from shared.runtime.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `index` is told by its environment."""

    project: str
    dataset: str
    research_dataset: str

    @classmethod
    def from_env(cls, env: Environment) -> "Settings":
        """Read the settings.

        Raises:
            SettingsError: names every variable that is missing or wrong.
        """
        settings = cls(
            project=env.text("GOOGLE_CLOUD_PROJECT"),
            dataset=env.text("INLET_DATASET"),
            research_dataset=env.text("INLET_RESEARCH_DATASET"),
        )
        env.check()
        return settings
