import pytest

from infra.local.pubsub.broker import Broker
from tests.unit.pubsub.builders import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def broker(clock: Clock) -> Broker:
    return Broker(clock)
