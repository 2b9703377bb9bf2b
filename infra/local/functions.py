"""The functions as programs: the deployed zips, unpacked, under functions-framework."""

import json
import shutil
import sys
import zipfile
from pathlib import Path

from infra.bundle import Bundle
from infra.definition import Function, Kind, Reference
from infra.local.endpoints import HOST, Endpoints
from infra.local.layout import Layout
from infra.local.overrides import Profile
from infra.local.program import Program
from infra.local.secret_files import secret_file


def unpack(bundle: Bundle, layout: Layout) -> Path:
    """A function's folder holds what its bundle holds, and nothing else."""
    folder = layout.functions / bundle.stage
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(bundle.path) as archive:
        archive.extractall(folder)
    return folder


def function_program(
    function: Function, profile: Profile, ports: Endpoints, layout: Layout
) -> Program:
    """One function with its environment, under the production server."""
    port = ports.functions[function.stage]
    return Program(
        name=function.stage,
        argv=(
            *(sys.executable, "-m", "functions_framework"),
            *("--target", function.stage, "--source", "main.py"),
            *("--host", HOST, "--port", str(port)),
        ),
        folder=layout.functions / function.stage,
        environment=environment(function, profile, ports, layout),
        ports=(port,),
    )


def environment(
    function: Function, profile: Profile, ports: Endpoints, layout: Layout
) -> dict[str, str]:
    """What Cloud Run would set, what the definition sets, and the way to the local servers."""
    return {
        "K_SERVICE": function.stage,
        "THREADS": str(function.resources.concurrency),
        **ports.clients(profile),
        **{
            variable: resolve(reference, profile, layout)
            for variable, reference in function.environment.items()
        },
    }


def data_file(name: str, profile: Profile, layout: Layout) -> Path:
    """A file of the deployment's own data, as it is mounted."""
    path = layout.root / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(profile.data[name], indent=1), encoding="utf-8")
    return path


def resolve(reference: Reference, profile: Profile, layout: Layout) -> str:
    """The value of an environment variable in the local cloud."""
    match reference.kind:
        case Kind.BUCKET:
            return profile.bucket(reference.name)
        case Kind.FILE:
            return str(data_file(reference.name, profile, layout))
        case Kind.SECRET:
            own = profile.settings.get(f"{reference.name}-file")
            return own or str(secret_file(layout.secrets, reference.name, profile.targets))
        case Kind.SETTING:
            return profile.settings.get(reference.name, "")
        case Kind.TOPIC | Kind.DATASET | Kind.SUBSCRIPTION:
            return reference.name
