"""The process behind a local cloud: starts everything in order, keeps it running, ends it whole."""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

from infra.bundle import BundleError, build_all
from infra.definition import Function, Schedule
from infra.document import DefinitionError
from infra.local.child import Child
from infra.local.endpoints import Endpoints
from infra.local.environment import export_lines
from infra.local.functions import function_program, unpack
from infra.local.layout import ROOT, Layout, write_atomically
from infra.local.overrides import load_profile, local_pipeline
from infra.local.processes import birth, end_leftovers
from infra.local.program import Program, get_status, ticks
from infra.local.servers import servers
from infra.local.state import ChildState, Phase, State, read_state, take_lock, write_state

log = logging.getLogger("supervisor")

_START_LIMIT_S = 90.0
_GIVE_UP_AFTER = 3


class StartError(Exception):
    """The local cloud could not start; the text says what to look at."""


class Cloud:
    """One local cloud: its children, in order, and what is known about them."""

    def __init__(self, layout: Layout, settings: Mapping[str, str], targets: Path | None) -> None:
        self.layout = layout
        self.targets = targets
        self.profile = load_profile(settings, targets)
        self.pipeline = local_pipeline(self.profile)
        self.ports = Endpoints.choose(self.pipeline.functions)
        self.children: list[Child] = []
        self._phase, self._step = Phase.STARTING, "starting"
        self._tasks: set[asyncio.Task[None]] = set()
        self._wired = asyncio.Lock()

    async def start(self) -> None:
        """Servers, then wiring and functions side by side; returns when all of it is ready."""
        self.report(Phase.STARTING, "servers")
        starting = [
            self._launch(program)
            for program in servers(self.pipeline, self.profile, self.ports, self.layout)
        ]
        for bundle in build_all(self.layout.bundles):
            unpack(bundle, self.layout)
        await self._all_ready(starting)
        self.report(Phase.STARTING, "functions")
        functions = [self._launch(self._program(item)) for item in self.pipeline.functions.values()]
        await asyncio.gather(self.wire(), self._all_ready(functions))
        self._schedule()
        exports = export_lines(self.pipeline, self.profile, self.ports, self.layout)
        write_atomically(self.layout.env, exports)
        self.report(Phase.READY, "ready")

    async def wire(self) -> None:
        """Buckets, topics, subscriptions, tables and views exist; what exists stays as it is."""
        async with self._wired:
            with self.layout.log("wiring").open("ab") as output:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "infra.local.wiring", "--state", str(self.layout.root)),
                    cwd=ROOT,
                    stdout=output,
                    stderr=output,
                )
                if await process.wait():
                    raise StartError(f"the wiring failed: {self.layout.log('wiring')}")

    async def stop(self) -> None:
        """Every child has ended."""
        await asyncio.gather(*(child.stop() for child in self.children))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def report(self, phase: Phase | None = None, step: str = "") -> None:
        """Write down how things are."""
        self._phase, self._step = phase or self._phase, step or self._step
        write_state(
            self.layout,
            State(
                phase=self._phase,
                step=self._step,
                pid=os.getpid(),
                born=birth(os.getpid()),
                endpoints=self.ports,
                settings=self.profile.settings,
                targets=str(self.targets or ""),
                children=tuple(map(_seen, self.children)),
            ),
        )

    def _program(self, function: Function) -> Program:
        return function_program(function, self.profile, self.ports, self.layout)

    def _launch(self, program: Program) -> Child:
        child = Child(program, self.layout, lambda _: self.report())
        self.children.append(child)
        self._spawn_task(child.keep(self._returned))
        return child

    async def _returned(self, child: Child) -> None:
        if child.program.stateful:
            log.warning("%s is back without what it held; wiring again", child.program.name)
            try:
                await self.wire()
            except StartError as error:
                log.error("%s", error)  # noqa: TRY400  a sentence for a person, no traceback

    async def _all_ready(self, children: list[Child]) -> None:
        await asyncio.gather(*map(self._ready, children))

    async def _ready(self, child: Child) -> None:
        name, where = child.program.name, self.layout.log(child.program.name)
        try:
            async with asyncio.timeout(_START_LIMIT_S):
                async for _ in ticks():
                    if child.ready.is_set():
                        return
                    if child.quick_deaths >= _GIVE_UP_AFTER:
                        raise StartError(f"{name} keeps ending as it starts: {where}")
        except TimeoutError:
            raise StartError(f"{name} is not ready after {_START_LIMIT_S:.0f} s: {where}") from None

    def _schedule(self) -> None:
        for function in self.pipeline.functions.values():
            if isinstance(function.trigger, Schedule):
                port = self.ports.functions[function.stage]
                self._spawn_task(_call_every(function.trigger, port))

    def _spawn_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _seen(child: Child) -> ChildState:
    return ChildState(
        name=child.program.name,
        pid=child.pid,
        born=child.born,
        ports=child.program.ports,
        ready=child.ready.is_set(),
        restarts=child.restarts,
    )


async def _call_every(schedule: Schedule, port: int) -> None:
    while True:
        await asyncio.sleep(schedule.every_s)
        await get_status(port, "POST", "/", schedule.timeout_s)


async def serve(cloud: Cloud, owner: int) -> int:
    """Run a cloud until a signal, or until the owning process is gone."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stopping.set)
    start = asyncio.create_task(cloud.start())
    end = asyncio.create_task(_await_end(stopping, owner))
    try:
        await asyncio.wait({start, end}, return_when=asyncio.FIRST_COMPLETED)
        if start.done():
            start.result()
            await end
    except (StartError, BundleError, OSError) as error:
        log.error("%s", error)  # noqa: TRY400  a sentence for a person, no traceback
        cloud.report(Phase.FAILED, str(error))
        return 1
    finally:
        start.cancel()
        await cloud.stop()
    cloud.layout.forget()
    return 0


async def _await_end(stopping: asyncio.Event, owner: int) -> None:
    while not stopping.is_set() and (not owner or os.getppid() == owner):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), 0.5)


def main() -> int:
    """Run the supervisor of one state folder; status 3 when another one does already."""
    options = _options()
    layout = Layout(options.state.resolve())
    lock = take_lock(layout)
    if lock is None:
        return 3
    before = read_state(layout)
    end_leftovers(before.recorded() if before else {})
    layout.prepare()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        cloud = Cloud(layout, dict(options.setting), options.targets)
        return asyncio.run(serve(cloud, options.owner))
    except DefinitionError as error:
        log.error("%s", error)  # noqa: TRY400  a sentence for a person, no traceback
        return 1
    finally:
        lock.close()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.local.supervisor")
    parser.add_argument("--state", type=Path, required=True, help="folder of this cloud")
    parser.add_argument("--setting", type=_pair, action="append", default=[], help="name=value")
    parser.add_argument("--targets", type=Path, help="file of targets, in place of the cloud's own")
    parser.add_argument("--owner", type=int, default=0, help="stop when this parent is gone")
    return parser.parse_args()


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


if __name__ == "__main__":
    sys.exit(main())
