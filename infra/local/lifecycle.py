"""Starting, stopping, finding and prompting a local cloud from another process."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from infra.local.environment import read_exports
from infra.local.layout import ROOT, Layout
from infra.local.processes import await_end, birth, end_leftovers
from infra.local.program import get_status
from infra.local.state import Phase, State, is_running, read_state

_ALREADY = 3
_STOP_S = 15.0


class CloudError(Exception):
    """The local cloud is not as the command needs it; the text says what to do."""


def start(
    layout: Layout,
    *,
    settings: Mapping[str, str] | None = None,
    targets: Path | None = None,
    owned: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> State:
    """A cloud is ready in a folder; one that runs there already is taken as it is.

    Args:
        layout: where the cloud keeps its state.
        settings: replaces values of `overrides.yaml`.
        targets: the file of targets, in place of `targets.yaml`.
        owned: the cloud ends when this process does, however it ends.
        progress: is told each step.
    """
    layout.root.mkdir(parents=True, exist_ok=True)
    options = [f"--setting={name}={value}" for name, value in (settings or {}).items()]
    options += [f"--targets={targets.resolve()}"] if targets else []
    options += [f"--owner={os.getpid()}"] if owned else []
    process = _spawn(layout, options)
    try:
        return _await_ready(layout, process, progress)
    except BaseException:
        process.terminate()
        process.wait(_STOP_S)
        raise


def stop(layout: Layout) -> bool:
    """Nothing of a folder's cloud runs any more; whether it was running."""
    state = read_state(layout)
    running = is_running(layout)
    if state and running:
        os.kill(state.pid, signal.SIGTERM)
        if not await_end(state.pid, state.born, _STOP_S):
            os.kill(state.pid, signal.SIGKILL)
    end_leftovers(state.recorded() if state else {})
    layout.forget()
    return running


def running_environment(layout: Layout) -> Mapping[str, str]:
    """The environment of the running cloud."""
    if not is_running(layout) or not layout.env.exists():
        raise CloudError("no local cloud is running here: make up")
    return read_exports(layout.env.read_text(encoding="utf-8"))


def running_state(layout: Layout) -> State | None:
    """What is known about a folder's cloud, None when none runs."""
    return read_state(layout) if is_running(layout) else None


def call(layout: Layout, stage: str, timeout_s: float) -> int:
    """The HTTP status with which a scheduled function ends a run of its own, 0 for no answer."""
    state = running_state(layout)
    if not state:
        return 0
    return asyncio.run(get_status(state.endpoints.functions[stage], "POST", "/", timeout_s))


def _spawn(layout: Layout, options: Sequence[str]) -> subprocess.Popen[bytes]:
    with (layout.root / "supervisor.log").open("ab") as output:
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                "infra.local.supervisor",
                "--state",
                layout.root,
                *options,
            ],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _await_ready(
    layout: Layout, process: subprocess.Popen[bytes], progress: Callable[[str], None]
) -> State:
    told = ""
    while True:
        state = read_state(layout)
        if state and birth(state.pid) == state.born:
            if state.phase is Phase.READY:
                return state
            if state.step != told:
                told = state.step
                progress(told)
        if process.poll() not in {None, _ALREADY}:
            raise CloudError(_failure(layout, state))
        time.sleep(0.05)


def _failure(layout: Layout, state: State | None) -> str:
    if state and state.phase is Phase.FAILED:
        return state.step
    return f"the local cloud did not start: {layout.root / 'supervisor.log'}"
