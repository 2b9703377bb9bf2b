"""The loopback addresses of one local cloud, and the environment that leads clients there."""

import random
import socket
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Self

from infra.local.overrides import Profile

HOST = "127.0.0.1"

# Below the range from which systems take the ports of outgoing connections, so that a server that
# comes back finds its port still free.
_FIRST, _LAST = 20000, 30000


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """The ports of the three servers and of every function."""

    storage: int
    pubsub: int
    bigquery: int
    bigquery_storage: int
    functions: Mapping[str, int]

    @classmethod
    def choose(cls, stages: Mapping[str, object]) -> Self:
        """Free ports for a new cloud."""
        free = free_ports()
        return cls(
            storage=next(free),
            pubsub=next(free),
            bigquery=next(free),
            bigquery_storage=next(free),
            functions={stage: next(free) for stage in stages},
        )

    @classmethod
    def from_data(cls, data: Mapping[str, object]) -> Self:
        """The ports a supervisor wrote down."""
        return cls(**data)  # type: ignore[arg-type]

    def to_data(self) -> dict[str, object]:
        """The ports as a JSON object."""
        return asdict(self)

    def clients(self, profile: Profile) -> dict[str, str]:
        """The variables that lead Google's client libraries to this cloud."""
        return {
            "GOOGLE_CLOUD_PROJECT": profile.project,
            "STORAGE_EMULATOR_HOST": f"http://{HOST}:{self.storage}",
            "PUBSUB_EMULATOR_HOST": f"{HOST}:{self.pubsub}",
            "BIGQUERY_EMULATOR_HOST": f"http://{HOST}:{self.bigquery}",
            "BIGQUERY_STORAGE_EMULATOR_HOST": f"{HOST}:{self.bigquery_storage}",
        }


def free_ports() -> Iterator[int]:
    """Ports nobody listens on, from a random place on so that two clouds rarely compete."""
    # Not from `random` itself: who seeds that would begin everywhere at the same place.
    start = random.SystemRandom().randrange(_FIRST, _LAST)
    for step in range(_LAST - _FIRST):
        port = _FIRST + (start - _FIRST + step) % (_LAST - _FIRST)
        if is_free(port):
            yield port


def is_free(port: int) -> bool:
    """Whether a server could listen on a port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
