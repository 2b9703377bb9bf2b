"""Secrets of a local cloud: made when it starts, readable by their owner alone, gone with it."""

import base64
import os
import secrets
from pathlib import Path

# Standard Webhooks wants its own form.
_WEBHOOK = "webhook-secret"
_BYTES = 32


def secret_file(folder: Path, name: str) -> Path:
    """The file of a secret, made when there is none."""
    path = folder / name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(_fresh(name))
    return path


def _fresh(name: str) -> str:
    if name == _WEBHOOK:
        return f"whsec_{base64.b64encode(secrets.token_bytes(_BYTES)).decode()}"
    return secrets.token_hex(_BYTES)
