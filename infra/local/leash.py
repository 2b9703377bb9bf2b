"""Become a command that does not outlive its parent, where the system can do that.

Run as a file, isolated and without site packages, so that it costs a few milliseconds:
`python -I -S leash.py <parent> <command> <arguments…>`.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent and become the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(1)
    os.execv(command[0], command)  # noqa: S606  the supervisor's own command, no shell


if __name__ == "__main__":
    main()
