from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from functions.notify.circuit import Circuit, Terms
from shared.adapters.memory import ManualClock

TERMS = Terms(
    failures=3,
    at_first=timedelta(seconds=10),
    at_most=timedelta(seconds=40),
    at_most_when_asked=timedelta(minutes=5),
    probe=timedelta(seconds=60),
)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def circuit(clock: ManualClock) -> Circuit:
    return Circuit(clock, TERMS)


@pytest.fixture
def after(clock: ManualClock) -> Callable[[float], None]:
    def later(seconds: float) -> None:
        clock.time += timedelta(seconds=seconds)

    return later


def _opened(circuit: Circuit) -> None:
    for _ in range(3):
        assert circuit.admits()
        circuit.failed()
    assert not circuit.admits()


def test_it_opens_after_failures_in_a_row(circuit: Circuit) -> None:
    for _ in range(5):
        circuit.failed()
        circuit.failed()
        circuit.succeeded()
        assert circuit.admits()
    _opened(circuit)


def test_one_attempt_is_let_through_after_a_while(
    circuit: Circuit, after: Callable[[float], None]
) -> None:
    _opened(circuit)
    after(9.9)
    assert not circuit.admits()
    after(0.1)
    assert [circuit.admits() for _ in range(3)] == [True, False, False]
    circuit.succeeded()
    assert [circuit.admits() for _ in range(3)] == [True, True, True]


def test_each_failed_probe_doubles_the_wait_up_to_a_bound(
    circuit: Circuit, after: Callable[[float], None]
) -> None:
    _opened(circuit)
    after(10)
    for wait in (20, 40, 40):
        assert circuit.admits()
        circuit.failed()
        after(wait - 0.1)
        assert not circuit.admits()
        after(0.1)
    assert circuit.admits()
    circuit.succeeded()
    _opened(circuit)
    after(10)
    assert circuit.admits(), "after a success it begins with the shortest wait"


def test_attempts_that_were_under_way_do_not_double_it(
    circuit: Circuit, after: Callable[[float], None]
) -> None:
    _opened(circuit)
    for _ in range(50):
        circuit.failed()
    after(10)
    assert circuit.admits()


def test_a_probe_that_never_tells_is_followed_by_another(
    circuit: Circuit, after: Callable[[float], None]
) -> None:
    _opened(circuit)
    after(10)
    assert circuit.admits()
    after(59.9)
    assert not circuit.admits()
    after(0.1)
    assert circuit.admits()


@pytest.mark.parametrize(("asked", "waits"), [(0, 0), (90, 90), (10_000, 300)])
def test_who_asks_for_time_gets_it_within_bounds(
    circuit: Circuit, after: Callable[[float], None], asked: float, waits: float
) -> None:
    circuit.failed(timedelta(seconds=asked))
    if waits:
        after(waits - 0.1)
        assert not circuit.admits()
        after(0.1)
    assert circuit.admits()


@pytest.mark.parametrize("asked", [0, 300])
def test_what_somebody_asked_for_is_not_what_is_doubled(
    circuit: Circuit, after: Callable[[float], None], asked: float
) -> None:
    circuit.failed(timedelta(seconds=asked))
    after(asked)
    assert circuit.admits()
    circuit.failed()
    after(19.9)
    assert not circuit.admits()
    after(0.1)
    assert circuit.admits()


def test_of_many_threads_one_probes(circuit: Circuit, after: Callable[[float], None]) -> None:
    _opened(circuit)
    after(10)
    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(lambda _: circuit.admits(), range(500))) == 1
