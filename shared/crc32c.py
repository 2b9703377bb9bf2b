"""CRC32C of bytes, and of bytes that were never read, by the linearity of the checksum.

A CRC is the remainder of its message, a polynomial over GF(2), divided by a fixed one, here
Castagnoli's (RFC 3720, Section 12.1). To append n bytes multiplies the message by x^8n, so that

    crc(A + B) = crc(A) * x^8n + crc(B)        n = len(B)

where the first and last complements of CRC32C cancel out. Of the three checksums any two give the
third: sum is exclusive or, and as x has a finite order, to divide by a power of it is to multiply
by another. The method is that of zlib's `crc32_combine` (Mark Adler).
"""

from typing import Final

import google_crc32c

# In the bit order of the checksum: the highest bit is the coefficient of x^0.
_POLYNOMIAL: Final = 0x82F63B78  # without x^32
_ONE: Final = 1 << 31
_X: Final = 1 << 30
_ORDER_OF_X: Final = 2**31 - 1  # the polynomial is x + 1 times a primitive one of degree 31


def crc32c(data: bytes) -> int:
    """Return the checksum of some bytes."""
    return extend(0, data)


def extend(crc: int, data: bytes) -> int:
    """Return the checksum of bytes whose checksum is `crc`, followed by `data`."""
    extended: int = google_crc32c.extend(crc, data)
    return extended


def joined(crc_a: int, crc_b: int, len_b: int) -> int:
    """Return the checksum of A + B; lengths are in bytes."""
    return _product(crc_a, _power_of_x(8 * len_b)) ^ crc_b


def without_prefix(crc_ab: int, crc_a: int, len_b: int) -> int:
    """Return the checksum of B from those of A + B and A."""
    return joined(crc_a, crc_ab, len_b)


def without_suffix(crc_ab: int, crc_b: int, len_b: int) -> int:
    """Return the checksum of A from those of A + B and B."""
    return _product(crc_ab ^ crc_b, _power_of_x(-8 * len_b))


def _power_of_x(exponent: int) -> int:
    """Return x to any power, a negative one included, modulo the polynomial."""
    left = exponent % _ORDER_OF_X
    power, square = _ONE, _X
    while left:
        if left & 1:
            power = _product(power, square)
        square = _product(square, square)
        left >>= 1
    return power


def _product(a: int, b: int) -> int:
    """Return the product of two polynomials modulo the polynomial."""
    product = 0
    for bit in range(31, -1, -1):
        if a >> bit & 1:
            product ^= b
        b = b >> 1 ^ (_POLYNOMIAL if b & 1 else 0)
    return product
