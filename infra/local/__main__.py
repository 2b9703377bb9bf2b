"""The local cloud's commands: `python -m infra.local up`, `down`, `demo` and others: `--help`."""

import argparse
import importlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from infra.local import lifecycle
from infra.local.console import Console
from infra.local.layout import DEFAULT, Layout

# Loaded when called: the Google clients take a second to import.
_ELSEWHERE = ("status", "logs", "drop", "receipts", "sql", "export", "demo")


def main() -> int:
    """Carry out one command and return its exit status."""
    options = _options()
    layout = Layout(options.state.resolve())
    try:
        if options.command in _ELSEWHERE:
            module = importlib.import_module(f"infra.local.{options.command}")
            return int(module.run(options, layout))
        if options.command == "up":
            return up(layout, options.targets, options.settings)
        return down(layout)
    except lifecycle.CloudError as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def up(layout: Layout, targets: Path | None, settings: Mapping[str, str]) -> int:
    """A local cloud is running in the background."""
    console = Console()
    before = lifecycle.running_state(layout)
    lifecycle.start(
        layout,
        settings=settings,
        targets=targets,
        progress=lambda step: console.line(f"  starting {step}"),
    )
    console.line(
        "The local cloud was running already." if before else "The local cloud is running."
    )
    console.line()
    console.line(f"  . {_shown(layout.env)}    sets what any Google Cloud client needs")
    console.line("  make drop SRC=<file or folder> FACILITY=demo-hospital")
    console.line("  make status, make logs STAGE=ingest, make sql Q='SELECT …', make down")
    return 0


def down(layout: Layout) -> int:
    """No local cloud is running, and what it held is gone."""
    stopped = lifecycle.stop(layout)
    Console().line("The local cloud has stopped." if stopped else "No local cloud was running.")
    return 0


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.local", description=__doc__)
    state = os.environ.get("INLET_LOCAL_STATE", DEFAULT)
    parser.add_argument(
        "--state", type=Path, default=Path(state), help="folder of the cloud's state"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("up", help="start the local cloud in the background")
    start.add_argument("--targets", type=_path, help="file of those who are told of events")
    start.add_argument(
        "--settings", type=_settings, default={}, help="name=value name=value, see overrides.yaml"
    )
    commands.add_parser("down", help="stop it; everything it held is gone")
    commands.add_parser("status", help="what runs, and where")
    logs = commands.add_parser("logs", help="what the functions and servers print")
    logs.add_argument("stage", nargs="?", default="", help="only this function or server")
    logs.add_argument("--follow", action="store_true", help="go on without a terminal, too")
    drop = commands.add_parser("drop", help="put files into the inbox, print their outcomes")
    drop.add_argument("src", type=_path, metavar="SRC", help="file or folder")
    drop.add_argument("facility", type=_text, metavar="FACILITY", help="the facility's name")
    drop.add_argument(
        "complete", nargs="?", choices=("yes", "no"), default="no", metavar="COMPLETE",
        help="yes: say with a manifest at the end that this was all",
    )  # fmt: skip
    receipts = commands.add_parser("receipts", help="the newest receipts of a facility")
    receipts.add_argument("facility", type=_text, metavar="FACILITY", help="the facility's name")
    receipts.add_argument("folder", type=_path, metavar="FOLDER", help="where to write their pages")
    sql = commands.add_parser("sql", help="run a query")
    sql.add_argument("query", type=_text, metavar="Q", help="GoogleSQL")
    export = commands.add_parser("export", help="write the views of research as Parquet files")
    export.add_argument("folder", type=_path, metavar="FOLDER", help="where to")
    commands.add_parser("demo", help="the whole pipeline on a sample set")
    return parser.parse_args()


def _text(value: str) -> str:
    if not value.strip():
        raise argparse.ArgumentTypeError("is empty")
    return value


def _settings(value: str) -> dict[str, str]:
    pairs = [word.partition("=") for word in value.split()]
    if not all(name and equals for name, equals, _ in pairs):
        raise argparse.ArgumentTypeError("is not of the form name=value name=value")
    return {name: text for name, _, text in pairs}


def _path(value: str) -> Path:
    return Path(_text(value))


if __name__ == "__main__":
    sys.exit(main())
