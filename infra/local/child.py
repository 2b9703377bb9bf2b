"""A program kept running: started again when it ends, until it is told to stop."""

import asyncio
import logging
import os
import signal
import sys
import time
from asyncio.subprocess import STDOUT, Process
from collections.abc import Awaitable, Callable
from pathlib import Path

from infra.local.endpoints import is_free
from infra.local.layout import Layout
from infra.local.processes import birth, signal_group
from infra.local.program import Program, answers, ticks

log = logging.getLogger("supervisor")

SETTLED_S = 10.0
_GRACE_S = 1.0
_LEASH = Path(__file__).with_name("leash.py")


def restart_delay(quick_deaths: int) -> float:
    """Seconds before the next start: none at first, longer for what keeps dying young."""
    return 0.0 if quick_deaths <= 1 else min(5.0, 0.2 * 2 ** (quick_deaths - 2))


class Child:
    """One program and the process that runs it now."""

    def __init__(
        self, program: Program, layout: Layout, changed: Callable[["Child"], None]
    ) -> None:
        self.program = program
        self.pid = 0
        self.born = ""
        self.restarts = 0
        self.quick_deaths = 0
        self.ready = asyncio.Event()
        self._layout = layout
        self._changed = changed
        self._stopping = False

    async def keep(self, returned: Callable[["Child"], Awaitable[None]]) -> None:
        """Run the program until `stop`; call back each time it is ready again."""
        while not self._stopping:
            process = await self._spawn()
            began = time.monotonic()
            watch = asyncio.create_task(self._await_ready(returned))
            code = await process.wait()
            watch.cancel()
            signal_group(process.pid, signal.SIGKILL)
            if not self._stopping:
                await self._mourn(code, time.monotonic() - began)

    async def stop(self) -> None:
        """The program has ended, politely if it can."""
        self._stopping = True
        signal_group(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_S
        async for now in ticks():
            if birth(self.pid) != self.born or now > deadline:
                break
        signal_group(self.pid, signal.SIGKILL)

    async def _spawn(self) -> Process:
        await self._await_ports()
        program = self.program
        with self._layout.log(program.name).open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(_LEASH), str(os.getpid()), *program.argv),
                cwd=program.folder,
                env=program.full_environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=STDOUT,
                start_new_session=True,
            )
        self.pid, self.born = process.pid, birth(process.pid)
        self._changed(self)
        return process

    async def _await_ports(self) -> None:
        async for _ in ticks():
            if all(map(is_free, self.program.ports)):
                break

    async def _await_ready(self, returned: Callable[["Child"], Awaitable[None]]) -> None:
        async for _ in ticks():
            if await answers(self.program):
                break
        if self.restarts:
            await returned(self)
        self.ready.set()
        self._changed(self)

    async def _mourn(self, code: int, lived_s: float) -> None:
        self.ready.clear()
        self.restarts += 1
        self.quick_deaths = self.quick_deaths + 1 if lived_s < SETTLED_S else 0
        log.warning(
            "%s ended with %s after %.1f s; starting it again", self.program.name, code, lived_s
        )
        self._changed(self)
        await asyncio.sleep(restart_delay(self.quick_deaths))
