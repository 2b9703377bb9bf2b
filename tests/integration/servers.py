"""The servers that tests speak to, behind the same fixtures wherever they run.

Containers where a Docker engine answers and has the image or can get it, the local cloud's own
servers otherwise. `INLET_TEST_SERVERS=embedded` asks for the latter, `INLET_TEST_IMAGE_*` names
other images, `INLET_TEST_DOCKER_NETWORK=host` is for engines that cannot publish ports.
"""

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import docker  # type: ignore[import-untyped]
from docker.errors import DockerException, ImageNotFound  # type: ignore[import-untyped]
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from infra.local import servers as embedded
from infra.local.endpoints import HOST, Endpoints, free_ports
from infra.local.layout import ROOT, Layout
from infra.local.overrides import load_profile, local_pipeline
from infra.local.program import Program, answers

PROJECT = load_profile().project
START_LIMIT_S = 120.0

_REPAIRED = """
from infra.local.bigquery_repairs import repair
from bqemulator.cli import main
repair()
main()
"""


_fallen_back: list[str] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """How one server runs in a container; `{port}` is its port, inside and outside."""

    variable: str
    default: str
    command: tuple[str, ...]
    entrypoint: tuple[str, ...] = ()
    mounts_repository: bool = False

    @property
    def name(self) -> str:
        """The image, as the environment or the default says."""
        return os.environ.get(self.variable) or self.default


IMAGES = {
    "pubsub": Image(
        variable="INLET_TEST_IMAGE_PUBSUB",
        default="gcr.io/google.com/cloudsdktool/google-cloud-cli:emulators",
        command=(
            *("gcloud", "beta", "emulators", "pubsub", "start"),
            *("--host-port=0.0.0.0:{port}", f"--project={PROJECT}"),
        ),
    ),
    "storage": Image(
        variable="INLET_TEST_IMAGE_STORAGE",
        default="fsouza/fake-gcs-server:1.52",
        command=(
            *("-backend", "memory", "-scheme", "http", "-port", "{port}"),
            *("-external-url", f"http://{HOST}:{{port}}", "-public-host", f"{HOST}:{{port}}"),
        ),
    ),
    "bigquery": Image(
        variable="INLET_TEST_IMAGE_BIGQUERY",
        default="ghcr.io/jjviscomi/bqemulator:1.4.0",
        entrypoint=("python", "-c", _REPAIRED),
        command=(
            *("start", "--ephemeral", "--project", PROJECT, "--log-level", "warning"),
            *("--rest-host", "0.0.0.0", "--rest-port", "{port}"),
            *("--grpc-host", "0.0.0.0", "--grpc-port", "{second}"),
        ),
        mounts_repository=True,
    ),
}


@cache
def engine() -> str:
    """The version of the Docker engine that answers, empty when none does or none is wanted."""
    if os.environ.get("INLET_TEST_SERVERS") == "embedded":
        return ""
    try:
        return str(docker.from_env(timeout=5).version()["Version"])
    except (DockerException, OSError):
        return ""


def described() -> str:
    """One line for the head of a test run."""
    return f"containers, Docker {engine()}" if engine() else "embedded, no Docker engine answers"


@cache
def available(image: str) -> bool:
    """Whether the Docker engine has an image or could get it."""
    images = docker.from_env().images
    try:
        images.get(image)
    except ImageNotFound:
        try:
            images.pull(image)
        except DockerException:
            return False
    return True


def summary() -> list[str]:
    """One line per server that ran otherwise than the head of the run said."""
    return [f"{name}: embedded, {IMAGES[name].name} could not be had" for name in _fallen_back]


@contextmanager
def serving(name: str, folder: Path) -> Iterator[dict[str, str]]:
    """One server runs within the block; yields the variables that lead clients to it."""
    free = free_ports()
    ports = Endpoints(
        storage=next(free),
        pubsub=next(free),
        bigquery=next(free),
        bigquery_storage=next(free),
        functions={},
    )
    program = _program(name, ports, folder)
    contained = bool(engine()) and available(IMAGES[name].name)
    if engine() and not contained:
        _fallen_back.append(name)
    with _container(name, program) if contained else _process(program, folder):
        _await(program)
        yield ports.clients(load_profile())


def _program(name: str, ports: Endpoints, folder: Path) -> Program:
    profile = load_profile()
    pipeline, layout = local_pipeline(profile), Layout(folder)
    programs = embedded.servers(pipeline, profile, ports, layout)
    return next(item for item in programs if item.name == name)


@contextmanager
def _process(program: Program, folder: Path) -> Iterator[None]:
    with (folder / f"{program.name}.log").open("wb") as output:
        process = subprocess.Popen(
            program.argv,
            cwd=program.folder,
            env=program.full_environment(),
            stdout=output,
            stderr=output,
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def _container(name: str, program: Program) -> Iterator[None]:
    image = IMAGES[name]
    testcontainers_config.ryuk_disabled = (
        True  # one image less to be had; the block ends what it began
    )
    container = DockerContainer(image.name).with_command(list(_filled(image.command, program)))
    if image.entrypoint:
        container.with_kwargs(entrypoint=list(image.entrypoint))
    if image.mounts_repository:
        container.with_volume_mapping(ROOT, "/inlet", "ro").with_env("PYTHONPATH", "/inlet")
    if os.environ.get("INLET_TEST_DOCKER_NETWORK") == "host":
        container.with_kwargs(**{**container._kwargs, "network_mode": "host"})
    else:
        for port in program.ports:
            container.with_bind_ports(port, port)
    with container:
        yield


def _filled(command: tuple[str, ...], program: Program) -> Iterator[str]:
    first, second = program.ports[0], program.ports[-1]
    return (word.format(port=first, second=second) for word in command)


def _await(program: Program) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while not asyncio.run(answers(program)):
        assert time.monotonic() < deadline, f"{program.name} is not ready"
        time.sleep(0.05)
