"""One zip per function, the same bytes for the same content.

A bundle holds the function's entry point and requirements at its root, its package and a copy of
`shared/` under the names they have in the repository, and, for a function that asks for them, the
table schemas. Members are sorted, stored without compression (compressed bytes
differ between builds of zlib) and carry one fixed time and mode, so that the sha256 in the name
changes only when something in the bundle does.
"""

import argparse
import hashlib
import os
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.definition import Function, load_pipeline

ROOT = Path(__file__).resolve().parents[1]
BUNDLES = ROOT / "build" / "bundles"
REQUIRED = ("handler.py", "main.py", "requirements.txt", "settings.py")

_DATA = (".py", ".json", ".json.gz")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644


class BundleError(Exception):
    """A function's folder lacks something every bundle needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A written bundle."""

    stage: str
    path: Path
    size: int
    sha256: str


def build_all(into: Path, root: Path = ROOT) -> list[Bundle]:
    """The bundles of every function in the definition, written into a folder."""
    return [build(function, into, root) for function in load_pipeline().functions.values()]


def build(function: Function, into: Path, root: Path = ROOT) -> Bundle:
    """One function's bundle, under the name `<stage>-<sha256[:16]>.zip`."""
    into.mkdir(parents=True, exist_ok=True)
    draft = into / f".{function.stage}-{os.getpid()}.zip"
    _write(draft, contents(function, root))
    digest = hashlib.sha256(draft.read_bytes()).hexdigest()
    path = into / f"{function.stage}-{digest[:16]}.zip"
    draft.replace(path)
    for stale in set(into.glob(f"{function.stage}-*.zip")) - {path}:
        stale.unlink(missing_ok=True)
    return Bundle(stage=function.stage, path=path, size=path.stat().st_size, sha256=digest)


def contents(function: Function, root: Path = ROOT) -> dict[str, bytes]:
    """What a function's bundle holds, by member name."""
    folder = root / "functions" / function.stage
    missing = [name for name in REQUIRED if not (folder / name).is_file()]
    if missing:
        raise BundleError(f"functions/{function.stage} lacks {', '.join(missing)}")
    members = {name: (folder / name).read_bytes() for name in ("main.py", "requirements.txt")}
    members["functions/__init__.py"] = (root / "functions" / "__init__.py").read_bytes()
    members |= _members(folder, f"functions/{function.stage}/", _DATA)
    members |= _members(root / "shared", "shared/", _DATA)
    del members[f"functions/{function.stage}/main.py"]
    if function.schemas:
        members |= _members(root / "infra" / "schemas", "schemas/", (".json",))
    return dict(sorted(members.items()))


def _members(folder: Path, prefix: str, endings: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file() and path.name.endswith(tuple(endings)):
            yield prefix + path.relative_to(folder).as_posix(), path.read_bytes()


def _write(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = 3
            info.external_attr = _MODE << 16
            archive.writestr(info, data)


def main() -> int:
    """Build every bundle and print what was built."""
    parser = argparse.ArgumentParser(prog="infra.bundle", description=__doc__)
    parser.add_argument("--into", type=Path, default=BUNDLES, help="folder of the zips")
    try:
        bundles = build_all(parser.parse_args().into)
    except BundleError as error:
        print(f"bundle: {error}", file=sys.stderr)
        return 1
    for bundle in bundles:
        print(f"{bundle.stage:<12} {bundle.size / 1024:>8.1f} KiB  {bundle.sha256}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
