"""What `ingest` and `deidentify` tell of real files, on memory twins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

from shared.contracts.message import Message
from tests.score.bases import CORPUS, SHIPPED, real_paths
from tests.simulation.world import World

FACILITIES: Final = ("demo-hospital", "demo-clinic")
_BETWEEN_UPLOADS: Final = timedelta(minutes=7)  # so that a few hundred take some days


def files() -> Iterator[Path]:
    """Every real file at hand: of the corpus, where one is laid, and of pydicom."""
    return real_paths(*(folder for folder in (CORPUS, SHIPPED) if folder.is_dir()))


def named(paths: Iterable[Path]) -> dict[str, Path]:
    """The files by their names in the inbox; the facilities send in turns."""
    return {
        f"{FACILITIES[number % len(FACILITIES)]}/{number:04}/{path.name}": path
        for number, path in enumerate(paths)
    }


def ingested(uploads: Mapping[str, Path], seed: int = 0) -> World:
    """All files landed and were decided; what `index` is to be told is in the topics."""
    world = World(seed=seed)
    world.handlers["index"] = _leave
    for name, path in uploads.items():
        world.clock.time += _BETWEEN_UPLOADS
        world.land(name, path.read_bytes())
    return world.run()


def _leave(_message: Message) -> None:
    """Somebody else delivers this one."""
