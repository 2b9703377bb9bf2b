"""Where one local cloud keeps what it needs: everything below one folder."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEFAULT = ROOT / ".local"


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of one local cloud; two folders are two clouds that never meet."""

    root: Path

    @property
    def env(self) -> Path:
        """The `export` lines for clients."""
        return self.root / "env"

    @property
    def state(self) -> Path:
        """What the supervisor last said about itself and its children."""
        return self.root / "state.json"

    @property
    def lock(self) -> Path:
        """Held by the supervisor for as long as it lives."""
        return self.root / "lock"

    @property
    def bundles(self) -> Path:
        """The zips this cloud runs."""
        return self.root / "bundles"

    @property
    def functions(self) -> Path:
        """The zips, unpacked, by stage."""
        return self.root / "functions"

    @property
    def secrets(self) -> Path:
        """One file per secret, readable by the owner alone."""
        return self.root / "secrets"

    @property
    def home(self) -> Path:
        """The home folder of the BigQuery server, which looks there for its extension."""
        return self.root / "home"

    def log(self, name: str) -> Path:
        """What a child printed."""
        return self.root / "logs" / f"{name}.log"

    def prepare(self) -> None:
        """Make the folder, empty of what an earlier cloud left but for a held lock."""
        self.forget()
        shutil.rmtree(self.root / "logs", ignore_errors=True)
        (self.root / "logs").mkdir(parents=True, exist_ok=True)

    def forget(self) -> None:
        """Remove everything a stopped cloud must not leave behind; its logs stay."""
        for folder in (self.bundles, self.functions, self.secrets, self.home):
            shutil.rmtree(folder, ignore_errors=True)
        for file in (self.env, self.state):
            file.unlink(missing_ok=True)


def write_atomically(path: Path, text: str) -> None:
    """Replace a file's text so that no reader ever sees half of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def write_json(path: Path, value: object) -> None:
    """Replace a file with a value as JSON."""
    write_atomically(path, json.dumps(value, indent=1, sort_keys=True) + "\n")
