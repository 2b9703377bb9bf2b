import gc
from collections.abc import Iterator

import pytest

from shared.errors import TransientError
from shared.ports import Done
from shared.runtime import log
from shared.runtime.delivery import run
from shared.runtime.memory import keep_what_is_loaded


@pytest.fixture(autouse=True)
def _as_after_a_start() -> Iterator[None]:
    log.configure("ingest", "a-project")
    gc.unfreeze()
    keep_what_is_loaded.cache_clear()
    yield
    gc.unfreeze()


def _delivered() -> None:
    run(lambda: lambda: Done("decided"))


def test_the_collector_passes_over_what_the_first_delivery_loaded() -> None:
    loaded = [object()]
    assert any(each is loaded for each in gc.get_objects())
    _delivered()
    assert not any(each is loaded for each in gc.get_objects())


def test_it_goes_on_with_what_comes_after() -> None:
    _delivered()
    later = [object()]
    _delivered()
    assert any(each is later for each in gc.get_objects())


def test_a_delivery_that_failed_has_not_loaded_all() -> None:
    def handle() -> Done:
        raise TransientError("storage-timeout")

    loaded = [object()]
    run(lambda: handle)
    assert any(each is loaded for each in gc.get_objects())
