"""What the supervisor starts: a command, where it runs, and how it shows that it is ready."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from infra.local.endpoints import HOST

# Variables that would lead a child elsewhere than its own environment says.
_FOREIGN = ("PYTHONPATH", "PYTHONHOME", "GOOGLE_APPLICATION_CREDENTIALS", "K_SERVICE", "PORT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A server or a function of the local cloud."""

    name: str
    argv: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    ports: tuple[int, ...]
    health: str = ""
    stateful: bool = False

    def full_environment(self) -> dict[str, str]:
        """The variables of the child: this process's own, less what misleads, and the program's."""
        inherited = {key: value for key, value in os.environ.items() if key not in _FOREIGN}
        return {**inherited, "PYTHONUNBUFFERED": "1", **self.environment}


async def ticks(every_s: float = 0.03) -> AsyncIterator[float]:
    """The time, at once and then at an interval: the beat of every wait for something outside."""
    while True:
        yield time.monotonic()
        await asyncio.sleep(every_s)


async def answers(program: Program) -> bool:
    """Whether every port accepts connections and the health path, if any, answers 200."""
    for port in program.ports:
        if not await _accepts(port):
            return False
    if not program.health:
        return True
    return await get_status(program.ports[0], "GET", program.health) == HTTPStatus.OK


async def _accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True


async def get_status(port: int, method: str, path: str, timeout_s: float = 5) -> int:
    """The status of a bodiless request, 0 when there was no answer."""
    request = f"{method} {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nContent-Length: 0\r\n"
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                writer.write(f"{request}Connection: close\r\n\r\n".encode())
                line = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return 0
    words = line.split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
