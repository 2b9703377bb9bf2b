"""What every kind of test shares: real servers, one of each for the whole session."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from tests.integration.servers import described, serving, summary

Environment = Mapping[str, str]


def pytest_report_header() -> str:
    """Say which servers the tests will speak to."""
    return f"servers: {described()}"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the unit tests first: their ban on sockets would strike servers of the session, too.

    Then the longest that runs in one process, so that nobody waits for it at the end.
    """
    items.sort(key=lambda item: ("unit" not in item.path.parts, "e2e" not in item.path.parts))


class Modules(LoadScopeScheduling):  # type: ignore[misc]
    """What processes beside each other are given: whole modules, and the shared cloud's as one."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return "e2e" if "/e2e/" in module else module


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Modules:
    """Give modules out in the order above."""
    config.option.loadscopereorder = False
    return Modules(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that speaks with the user, if that is another."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["servers"] = summary()


_told: set[str] = set()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear it."""
    _told.update(node.workeroutput["servers"])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which servers ran otherwise."""
    for line in sorted({*summary(), *_told}):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def pubsub_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    with serving("pubsub", tmp_path_factory.mktemp("pubsub")) as environment:
        yield environment


@pytest.fixture(scope="session")
def storage_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    with serving("storage", tmp_path_factory.mktemp("storage")) as environment:
        yield environment


@pytest.fixture(scope="session")
def bigquery_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    with serving("bigquery", tmp_path_factory.mktemp("bigquery")) as environment:
        yield environment


@pytest.fixture
def pubsub(pubsub_server: Environment, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """Clients made during the test find a Pub/Sub server."""
    return _set(pubsub_server, "PUBSUB", monkeypatch)


@pytest.fixture
def storage(storage_server: Environment, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """Clients made during the test find a Cloud Storage server."""
    return _set(storage_server, "STORAGE", monkeypatch)


@pytest.fixture
def bigquery(bigquery_server: Environment, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """Clients made during the test find a BigQuery server."""
    return _set(bigquery_server, "BIGQUERY", monkeypatch)


def _set(environment: Environment, stem: str, monkeypatch: pytest.MonkeyPatch) -> Environment:
    names = {"GOOGLE_CLOUD_PROJECT"} | {name for name in environment if name.startswith(stem)}
    chosen = {name: environment[name] for name in names}
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    return chosen
