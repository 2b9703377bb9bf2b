import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.cloud import pubsub_v1

from tests.integration.pubsub.workbench import Workbench

REPOSITORY = Path(__file__).resolve().parents[3]


def start_server(port_file: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the server in a process of its own and wait until it listens or has ended."""
    command = [sys.executable, "-m", "infra.local.pubsub", "--port-file", str(port_file)]
    process = subprocess.Popen(
        [*command, *arguments], cwd=REPOSITORY, stderr=subprocess.PIPE, text=True
    )
    while not port_file.exists() and process.poll() is None:
        time.sleep(0.01)
    return process


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port_file = tmp_path_factory.mktemp("pubsub") / "port"
    process = start_server(port_file)
    yield port_file.read_text(encoding="utf-8")
    process.terminate()
    _, log = process.communicate(timeout=20)
    assert "Traceback" not in log


@pytest.fixture(scope="session")
def clients(address: str) -> Iterator[tuple[pubsub_v1.PublisherClient, pubsub_v1.SubscriberClient]]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setitem(os.environ, "PUBSUB_EMULATOR_HOST", address)
        publisher = pubsub_v1.PublisherClient(
            publisher_options=pubsub_v1.types.PublisherOptions(enable_message_ordering=True)
        )
        subscriber = pubsub_v1.SubscriberClient()
    with publisher, subscriber:
        yield publisher, subscriber


@pytest.fixture
def bench(
    clients: tuple[pubsub_v1.PublisherClient, pubsub_v1.SubscriberClient],
) -> Workbench:
    return Workbench(*clients)
