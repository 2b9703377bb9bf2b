"""What the local cloud changes about the pipeline, read from files beside this one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from infra import data_files
from infra.definition import Function, Pipeline, Push, Schedule, load_pipeline
from infra.document import Node, read_document, settle
from shared.contracts.facilities import Facilities
from shared.contracts.targets import Targets

_HERE = Path(__file__).parent
TARGETS = _HERE / "targets.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The project, the data files and the timings of the local cloud."""

    project: str
    data: Mapping[str, data_files.Data]
    settings: Mapping[str, str]
    min_backoff_s: float
    max_backoff_s: float
    schedules: Mapping[str, float]

    @property
    def targets(self) -> Targets:
        """Whom this cloud tells of events."""
        facilities = Facilities.from_data(self.data["facilities"])
        return Targets.from_data(self.data["targets"], facilities)

    def bucket(self, name: str) -> str:
        """A bucket's full name."""
        return f"{self.project}-{name}"


def load_profile(settings: Mapping[str, str] | None = None, targets: Path | None = None) -> Profile:
    """The profile of the files, with some settings and the file of targets replaced."""
    overrides = read_document(_HERE / "overrides.yaml")
    profile = _profile(overrides, targets or TARGETS)
    settle("overrides.yaml", overrides)
    return replace(profile, settings={**profile.settings, **(settings or {})})


def local_pipeline(profile: Profile) -> Pipeline:
    """The pipeline with the profile's timings."""
    pipeline = load_pipeline()
    functions = {name: _local(item, profile) for name, item in pipeline.functions.items()}
    return replace(pipeline, functions=functions)


def _profile(node: Node, targets: Path) -> Profile:
    node.only("project", "settings", "delivery", "schedules")
    delivery, schedules = node.child("delivery"), node.child("schedules")
    delivery.only("min_backoff_s", "max_backoff_s")
    facilities = data_files.facilities(_HERE / "facilities.yaml")
    return Profile(
        project=node.text("project"),
        data={
            "facilities": facilities,
            "profiles": data_files.profiles(),
            "targets": data_files.targets(targets, facilities),
        },
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
    also = tuple(_hurried(push, profile) for push in function.also)
    targets = _hurried(function.targets, profile) if function.targets else None
    return replace(function, trigger=_hurried(trigger, profile), also=also, targets=targets)


def _hurried(trigger: Push, profile: Profile) -> Push:
    return replace(
        trigger, min_backoff_s=profile.min_backoff_s, max_backoff_s=profile.max_backoff_s
    )
