"""Runs a function of a bundle as it runs where Cloud Storage itself checks preconditions.

    python against_the_service.py functions_framework --target …

Against the emulator, which does not, the adapter asks before it writes; those questions are not
asked of the service, and not to be counted. Nothing else differs.
"""

from __future__ import annotations

import os
import runpy
import sys
from typing import Any

if __name__ == "__main__":
    sys.path[0] = os.getcwd()  # noqa: PTH109  the bundle's folder, as `python -m` has it
    from shared.adapters.cloud_storage import CloudStorage

    made = CloudStorage.__init__

    def make(self: CloudStorage, *arguments: Any, **options: Any) -> None:
        made(self, *arguments, **options)
        self._emulated = False

    CloudStorage.__init__ = make  # type: ignore[method-assign]
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
