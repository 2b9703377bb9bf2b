"""The settings of `deidentify`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from shared.contracts.facilities import NO_COPIES, Facilities
from shared.dicom.deidentification.profile import Profile, profiles_of
from shared.dicom.deidentification.pseudonyms import PseudonymKey
from shared.dicom.keyed import MINIMUM_SECRET_BYTES
from shared.runtime.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `deidentify` is told by its environment."""

    project: str
    research: str
    research_project: str
    outcomes_topic: str
    facilities: Facilities
    profiles: Mapping[str, Profile]  # by facility; who wants no research copies is not in it
    pseudonym_secret: bytes = field(repr=False)

    @property
    def key(self) -> PseudonymKey:
        """What makes the pseudonyms."""
        return PseudonymKey(self.pseudonym_secret, self.research_project)

    @classmethod
    def from_env(cls, env: Environment) -> "Settings":
        """Read the settings.

        Raises:
            SettingsError: names every variable that is missing or wrong.
        """
        facilities, profiles = profiles_by_facility(env)
        settings = cls(
            project=env.text("GOOGLE_CLOUD_PROJECT"),
            research=env.text("INLET_RESEARCH"),
            research_project=env.text("INLET_RESEARCH_PROJECT"),
            outcomes_topic=env.text("INLET_OUTCOMES_TOPIC"),
            facilities=facilities,
            profiles=profiles,
            pseudonym_secret=env.secret("INLET_PSEUDONYM_KEY_FILE", MINIMUM_SECRET_BYTES),
        )
        env.check()
        return settings


def profiles_by_facility(env: Environment) -> tuple[Facilities, Mapping[str, Profile]]:
    """Return the registry, and the profile of each facility that wants research copies.

    Problems are noted in the environment.
    """
    facilities = env.document("INLET_FACILITIES_FILE", Facilities.from_data, Facilities({}))
    profiles = env.document("INLET_PROFILES_FILE", profiles_of, dict[str, Profile]())
    for problem in _unknown(facilities, profiles):
        env.problem("INLET_FACILITIES_FILE", problem)
    return facilities, {
        facility.name: profiles[facility.deidentification]
        for facility in facilities
        if facility.deidentification in profiles
    }


def _unknown(facilities: Facilities, profiles: Mapping[str, Profile]) -> Iterator[str]:
    for facility in facilities:
        if profiles and facility.deidentification not in {NO_COPIES, *profiles}:
            yield f"{facility.name}.deidentification names no profile"
