"""Any bytes give a typed result or a permanent error, within bounds."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.dicom.attributes import HOT_COLUMNS, hot_values
from shared.dicom.inspection import Inspection, inspect
from shared.dicom.limits import Limits
from shared.dicom.reasons import REASONS
from shared.dicom.source import BytesSource, WindowedSource
from shared.errors import PermanentError
from tests.builders import DEFLATED, deflated, element, item, part10
from tests.fuzz.mutations import EXAMPLES, MUTATIONS, SYNTAXES, Ledger, mutated, samples

LIMITS: Final = Limits(max_elements=20_000, max_header_bytes=1 << 20, max_inflated_bytes=1 << 20)
FIRST_WINDOWS: Final = (64 * 1024, 300)  # of one range, and of many

fuzzed = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
ledger = Ledger()


@pytest.fixture(autouse=True, scope="module")
def _ledger(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    ledger.write(Path(request.config.rootpath) / "build" / "fuzz" / "inspect.json")


def judge(data: bytes) -> Inspection | str:
    """Inspect some bytes and check what must hold of any result."""
    first_window = FIRST_WINDOWS[len(data) % len(FIRST_WINDOWS)]
    windows = WindowedSource(BytesSource(data), first_window=first_window)
    try:
        with ledger.entry():
            inspection = inspect(windows, LIMITS)
    except PermanentError as error:
        return judged(error)
    ledger.results["inspected"] += 1
    text = json.dumps(inspection.metadata, allow_nan=False, ensure_ascii=False)
    assert text.encode("utf-8")
    assert "\\u0000" not in text
    assert len(hot_values(inspection.metadata)) == len(HOT_COLUMNS)
    assert windows.bytes_read <= 4 * len(data)
    return inspection


def judged(error: PermanentError) -> str:
    """Return the reason of an error that has nothing but a reason."""
    assert error.reason in REASONS
    assert str(error) == error.reason
    ledger.results[error.reason] += 1
    return error.reason


@fuzzed
@given(st.binary(max_size=600))
def test_any_bytes(data: bytes) -> None:
    judge(data)


@fuzzed
@given(st.binary(max_size=600), st.sampled_from(SYNTAXES))
def test_any_bytes_as_a_data_set(data: bytes, syntax: str) -> None:
    judge(part10(deflated(data) if syntax == DEFLATED else data, syntax))


def test_every_sample_is_judged() -> None:
    results = [judge(data) for data in samples()]

    assert sum(isinstance(each, Inspection) for each in results) > len(results) / 2


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.__name__)
def test_mutated_objects(mutation: Callable[[bytearray, random.Random], None]) -> None:
    chance = random.Random(mutation.__name__)
    for index in range(EXAMPLES * 2):
        data = bytearray(samples()[index % len(samples())])
        mutation(data, chance)
        judge(mutated(bytes(data), chance, mutations=chance.randrange(3)))


def test_no_small_object_costs_many_elements() -> None:
    """Bytes bound work: each element needs eight bytes, whatever the nesting says."""
    chance = random.Random(1)
    for _ in range(EXAMPLES // 4):
        data = part10(
            bytes(chance.choice(item() + element(0x00400555, "UN", b"")) for _ in range(9000))
        )
        judge(data)
