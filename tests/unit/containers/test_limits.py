from __future__ import annotations

import io
import tarfile
import zlib
from dataclasses import fields
from struct import pack

import pytest

from shared.containers.limits import (
    CONTAINER_LIMITS,
    DEFAULT_CONTAINER_LIMITS,
    GIB,
    ContainerEffect,
    ContainerLimit,
    ContainerLimits,
)
from shared.containers.reasons import CONTAINER_REASONS
from shared.dicom.limits import KIB, MIB
from shared.dicom.reasons import REASONS
from tests.archives import gzipped, tar_of, tarred, zip_entry, zip_of, zipped
from tests.unit.containers.samples import a_container, contents, surveyed

REFUSED_WHOLE = [
    each for each in CONTAINER_LIMITS if each.effect is ContainerEffect.CONTAINER_REFUSED
]
REFUSED_ALONE = [each for each in CONTAINER_LIMITS if each.effect is ContainerEffect.MEMBER_REFUSED]


def _claiming(size: int) -> bytes:
    """A zip of one member that claims a size, in the 64-bit form."""
    extra = pack("<2HQ", 1, 8, size)
    return zip_of(zip_entry(data=b"x", size=0xFFFFFFFF, extra=extra, method=8))


def _large_directory() -> bytes:
    directory = bytes(17 * MIB)
    end = pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), 4, 0)
    return b"PK\x03\x04" + directory + end


def _many(count: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for number in range(count):
            archive.addfile(tarfile.TarInfo(str(number)))
    return buffer.getvalue()


def _long_header() -> bytes:
    info = tarfile.TarInfo("a")
    info.pax_headers = {"comment": "x" * 70 * KIB}
    return tar_of([(info, b"")])


def _spread(size: int, count: int) -> bytes:
    """A zip of members that claim a size each and lie far enough apart not to overlap."""
    local, _ = zip_entry(b"0")
    entries = []
    for number in range(count):
        name = b"%d" % number
        extra = pack("<2H2Q", 1, 16, size, 1)
        _, entry = zip_entry(
            name, size=0xFFFFFFFF, stored=1, method=8, offset=number * 64, extra=extra
        )
        entries.append((local.ljust(64, b"\0"), entry))
    return zip_of(*entries)


HITS = {
    "max_entries": _many(20_001),
    "max_total_bytes": _spread(7 * GIB, 3),
    "max_total_ratio": zipped({str(number): bytes(15 * MIB) for number in range(5)}),
    "max_directory_bytes": _large_directory(),
    "max_extended_header_bytes": _long_header(),
    "max_entry_bytes": _claiming(9 * GIB),
    "max_entry_ratio": zipped({"a": bytes(20 * MIB)}),
    "max_path_bytes": tarred({"d/" * 300 + "a": b"x"}),
}
RELAXED = {
    "max_total_bytes": ContainerLimits(max_total_ratio=10**9, max_entry_ratio=10**12),
    "max_entry_bytes": ContainerLimits(max_entry_ratio=10**12),
}


def test_the_table_has_every_limit_with_its_default() -> None:
    expected = [
        (field.name, getattr(DEFAULT_CONTAINER_LIMITS, field.name))
        for field in fields(ContainerLimits)
    ]
    assert [(limit.field, limit.default) for limit in CONTAINER_LIMITS] == expected


def test_every_limit_has_a_reason_and_an_archive_that_hits_it() -> None:
    assert {limit.field for limit in CONTAINER_LIMITS} == {*HITS, "max_nesting"}
    assert {limit.reason for limit in CONTAINER_LIMITS} <= set(CONTAINER_REASONS)
    assert set(CONTAINER_REASONS) & set(REASONS) == set()


@pytest.mark.parametrize(
    "limit", [each for each in REFUSED_WHOLE if each.field in HITS], ids=lambda each: each.field
)
def test_a_container_that_exceeds_a_limit_is_refused_whole(limit: ContainerLimit) -> None:
    limits = RELAXED.get(limit.field, DEFAULT_CONTAINER_LIMITS)
    assert surveyed(a_container(HITS[limit.field], limits)) == limit.reason


@pytest.mark.parametrize("limit", REFUSED_ALONE, ids=lambda each: each.field)
def test_a_member_that_exceeds_a_limit_is_refused_alone(limit: ContainerLimit) -> None:
    limits = RELAXED.get(limit.field, DEFAULT_CONTAINER_LIMITS)
    container = a_container(HITS[limit.field], limits)
    assert not isinstance(surveyed(container), str)
    assert list(contents(container).values()) == [limit.reason]


@pytest.mark.parametrize(("depth", "taken"), [(0, True), (1, True), (2, False), (3, False)])
def test_two_containers_deep_are_expanded_and_no_more(depth: int, *, taken: bool) -> None:
    found = surveyed(a_container(zipped({"a": b"x"}), depth=depth))
    assert (found != "containers-too-deep") is taken


def test_a_compressed_tar_bomb_is_refused_as_soon_as_it_shows() -> None:
    bomb = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    head = tarfile.TarInfo("a")
    head.size = 4 * GIB
    data = bomb.compress(head.tobuf())
    data += b"".join(bomb.compress(bytes(MIB)) for _ in range(100)) + bomb.flush()
    assert len(data) < 200 * KIB
    assert surveyed(a_container(data)) == "expansion-ratio-too-high"


def test_blank_images_are_no_bomb() -> None:
    data = {str(number): bytes(3 * MIB) for number in range(5)}
    assert contents(a_container(zipped(data))) == data
    assert contents(a_container(gzipped(tarred(data)))) == data


def test_nesting_multiplies_nothing() -> None:
    """A nested container is judged by what was sent of it, not by what it was inflated to."""
    inner = zipped({"a": bytes(3 * MIB)})
    assert not isinstance(surveyed(a_container(inner, depth=1)), str) or len(inner) < 31 * KIB
    assert surveyed(a_container(inner, depth=1, sent_bytes=100)) == "expansion-ratio-too-high"


def test_a_nested_container_of_few_bytes_has_few_entries() -> None:
    assert surveyed(a_container(_many(200), depth=1, sent_bytes=100)) == "too-many-members"
    assert not isinstance(surveyed(a_container(_many(200))), str)
