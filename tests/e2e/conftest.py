"""The deployed zips under functions-framework, against a local cloud of the session's own."""

import threading
import time
from collections.abc import Iterator, Sequence

import pytest

from infra.local import lifecycle
from infra.local.clients import Clients
from infra.local.layout import Layout
from infra.local.receiver import Delivery, receiving
from infra.local.sql import query


class Cloud:
    """A running local cloud with clients, and the webhooks it has sent."""

    def __init__(self, layout: Layout, deliveries: Sequence[Delivery] = ()) -> None:
        self.layout = layout
        self.deliveries = deliveries
        self.clients = Clients(lifecycle.running_environment(layout))

    @property
    def environment(self) -> dict[str, str]:
        """What `.local/env` exports."""
        return dict(self.clients.environment)

    def pid(self, name: str) -> int:
        """The process that runs a function or a server now."""
        state = lifecycle.running_state(self.layout)
        assert state is not None
        return next(child.pid for child in state.children if child.name == name)

    def await_rows(self, text: str, expected: list[object], patience_s: float = 60) -> None:
        """Return once a query's first row is as expected."""
        deadline = time.monotonic() + patience_s
        while (row := query(self.clients.bigquery, text)[1][0]) != expected:
            assert time.monotonic() < deadline, row
            time.sleep(0.2)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud that lives as long as the session."""
    layout = Layout(tmp_path_factory.mktemp("cloud"))
    deliveries: list[Delivery] = []
    lock = threading.Lock()

    def heard(delivery: Delivery) -> None:
        with lock:
            deliveries.append(delivery)

    with receiving(layout, heard) as receiver:
        try:
            lifecycle.start(layout, targets=receiver.targets, owned=True)
            yield Cloud(layout, deliveries)
        finally:
            lifecycle.stop(layout)
