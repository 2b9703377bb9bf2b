"""The supervisor's care for one program, with real processes."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from infra.local.child import Child, restart_delay
from infra.local.endpoints import free_ports
from infra.local.layout import Layout
from infra.local.processes import birth, end_leftovers
from infra.local.program import Program

pytestmark = pytest.mark.enable_socket

SERVER = """
import socket, sys, time
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    time.sleep(1)
"""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    layout.prepare()
    return layout


@pytest.fixture
def program(layout: Layout) -> Program:
    port = next(free_ports())
    return Program(
        name="server",
        argv=(sys.executable, "-c", SERVER, str(port)),
        folder=layout.root,
        environment={"MARK": "set"},
        ports=(port,),
    )


def _run(program: Program, layout: Layout, story: Callable[[Child], object]) -> Child:
    async def play() -> Child:
        child = Child(program, layout, lambda _: None)
        returned = asyncio.Event()

        async def note(_: Child) -> None:
            returned.set()

        task = asyncio.create_task(child.keep(note))
        async with asyncio.timeout(20):
            await child.ready.wait()
            story(child)
            await returned.wait()
            await child.ready.wait()
            await child.stop()
            await task
        return child

    return asyncio.run(play())


def test_starts_a_killed_program_again_and_tells(program: Program, layout: Layout) -> None:
    pids = []

    def kill(child: Child) -> None:
        pids.append(child.pid)
        os.kill(child.pid, signal.SIGKILL)

    child = _run(program, layout, kill)
    assert child.restarts == 1
    assert child.pid not in pids
    assert birth(child.pid) == ""


def test_a_worker_that_outlives_its_parent_goes_with_it(program: Program, layout: Layout) -> None:
    workers = layout.root / "workers"
    forking = (
        "import os, time\n"
        "if not os.fork():\n"
        f"    open({str(workers)!r}, 'a').write(f'{{os.getpid()}} ')\n"
        "    time.sleep(60)\n"
        "    os._exit(0)\n"
    )
    argv = (*program.argv[:2], forking + SERVER, *program.argv[3:])
    _run(replace(program, argv=argv), layout, lambda child: os.kill(child.pid, signal.SIGKILL))
    assert {birth(int(pid)) for pid in workers.read_text().split()} == {""}


def test_waits_longer_for_what_keeps_dying_young() -> None:
    assert [restart_delay(deaths) for deaths in range(8)] == [0, 0, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0]


def test_a_program_gets_its_environment_and_not_what_misleads(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/somewhere")
    environment = program.full_environment()
    assert environment["MARK"] == "set"
    assert "GOOGLE_APPLICATION_CREDENTIALS" not in environment


@pytest.fixture
def sleeper() -> Iterator[int]:
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, "-c", "import time; time.sleep(60)"],
        os.environ,
        setsid=True,
    )
    yield pid
    end_leftovers({pid: birth(pid)})
    os.waitpid(pid, 0)


def test_leftovers_are_ended_only_when_they_are_ours(sleeper: int) -> None:
    end_leftovers({sleeper: "another start time"})
    assert birth(sleeper)
    end_leftovers({sleeper: birth(sleeper)})
    os.waitid(os.P_PID, sleeper, os.WEXITED | os.WNOWAIT)
    assert birth(sleeper) == ""


def test_no_process_has_no_birth() -> None:
    assert birth(2**22 + 1) == ""
