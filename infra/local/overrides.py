"""What the local cloud changes about the pipeline, read from two files beside this one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from infra.definition import Function, Pipeline, Push, Schedule, load_pipeline
from infra.document import Node, read_document, settle

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The project, the facilities and the timings of the local cloud."""

    project: str
    facilities: tuple[str, ...]
    settings: Mapping[str, str]
    min_backoff_s: float
    max_backoff_s: float
    schedules: Mapping[str, float]

    def bucket(self, name: str) -> str:
        """A bucket's full name."""
        return f"{self.project}-{name}"


def load_profile(settings: Mapping[str, str] | None = None) -> Profile:
    """The profile of the files, with some settings replaced."""
    overrides, facilities = (
        read_document(_HERE / "overrides.yaml"),
        read_document(_HERE / "facilities.yaml"),
    )
    names = tuple(_facility(name, node) for name, node in facilities.entries())
    settle("facilities.yaml", facilities)
    profile = _profile(overrides, names)
    settle("overrides.yaml", overrides)
    return replace(profile, settings={**profile.settings, **(settings or {})})


def local_pipeline(profile: Profile) -> Pipeline:
    """The pipeline with the profile's timings."""
    pipeline = load_pipeline()
    functions = {name: _local(item, profile) for name, item in pipeline.functions.items()}
    return replace(pipeline, functions=functions)


def _facility(name: str, node: Node) -> str:
    node.only("description")
    node.text("description")
    return name


def _profile(node: Node, facilities: tuple[str, ...]) -> Profile:
    node.only("project", "settings", "delivery", "schedules")
    delivery, schedules = node.child("delivery"), node.child("schedules")
    delivery.only("min_backoff_s", "max_backoff_s")
    return Profile(
        project=node.text("project"),
        facilities=facilities,
        settings=node.child("settings").scalars(),
        min_backoff_s=delivery.number("min_backoff_s"),
        max_backoff_s=delivery.number("max_backoff_s"),
        schedules={stage: schedules.number(stage) for stage in schedules.scalars()},
    )


def _local(function: Function, profile: Profile) -> Function:
    trigger = function.trigger
    if isinstance(trigger, Schedule):
        every = profile.schedules.get(function.stage, trigger.every_s)
        return replace(function, trigger=replace(trigger, every_s=every))
    also = _hurried(function.also, profile) if function.also else None
    return replace(function, trigger=_hurried(trigger, profile), also=also)


def _hurried(trigger: Push, profile: Profile) -> Push:
    return replace(
        trigger, min_backoff_s=profile.min_backoff_s, max_backoff_s=profile.max_backoff_s
    )
