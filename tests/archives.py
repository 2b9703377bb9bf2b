"""Made-up archives for tests: sound ones by the standard library, hostile ones by hand."""

from __future__ import annotations

import gzip
import io
import tarfile
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from struct import pack
from typing import Final

Files = Mapping[str, bytes] | Iterable[tuple[str, bytes]]
_MOMENT: Final = (2024, 1, 31, 8, 15, 30)
UNIX: Final = 3


def _pairs(files: Files) -> Iterable[tuple[str, bytes]]:
    return files.items() if isinstance(files, Mapping) else files


def zipped(files: Files, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive; paths may repeat."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", compression) as archive:
        warnings.simplefilter("ignore")  # of a path that repeats
        for path, data in _pairs(files):
            info = zipfile.ZipInfo("x", _MOMENT)
            info.filename, info.compress_type = path, compression  # as given, not as cleaned
            archive.writestr(info, data)
    return buffer.getvalue()


def tarred(files: Files, format_: int = tarfile.PAX_FORMAT) -> bytes:
    """Return a tar archive; paths may repeat."""
    return _tar(((_file(path, data), data) for path, data in _pairs(files)), format_)


def tar_of(members: Iterable[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """Return a tar archive of headers as they are given."""
    return _tar(members, tarfile.PAX_FORMAT)


def tar_member(path: str, kind: bytes, link: str = "") -> tuple[tarfile.TarInfo, bytes]:
    """Return a member that is no plain file."""
    info = tarfile.TarInfo(path)
    info.type, info.linkname = kind, link
    return info, b""


def gzipped(data: bytes) -> bytes:
    """Return a gzip file, the same for the same bytes."""
    return gzip.compress(data, mtime=0)


def zip_entry(
    path: bytes = b"a",
    data: bytes = b"",
    *,
    size: int | None = None,
    stored: int | None = None,
    offset: int = 0,
    flags: int = 0,
    method: int = 0,
    crc32: int = 0,
    mode: int = 0,
    extra: bytes = b"",
) -> tuple[bytes, bytes]:
    """Return a local header with its data, and its entry of the directory; everything may lie."""
    size = len(data) if size is None else size
    stored = len(data) if stored is None else stored
    common = pack("<4H3L2H", flags, method, 0, 0, crc32, stored, size, len(path), len(extra))
    local = b"PK\x03\x04" + pack("<H", 45) + common + path + extra + data
    entry = (
        b"PK\x01\x02"
        + pack("<2H", UNIX << 8 | 45, 45)
        + common
        + pack("<3H2L", 0, 0, 0, mode << 16, offset)
        + path
        + extra
    )
    return local, entry


def zip_of(
    *entries: tuple[bytes, bytes], count: int | None = None, start: int | None = None
) -> bytes:
    """Return a zip archive of hand-made entries."""
    body = b"".join(local for local, _ in entries)
    directory = b"".join(entry for _, entry in entries)
    count = len(entries) if count is None else count
    start = len(body) if start is None else start
    end = b"PK\x05\x06" + pack("<4H2LH", 0, 0, count, count, len(directory), start, 0)
    return body + directory + end


def _file(path: str, data: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(path)
    info.size = len(data)
    return info


def _tar(members: Iterable[tuple[tarfile.TarInfo, bytes]], format_: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format_) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()
