"""Hostile and damaged archives, each with its decided end."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
import zlib
from struct import pack

import pytest

from tests.archives import gzipped, tar_member, tar_of, tarred, zip_entry, zip_of, zipped
from tests.unit.containers.samples import a_container, contents, surveyed

CRC = zlib.crc32(b"bytes")
SOUND = zip_entry(b"sound", b"bytes", crc32=CRC, offset=0)
AFTER = len(SOUND[0])
THREE = {"a": b"first" * 300, "b": b"second" * 300, "c": b"third" * 300}


def _beside(**changes: object) -> bytes:
    """A zip with a sound member and one that is not."""
    odd = zip_entry(b"odd", offset=AFTER, **{"data": b"bytes", "crc32": CRC, **changes})  # type: ignore[arg-type]
    return zip_of(SOUND, odd)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"flags": 0x0001}, "member-encrypted"),
        ({"flags": 0x2000}, "member-encrypted"),
        ({"method": 99}, "member-encrypted"),
        ({"method": 9}, "member-compression-unsupported"),
        ({"method": 12}, "member-compression-unsupported"),
        ({"method": 14}, "member-compression-unsupported"),
        ({"method": 93}, "member-compression-unsupported"),
        ({"mode": 0o120777}, "member-link"),
        ({"mode": 0o020666}, "member-special-file"),
        ({"mode": 0o010666}, "member-special-file"),
        ({"crc32": 1}, "member-damaged"),
        ({"size": 4}, "member-damaged"),
        ({"size": 6}, "member-damaged"),
        ({"method": 8}, "member-damaged"),
    ],
)
def test_a_zip_member_that_is_not_taken_leaves_the_others(
    changes: dict[str, object], reason: str
) -> None:
    assert contents(a_container(_beside(**changes))) == {"sound": b"bytes", "odd": reason}


def test_an_encrypted_zip_of_the_standard_tools_is_told() -> None:
    data = bytearray(zipped({"a": b"x"}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert contents(a_container(bytes(data))) == {"a": "member-encrypted"}


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_another_compression_is_told(method: int) -> None:
    assert contents(a_container(zipped({"a": b"x"}, method))) == {
        "a": "member-compression-unsupported"
    }


def test_entries_that_share_bytes_are_a_bomb() -> None:
    local, entry = SOUND
    _, other = zip_entry(b"other", b"bytes", crc32=CRC, offset=0)
    assert surveyed(a_container(zip_of((local, entry), (b"", other)))) == "members-overlap"


def test_an_entry_quoted_within_another_is_a_bomb() -> None:
    inner, inner_entry = zip_entry(b"inner", b"bytes", crc32=CRC, offset=31)
    outer, outer_entry = zip_entry(b"o", inner, crc32=zlib.crc32(inner))
    assert surveyed(a_container(zip_of((outer, outer_entry), (b"", inner_entry)))) == (
        "members-overlap"
    )


def test_an_entry_that_its_local_header_moves_into_the_next_is_refused() -> None:
    extra = b"\0" * 20
    local, _ = zip_entry(b"a", b"bytes", crc32=CRC, extra=extra)
    _, entry = zip_entry(b"a", b"bytes" + b"\0" * 20, crc32=CRC, size=5)
    after = zip_entry(b"b", b"bytes", crc32=CRC, offset=len(local))
    found = contents(a_container(zip_of((local, entry), after)))
    assert found == {"a": "members-overlap", "b": b"bytes"}


def test_an_entry_in_the_directory_is_refused() -> None:
    local, entry = zip_entry(b"a", b"bytes", stored=500)
    assert surveyed(a_container(zip_of((local, entry)))) == "members-overlap"


def test_an_entry_that_points_nowhere_is_damaged() -> None:
    other = zip_entry(b"odd", b"bytes", crc32=CRC, offset=3)
    assert surveyed(a_container(zip_of(other))) in ("members-overlap", "container-damaged")
    shifted = (bytes(8) + SOUND[0], SOUND[1])
    data = b"PK\x03\x04" + zip_of(shifted)[4:]
    assert contents(a_container(data)) == {"sound": "member-damaged"}


@pytest.mark.parametrize("count", [0, 1, 3, 500])
def test_a_directory_that_miscounts_is_read_to_its_end(count: int) -> None:
    data = zip_of(SOUND, zip_entry(b"b", b"bytes", crc32=CRC, offset=AFTER), count=count)
    assert contents(a_container(data)) == {"sound": b"bytes", "b": b"bytes"}


def test_a_zip_in_parts_is_told() -> None:
    data = bytearray(zipped({"a": b"x"}))
    data[-18] = 2
    assert surveyed(a_container(bytes(data))) == "container-split"


@pytest.mark.parametrize("at", range(5, 22))
def test_a_zip_cut_short_is_damaged(at: int) -> None:
    data = zipped(THREE)
    assert surveyed(a_container(data[: len(data) * at // 22 - 1])) == "container-damaged"


@pytest.mark.parametrize("offset", [0, 2**32 - 1, 2**63])
def test_a_zip64_end_that_points_astray_is_damaged(offset: int) -> None:
    data = zip_of(SOUND)
    locator = pack("<4sLQL", b"PK\x06\x07", 0, offset, 1)
    end = pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert surveyed(a_container(data[:-22] + locator + end)) == "container-damaged"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (tarfile.SYMTYPE, "member-link"),
        (tarfile.LNKTYPE, "member-link"),
        (tarfile.CHRTYPE, "member-special-file"),
        (tarfile.BLKTYPE, "member-special-file"),
        (tarfile.FIFOTYPE, "member-special-file"),
        (tarfile.GNUTYPE_SPARSE, "member-special-file"),
        (b"V", "member-special-file"),
    ],
)
def test_what_is_no_file_in_a_tar_leaves_the_others(kind: bytes, reason: str) -> None:
    file = tarfile.TarInfo("sound")
    file.size = 5
    data = tar_of([tar_member("odd", kind, "/etc/passwd"), (file, b"bytes")])
    assert contents(a_container(data)) == {"odd": reason, "sound": b"bytes"}
    assert contents(a_container(gzipped(data))) == {"odd": reason, "sound": b"bytes"}


def test_a_sparse_file_of_pax_is_told() -> None:
    info = tarfile.TarInfo("odd")
    info.pax_headers = {"GNU.sparse.major": "1"}
    assert contents(a_container(tar_of([(info, b"")]))) == {"odd": "member-special-file"}


@pytest.mark.parametrize("path", ["../a", "/a", "a/../../b", "C:\\a", "a\nb"])
@pytest.mark.parametrize("form", [zipped, tarred])
def test_a_path_that_leads_out_leaves_the_others(path: str, form: type) -> None:
    data = form({path: b"x", "sound": b"bytes"})
    assert contents(a_container(data)) == {"!0": "member-path-unsafe", "sound": b"bytes"}


def test_a_path_hidden_behind_a_nul_is_told() -> None:
    data = _beside()
    assert contents(a_container(data.replace(b"odd", b"o\0d"))) == {
        "sound": b"bytes",
        "!1": "member-path-unsafe",
    }


def test_a_tar_cut_short_is_expanded_as_far_as_it_goes() -> None:
    data = tarred(THREE)
    for cut in range(600, len(data), 200):
        container = a_container(data[:cut])
        found, survey = contents(container), surveyed(container)
        whole = {path: content for path, content in found.items() if isinstance(content, bytes)}
        assert whole.items() <= THREE.items()
        assert set(found.values()) - set(whole.values()) <= {"member-damaged"}
        assert not isinstance(survey, str)
        assert survey.members == len(found)


def test_a_compressed_tar_cut_short_is_expanded_as_far_as_it_goes() -> None:
    content = {name: bytes(range(256)) * 2000 for name in "abc"}
    data = gzip.compress(tarred(content), 0)
    found = contents(a_container(data[: len(data) // 2]))
    assert found == {"a": content["a"], "b": "member-damaged"}
    survey = surveyed(a_container(data[: len(data) // 2]))
    assert not isinstance(survey, str)
    assert survey.warnings == ("container-cut-short",)


@pytest.mark.parametrize("at", [-6, -2, -4000, 1_000_000])
def test_a_compressed_tar_whose_checksum_does_not_fit_is_refused_whole(at: int) -> None:
    content = {name: bytes(range(256)) * 2000 for name in "abc"}
    data = bytearray(gzip.compress(tarred(content), 0))
    data[at] ^= 1
    assert surveyed(a_container(bytes(data))) == "container-damaged"


@pytest.mark.parametrize("cut", [-1, -8])
def test_a_compressed_tar_without_its_checksum_is_told(cut: int) -> None:
    container = a_container(gzipped(tarred(THREE))[:cut])
    survey = surveyed(container)
    assert not isinstance(survey, str)
    assert survey.warnings == ("container-cut-short",)
    assert contents(container) == THREE


@pytest.mark.parametrize("cut", [2, 9, 20, -9, -1])
def test_one_compressed_file_cut_short_is_damaged(cut: int) -> None:
    data = gzipped(bytes(range(256)) * 50)
    assert surveyed(a_container(data[:cut])) == "container-damaged"


@pytest.mark.parametrize("field", [slice(124, 136), slice(148, 156), slice(0, 1)])
def test_a_tar_header_that_does_not_fit_its_checksum_is_damaged(field: slice) -> None:
    data = bytearray(tarred({"a": b"x"}))
    data[field] = b"\x99" * (field.stop - field.start)
    assert surveyed(a_container(bytes(data))) == "container-damaged"


@pytest.mark.parametrize(
    "records", [b"8 path=a\n", b"0 a=b\n", b"x", b"9 size=-1\n", b"999999999 a=b\n", b"5 =b\n"]
)
def test_a_pax_header_that_lies_is_damaged(records: bytes) -> None:
    info = tarfile.TarInfo("p")
    info.type, info.size = tarfile.XHDTYPE, len(records)
    blocks = info.tobuf() + records.ljust(512, b"\0")
    assert surveyed(a_container(blocks + tarred({"a": b"x"}))) == "container-damaged"


def test_half_of_the_members_bad_leaves_the_other_half() -> None:
    entries, position, expected = [], 0, {}
    for number in range(20):
        odd = number % 2
        entry = zip_entry(b"%d" % number, b"bytes", crc32=CRC ^ odd, offset=position)
        position += len(entry[0])
        entries.append(entry)
        expected[str(number)] = "member-damaged" if odd else b"bytes"
    assert contents(a_container(zip_of(*entries))) == expected


def test_a_zip_within_a_zip_is_one_member() -> None:
    inner = zipped({"a": b"x"})
    assert contents(a_container(zipped({"inner.zip": inner}, zipfile.ZIP_STORED))) == {
        "inner.zip": inner
    }


def test_memory_follows_the_chunk_and_not_the_member() -> None:
    chunks = io.BytesIO()
    with zipfile.ZipFile(chunks, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(12 << 20))
    (member,) = a_container(chunks.getvalue()).members()
    assert max(map(len, member.chunks())) <= 256 * 1024
