"""What the supervisor writes down about itself, and what others read from it."""

import fcntl
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO

from infra.local.endpoints import Endpoints
from infra.local.layout import Layout, write_json


class Phase(StrEnum):
    """How far a local cloud is."""

    STARTING = "starting"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildState:
    """One child as the supervisor sees it."""

    name: str
    pid: int
    born: str
    ports: tuple[int, ...]
    ready: bool
    restarts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A local cloud as its supervisor sees it."""

    phase: Phase
    step: str
    pid: int
    born: str
    endpoints: Endpoints
    settings: Mapping[str, str] = field(default_factory=dict)
    targets: str = ""  # the file of targets, when it is not the cloud's own
    children: tuple[ChildState, ...] = ()

    @property
    def targets_file(self) -> Path | None:
        """The file of targets, None for the cloud's own."""
        return Path(self.targets) if self.targets else None

    def recorded(self) -> dict[int, str]:
        """Every process id with its start time."""
        return {item.pid: item.born for item in self.children}


def write_state(layout: Layout, state: State) -> None:
    """Replace what is known about a cloud."""
    write_json(layout.state, asdict(state))


def read_state(layout: Layout) -> State | None:
    """What is known about a cloud, None when nothing or nothing readable is."""
    try:
        data = json.loads(layout.state.read_text(encoding="utf-8"))
        children = tuple(
            ChildState(**{**item, "ports": tuple(item["ports"])}) for item in data.pop("children")
        )
        endpoints = Endpoints.from_data(data.pop("endpoints"))
        phase = Phase(data.pop("phase"))
        return State(**data, phase=phase, endpoints=endpoints, children=children)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def take_lock(layout: Layout) -> IO[str] | None:
    """The lock of a cloud's supervisor, None while another process holds it."""
    layout.root.mkdir(parents=True, exist_ok=True)
    file = layout.lock.open("a", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def is_running(layout: Layout) -> bool:
    """Whether a supervisor holds the lock."""
    if not layout.lock.exists():
        return False
    lock = take_lock(layout)
    if lock:
        lock.close()
    return lock is None
