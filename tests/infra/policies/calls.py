"""What calls each function over Pub/Sub: what the definition names, and a call for each target."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from infra.data_files import Data, facilities, targets
from infra.definition import Push, load_pipeline
from shared.contracts.facilities import Facilities
from shared.contracts.targets import Target, Targets, subscription_of
from tests.infra.terraform import INFRA

_PUSH_RETENTION_S: Final = 7 * 24 * 60 * 60
WAITING_S: Final = 900
RECEIVER_WAITING_S: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One push subscription: what calls which function, as whom, under which terms."""

    name: str
    stage: str
    push: Push
    identity: str
    filter: str
    path: str = ""
    retention_s: int = _PUSH_RETENTION_S
    waiting_s: int = WAITING_S  # from which people are told

    @property
    def gives_up(self) -> bool:
        """Whether a message is a dead letter in the end."""
        return self.push.max_attempts is not None


def calls(variables: Mapping[str, str | None]) -> Iterator[Call]:
    """Yield every call that a deployment with these variables makes."""
    for function in load_pipeline().functions.values():
        for name, push in function.pushes.items():
            yield Call(
                name=name,
                stage=function.stage,
                push=push,
                identity=f"push-{name}",
                filter=push.filter,
            )
        if function.targets:
            for target in targets_of(variables):
                yield _call_for(function.stage, function.targets, target)


def _call_for(stage: str, push: Push, target: Target) -> Call:
    return Call(
        name=subscription_of(target.name),
        stage=stage,
        push=push,
        identity=f"target-{target.name}",
        filter=target.filter,
        path=f"/targets/{target.name}",
        retention_s=load_pipeline().topics[push.topic].retention_s,
        waiting_s=RECEIVER_WAITING_S,
    )


def targets_of(variables: Mapping[str, str | None]) -> Targets:
    """Return the targets of a deployment."""
    registry = facilities(INFRA / str(variables["facilities_file"]))
    return Targets.from_data(target_data(variables), Facilities.from_data(registry))


def target_data(variables: Mapping[str, str | None]) -> Data:
    """Return them as the file has them; where there is no file, there are none."""
    registry = facilities(INFRA / str(variables["facilities_file"]))
    named = variables["targets_file"]
    return targets(INFRA / named, registry) if named else {}
