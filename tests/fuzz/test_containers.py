"""Any bytes as an archive give members or a reason, in bounded memory.

The short form runs with every check; INLET_FUZZ_EXAMPLES sets how many mutations the long form
makes of each kind.
"""

from __future__ import annotations

import os
import random
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.containers.container import EXPANDABLE, Container, Survey
from shared.containers.limits import Allowance, ContainerLimits
from shared.containers.reasons import CONTAINER_REASONS, CONTAINER_WARNINGS
from shared.dicom.recognition import Kind
from shared.dicom.source import BytesSource
from shared.errors import PermanentError
from tests.archives import gzipped, tarred, zipped

EXAMPLES: Final = int(os.environ.get("INLET_FUZZ_EXAMPLES") or 300)
MIB: Final = 1 << 20
LIMITS: Final = ContainerLimits(
    max_entries=200, max_total_bytes=8 * MIB, max_entry_bytes=4 * MIB, max_directory_bytes=MIB
)
FILES: Final = {
    "a/b": bytes(range(256)) * 40,
    "a/c": b"",
    "d" * 120: b"long",
    "zeros": bytes(5000),
}
SAMPLES: Final = {
    Kind.ZIP: [zipped(FILES), zipped(FILES, zipfile.ZIP_STORED), zipped({})],
    Kind.TAR: [tarred(FILES), tarred(FILES, tarfile.GNU_FORMAT)],
    Kind.GZIP: [gzipped(tarred(FILES)), gzipped(FILES["a/b"]), gzipped(b"x") + gzipped(b"y")],
}
LENGTHS: Final = [0, 1, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF]

fuzzed = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def judge(data: bytes, kind: Kind) -> Survey | str:
    """Survey and expand some bytes as a container; check what must hold of any result."""
    allowance = Allowance(limits=LIMITS, sent_bytes=len(data), depth=0)
    container = Container(source=BytesSource(data), kind=kind, name="h/x.gz", allowance=allowance)
    try:
        survey = container.survey()
    except PermanentError as error:
        return _judged(error)
    names = [_taken(member.chunks, member.refusal, member.name) for member in container.members()]
    assert len(names) == len(set(names)) == survey.members
    assert set(survey.warnings) <= set(CONTAINER_WARNINGS)
    return survey


def _judged(error: PermanentError) -> str:
    assert error.reason in CONTAINER_REASONS
    assert str(error) == error.reason
    return error.reason


def _taken(chunks: object, refusal: str | None, name: str) -> str:
    assert name.encode()
    if refusal:
        assert refusal in CONTAINER_REASONS
        return name
    assert callable(chunks)
    try:
        size = sum(map(len, chunks()))
    except PermanentError as error:
        _judged(error)
    else:
        assert size <= LIMITS.max_entry_bytes
    return name


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return the sample with bytes flipped, cut, repeated, and lengths that lie."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(max(len(changed), 1))
        match chance.randrange(5):
            case 0:
                changed[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del changed[at : at + chance.randint(1, 40)]
            case 2:
                changed[at:at] = changed[at : at + chance.randint(1, 600)]
            case 3:
                changed[at : at + 4] = chance.choice(LENGTHS).to_bytes(4, "little")
            case _:
                del changed[max(at, 1) :]
    return bytes(changed)


def with_true_checksums(data: bytes) -> bytes:
    """Return a tar whose header checksums fit again, so that what else lies is looked at."""
    changed = bytearray(data)
    for start in range(0, len(changed) - 511, 512):
        block = changed[start : start + 512]
        if block[257:262] == b"ustar":
            block[148:156] = b" " * 8
            changed[start + 148 : start + 156] = b"%06o\0 " % sum(block)
    return bytes(changed)


@fuzzed
@given(st.binary(max_size=3000), st.sampled_from(sorted(EXPANDABLE)))
def test_any_bytes(data: bytes, kind: Kind) -> None:
    judge(data, kind)


@fuzzed
@given(st.binary(max_size=3000))
def test_any_bytes_compressed(data: bytes) -> None:
    judge(gzipped(data), Kind.GZIP)
    judge(gzipped(data.ljust(257, b"\0")[:257] + b"ustar\0" + data), Kind.GZIP)


@pytest.mark.parametrize("kind", SAMPLES)
def test_mutated_archives(kind: Kind) -> None:
    chance = random.Random(kind)
    results = []
    for index in range(EXAMPLES * 4):
        data = mutated(SAMPLES[kind][index % len(SAMPLES[kind])], chance)
        if kind is Kind.TAR and index % 2:
            data = with_true_checksums(data)
        results.append(judge(data, kind))
    assert {isinstance(result, Survey) for result in results} == {True, False}


def test_mutated_tars_inside_sound_compression() -> None:
    chance = random.Random(1)
    for _ in range(EXAMPLES):
        judge(gzipped(with_true_checksums(mutated(tarred(FILES), chance))), Kind.GZIP)


def _bombs() -> Iterator[tuple[Kind, bytes]]:
    yield Kind.ZIP, zipped({str(number): bytes(15 * MIB) for number in range(4)})
    squeezer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    head = tarfile.TarInfo("a")
    head.size = 300 * MIB
    data = squeezer.compress(head.tobuf())
    yield (
        Kind.GZIP,
        data + b"".join(squeezer.compress(bytes(MIB)) for _ in range(300)) + squeezer.flush(),
    )
    yield Kind.TAR, with_true_checksums(tarred({str(number): b"" for number in range(5000)}))


@pytest.mark.parametrize(("kind", "data"), tuple(_bombs()), ids=lambda each: str(each)[:4])
def test_a_bomb_costs_little_memory(kind: Kind, data: bytes) -> None:
    wide = ContainerLimits(max_total_ratio=10_000, max_entry_ratio=10_000)
    container = Container(
        source=BytesSource(data),
        kind=kind,
        name="h/x",
        allowance=Allowance(limits=wide, sent_bytes=len(data), depth=0),
    )
    tracemalloc.start()
    try:
        container.survey()
        for member in container.members():
            for _ in member.chunks():
                pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * MIB
