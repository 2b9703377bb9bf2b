"""Different bytes with the same CRC32C, for which nothing but linear algebra is needed."""

import google_crc32c

_TAIL = 4


def with_crc32c(data: bytes, crc32c: str) -> bytes:
    """Return `data` with other last four bytes, such that its checksum is the one wanted."""
    body = data[:-_TAIL]
    needed = int(crc32c, 16) ^ google_crc32c.value(body + bytes(_TAIL))
    bits = ((_change(1 << bit), 1 << bit) for bit in range(8 * _TAIL))
    basis: list[tuple[int, int]] = []  # (change of the checksum, the tail that makes it)
    for change, tail in bits:
        reduced, combined = _reduced(change, tail, basis)
        basis = sorted([*basis, (reduced, combined)], reverse=True)
    left, tail = _reduced(needed, 0, basis)
    assert left == 0
    return body + tail.to_bytes(_TAIL, "little")


def _change(tail: int) -> int:
    """Return by how much a tail changes the checksum of zeros, and of anything else as long."""
    zeros = google_crc32c.value(bytes(_TAIL))
    changed: int = google_crc32c.value(tail.to_bytes(_TAIL, "little")) ^ zeros
    return changed


def _reduced(change: int, tail: int, basis: list[tuple[int, int]]) -> tuple[int, int]:
    for known, of_tail in basis:
        if change ^ known < change:
            change, tail = change ^ known, tail ^ of_tail
    return change, tail
