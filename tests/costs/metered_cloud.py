"""A local cloud in which every request to a service, and every push, goes through a meter.

Each function has meters of its own before all servers, so that what it asks is known as its own;
so do Cloud Storage, for what it announces, and the facility.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import requests

from infra.bundle import build_all
from infra.definition import Pipeline
from infra.local.clients import Clients
from infra.local.endpoints import HOST, Endpoints
from infra.local.functions import function_program, unpack
from infra.local.layout import Layout
from infra.local.overrides import Profile, load_profile, local_pipeline
from infra.local.program import Program, answers
from infra.local.servers import servers
from infra.local.wiring import Wiring
from tests.costs.grpc_meters import grpc_meter
from tests.costs.http_meters import BigQueryNote, HttpMeters, PushNote, StorageNote
from tests.costs.uses import Uses

PATIENCE_S: Final = 600.0
ASK_EVERY_S: Final = 20  # longer than a sweep takes
QUIET_S: Final = 1.0
_LAUNCHER: Final = Path(__file__).with_name("against_the_service.py")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_CPU_FIELDS: Final = slice(11, 15)  # utime, stime and those of children that ended, proc(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteredCloud:
    """A running cloud."""

    uses: Uses
    meters: HttpMeters
    profile: Profile
    pipeline: Pipeline
    facility: Clients  # a facility's, metered
    inside: Clients  # nobody's, not metered
    fronts: Mapping[str, int]
    pids: Mapping[str, int]
    layout: Layout

    def call(self, stage: str) -> None:
        """A scheduled function has run once."""
        answer = requests.post(f"http://{HOST}:{self.fronts[stage]}/", timeout=PATIENCE_S)
        answer.raise_for_status()

    def cpu_s(self) -> dict[str, float]:
        """Return the CPU seconds that each function has taken; none where there is no /proc."""
        return {stage: _cpu_s(pid) for stage, pid in self.pids.items()}

    def log_bytes(self) -> dict[str, int]:
        """Return how much each function has printed."""
        return {stage: self.layout.log(stage).stat().st_size for stage in self.pids}

    def settle(self, table: str, rows: int) -> None:
        """Return once a table was given so many rows, and nothing is asked any more."""
        end = time.monotonic() + PATIENCE_S
        while self._rows(table) < rows or self.meters.busy or self.uses.quiet_s() < QUIET_S:
            assert time.monotonic() < end, self.uses.so_far()
            time.sleep(0.1)

    def _rows(self, table: str) -> int:
        return sum(
            amount.number
            for use, amount in self.uses.so_far().items()
            if (use.what, use.on) == ("bigquery.append", table)
        )


@contextmanager
def metered_cloud(folder: Path, **data: Any) -> Iterator[MeteredCloud]:
    """Yield a cloud that runs within the block, with data files of its own in place of some."""
    layout = Layout(folder)
    layout.prepare()
    profile = _profile(data)
    pipeline = local_pipeline(profile)
    real, uses = Endpoints.choose(pipeline.functions), Uses.none()
    with ExitStack() as stack:
        meters = stack.enter_context(HttpMeters.running())
        metering = _Metering(stack, meters, uses, real, profile)
        own = metering.of("storage")
        for program in servers(pipeline, profile, real, layout):
            for_storage = program.name == "storage"
            stack.enter_context(_running(_led(program, own) if for_storage else program, layout))
        for bundle in build_all(layout.bundles):
            unpack(bundle, layout)
        fronts = {
            stage: meters.before(port, PushNote(uses, stage))
            for stage, port in real.functions.items()
        }
        inside = Clients(real.clients(profile))
        Wiring(inside, profile, replace(real, functions=fronts)).make(pipeline)
        processes = {}
        for stage, function in pipeline.functions.items():
            ports = metering.of(stage)
            program = _as_deployed(function_program(function, profile, ports, layout))
            processes[stage] = stack.enter_context(_running(program, layout, awaited=False))
        for stage in pipeline.functions:
            _await(real.functions[stage])
        yield MeteredCloud(
            uses=uses,
            meters=meters,
            profile=profile,
            pipeline=pipeline,
            facility=Clients(metering.of("facility").clients(profile)),
            inside=inside,
            fronts=fronts,
            pids={stage: process.pid for stage, process in processes.items()},
            layout=layout,
        )


def _profile(data: Mapping[str, Any]) -> Profile:
    """Return the local profile, in which a sweep asks again soon and compares once."""
    profile = load_profile()
    every = {"stuck_after_s": "900", "ask_every_s": f"{ASK_EVERY_S}", "compare_every_s": "86400"}
    return replace(profile, settings={**profile.settings, **every}, data={**profile.data, **data})


@dataclass(frozen=True, slots=True)
class _Metering:
    stack: ExitStack
    meters: HttpMeters
    uses: Uses
    real: Endpoints
    profile: Profile

    def of(self, by: str) -> Endpoints:
        """Return where somebody finds the servers, behind meters."""
        storage = StorageNote(self.uses, by, self.profile.bucket(""))
        real = self.real
        return replace(
            real,
            storage=self.meters.before(real.storage, storage),
            bigquery=self.meters.before(real.bigquery, BigQueryNote(self.uses, by)),
            pubsub=self._grpc(real.pubsub, by),
            bigquery_storage=self._grpc(real.bigquery_storage, by),
        )

    def _grpc(self, port: int, by: str) -> int:
        return self.stack.enter_context(grpc_meter(port, self.uses, by))


def _led(program: Program, ports: Endpoints) -> Program:
    """Return the storage server, which publishes through its own meter."""
    environment = {**program.environment, "PUBSUB_EMULATOR_HOST": f"{HOST}:{ports.pubsub}"}
    return replace(program, environment=environment)


def _as_deployed(program: Program) -> Program:
    python, _, *arguments = program.argv
    return replace(program, argv=(python, str(_LAUNCHER), *arguments))


@contextmanager
def _running(
    program: Program, layout: Layout, *, awaited: bool = True
) -> Iterator[subprocess.Popen[bytes]]:
    with layout.log(program.name).open("ab") as output:
        process = subprocess.Popen(
            program.argv,
            cwd=program.folder,
            env=program.full_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        end = time.monotonic() + PATIENCE_S
        while awaited and not asyncio.run(answers(program)):
            assert process.poll() is None, layout.log(program.name).read_text()[-2000:]
            assert time.monotonic() < end, f"{program.name} is not ready"
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait(30)


def _await(port: int) -> None:
    """Return once a function's workers are loaded: they answer to what is no message."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            requests.get(f"http://{HOST}:{port}/robots.txt", timeout=10)
        except requests.ConnectionError:
            assert time.monotonic() < end, "a function is not ready"
            time.sleep(0.05)
        else:
            return


def _cpu_s(pid: int) -> float:
    if not Path("/proc/self/stat").exists():
        return 0.0
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(_own_cpu_s(each) for each in (str(pid), *children))


def _own_cpu_s(pid: str) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[_CPU_FIELDS])) / _TICKS
