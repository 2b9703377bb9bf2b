"""Secrets of a local cloud: made when it starts, readable by their owner alone, gone with it."""

import base64
import json
import os
import secrets
from pathlib import Path

from shared.contracts.targets import TargetKind, Targets

TARGETS = "target-secrets"
_BYTES = 32


def secret_file(folder: Path, name: str, targets: Targets) -> Path:
    """The file of a secret, made when there is none; that of targets has one for each webhook."""
    path = folder / name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(_of_targets(targets) if name == TARGETS else secrets.token_hex(_BYTES))
    return path


def signing_secrets(path: Path, target: str) -> list[str]:
    """The secrets with which what a webhook gets is signed."""
    return [str(secret) for secret in json.loads(path.read_text(encoding="ascii"))[target]]


def _of_targets(targets: Targets) -> str:
    webhooks = (target for target in targets if target.kind is TargetKind.WEBHOOK)
    return json.dumps({target.name: [_signing_secret()] for target in webhooks})


def _signing_secret() -> str:
    """A fresh secret in the form of Standard Webhooks."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(_BYTES)).decode()}"
