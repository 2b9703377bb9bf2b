"""Whatever the reader takes, de-identification cleans or holds: nothing else ever happens."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from shared.dicom.deidentification import (
    BASIC,
    Deidentified,
    Held,
    HeldError,
    Option,
    Profile,
    PseudonymKey,
    deidentify,
)
from shared.dicom.limits import Limits
from shared.dicom.reader import read_header
from shared.dicom.reasons import REASONS
from shared.dicom.source import BytesSource
from shared.errors import PermanentError
from tests.fuzz.mutations import EXAMPLES, MUTATIONS, Ledger, images, mutated

KEY: Final = PseudonymKey(b"a secret that is long enough", "made-up-project")
LIMITS: Final = Limits(max_elements=20_000, max_header_bytes=1 << 20, max_inflated_bytes=1 << 20)
PROFILES: Final = (
    BASIC,
    Profile(name="most", options=frozenset(Option) - {Option.RETAIN_FULL_DATES}),
    Profile(name="dates", options=frozenset(Option) - {Option.RETAIN_MODIFIED_DATES}),
)
ledger = Ledger()


@pytest.fixture(autouse=True, scope="module")
def _ledger(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    ledger.write(Path(request.config.rootpath) / "build" / "fuzz" / "deidentify.json")


def judge(data: bytes, profile: Profile = BASIC) -> str:
    """De-identify some bytes and check what must hold of any result."""
    source = BytesSource(data)
    try:
        with ledger.entry():
            header = read_header(source, LIMITS)
    except PermanentError as error:
        return judged(error)
    with ledger.entry():
        result = deidentify(header, KEY, source, profile=profile)
    if isinstance(result, Held):
        return f"held: {result.reason.value}"
    try:
        check(result, data)
    except HeldError as error:
        return f"held: {error.reason}"
    return "deidentified"


def judged(error: PermanentError) -> str:
    """Return the reason of an error, which is one that is explained."""
    assert error.reason in REASONS
    return error.reason


def check(result: Deidentified, data: bytes) -> None:
    """Assert that the copy lies within the object and can be read."""
    copy = b"".join(result.pieces(BytesSource(data)))
    assert read_header(BytesSource(copy), LIMITS).transfer_syntax_uid


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.__name__)
def test_mutated_images(mutation: Callable[[bytearray, random.Random], None]) -> None:
    chance = random.Random(mutation.__name__)
    for index in range(EXAMPLES):
        data = bytearray(images()[index % len(images())])
        mutation(data, chance)
        changed = mutated(bytes(data), chance, mutations=chance.randrange(3))
        ledger.results[judge(changed, PROFILES[index % len(PROFILES)])] += 1


def test_unchanged_images_are_cleaned_or_held() -> None:
    for profile in PROFILES:
        assert "deidentified" in {judge(data, profile) for data in images()}
