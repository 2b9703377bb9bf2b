"""The settings of `sweep`."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from functions.sweep.terms import DEFAULT_LIMITS, Limits, Terms
from shared.contracts.facilities import Facilities
from shared.contracts.uid_mask import UidMask
from shared.runtime.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `sweep` is told by its environment."""

    project: str
    uploads_topic: str
    events_topic: str
    dead_letters: str
    dataset: str
    receipts: str
    facilities: Facilities
    mask: UidMask
    terms: Terms

    @classmethod
    def from_env(cls, env: Environment) -> "Settings":
        """Read the settings.

        Raises:
            SettingsError: names every variable that is missing or wrong.
        """
        facilities = env.document("INLET_FACILITIES_FILE", Facilities.from_data, Facilities({}))
        key = env.optional_secret("INLET_EVENT_KEY_FILE")
        settings = cls(
            project=env.text("GOOGLE_CLOUD_PROJECT"),
            uploads_topic=env.text("INLET_UPLOADS_TOPIC"),
            events_topic=env.text("INLET_EVENTS_TOPIC"),
            dead_letters=env.text("INLET_DEAD_LETTERS"),
            dataset=env.text("INLET_DATASET"),
            receipts=env.text("INLET_RECEIPTS"),
            facilities=facilities,
            mask=env.made(partial(UidMask.of, facilities, key), UidMask()),
            terms=Terms(
                inbox=env.text("INLET_INBOX"),
                archive=env.text("INLET_ARCHIVE"),
                quarantine=env.text("INLET_QUARANTINE"),
                limits=_limits(env),
            ),
        )
        env.check()
        return settings


def _limits(env: Environment) -> Limits:
    default = DEFAULT_LIMITS
    return Limits(
        stuck_after=_seconds(env, "INLET_STUCK_AFTER_S", default.stuck_after),
        interval=_seconds(env, "INLET_SWEEP_EVERY_S", default.interval),
        ask_every=_seconds(env, "INLET_ASK_EVERY_S", default.ask_every),
        compare_every=_seconds(env, "INLET_COMPARE_EVERY_S", default.compare_every),
        budget=_seconds(env, "INLET_SWEEP_BUDGET_S", default.budget),
        max_announced=env.integer("INLET_MAX_ANNOUNCED", default.max_announced),
        max_compared=env.integer("INLET_MAX_COMPARED", default.max_compared),
        max_dead_letters=env.integer("INLET_MAX_DEAD_LETTERS", default.max_dead_letters),
        max_findings=env.integer("INLET_MAX_FINDINGS", default.max_findings),
        max_study_changes=env.integer("INLET_MAX_STUDY_CHANGES", default.max_study_changes),
    )


def _seconds(env: Environment, name: str, default: timedelta) -> timedelta:
    return timedelta(seconds=env.integer(name, round(default.total_seconds())))
