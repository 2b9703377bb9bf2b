"""Processes told apart for sure: a process id is reused, an id with its start time is not."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

_STARTED = 19  # the 22nd field of /proc/<pid>/stat, counted from after the command's name


def birth(pid: int) -> str:
    """When a process started, empty when there is no such process."""
    if not Path("/proc/self/stat").exists():
        return _birth_by_ps(pid)
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[_STARTED]


def _birth_by_ps(pid: int) -> str:
    command = ["/bin/ps", "-o", "lstart=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def signal_group(pid: int, number: int) -> None:
    """Send a signal to the processes that a leader started, gone or not."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def end_leftovers(recorded: dict[int, str]) -> None:
    """End the groups of recorded leaders, unless a leader's id belongs to another process by now.

    An id is not given out again while a group bears it, so a group without its leader is ours.
    """
    for pid, born in recorded.items():
        if birth(pid) in {born, ""}:
            signal_group(pid, signal.SIGKILL)


def await_end(pid: int, born: str, timeout_s: float) -> bool:
    """Whether a process ended within a time."""
    deadline = time.monotonic() + timeout_s
    while birth(pid) == born:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
