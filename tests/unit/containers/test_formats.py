"""Sound archives of every format, as the standard library writes them."""

from __future__ import annotations

import io
import random
import tarfile
import zipfile
from pathlib import Path

import pytest

from shared.containers.container import Container
from shared.containers.members import CHUNK_BYTES
from tests.archives import gzipped, tar_member, tar_of, tarred, zipped
from tests.unit.containers.samples import a_container, contents, surveyed

_BYTES = random.Random(0).randbytes(CHUNK_BYTES * 2 + 17)
FILES = {
    "DICOM/IM0001": _BYTES,
    "DICOM/IM0002": bytes(CHUNK_BYTES * 3),
    "DICOM/ünïcode": b"x",
    "empty": b"",
    "a" * 200 + "/long": b"long",
    "exactly": _BYTES[:CHUNK_BYTES],
}
FORMATS = {
    "zip": zipped(FILES),
    "zip stored": zipped(FILES, zipfile.ZIP_STORED),
    "pax": tarred(FILES),
    "gnu": tarred(FILES, tarfile.GNU_FORMAT),
    "pax.gz": gzipped(tarred(FILES)),
    "gnu.gz": gzipped(tarred(FILES, tarfile.GNU_FORMAT)),
}


@pytest.mark.parametrize("data", FORMATS.values(), ids=FORMATS)
def test_every_member_comes_out_as_it_went_in(data: bytes) -> None:
    survey = surveyed(a_container(data))
    assert not isinstance(survey, str)
    assert (survey.members, survey.warnings) == (len(FILES), ())
    assert survey.total_bytes >= sum(map(len, FILES.values()))
    assert contents(a_container(data)) == FILES


@pytest.mark.parametrize("data", FORMATS.values(), ids=FORMATS)
def test_an_expansion_goes_on_from_any_member_under_the_same_names(data: bytes) -> None:
    names = [member.name for member in a_container(data).members()]
    for first in range(len(names) + 1):
        found = [(each.index, each.name) for each in a_container(data).members(first)]
        assert found == list(enumerate(names))[first:]


def test_members_that_are_not_read_are_passed_over() -> None:
    for data in FORMATS.values():
        last = list(_last_only(a_container(data)))
        assert last == [FILES["exactly"]]


def _last_only(container: Container) -> list[bytes]:
    return [
        b"".join(member.chunks())
        for member in container.members()
        if member.index == len(FILES) - 1
    ]


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("h/a/scan.dcm.gz", "scan.dcm"),
        ("h/scan", "scan"),
        ("h/.gz", "content"),
        ("h/a\nb.gz", "content"),
        (f"h/{'x' * 600}.gz", "content"),
    ],
)
def test_one_compressed_file_is_one_member_with_its_own_name(name: str, member: str) -> None:
    assert contents(a_container(gzipped(b"bytes"), name=name)) == {member: b"bytes"}


def test_parts_of_a_gzip_file_are_one() -> None:
    data = gzipped(b"one ") + gzipped(b"") + gzipped(b"two") + bytes(700)
    assert contents(a_container(data)) == {"scan.dcm": b"one two"}
    survey = surveyed(a_container(data))
    assert not isinstance(survey, str)
    assert survey.warnings == ()


def test_what_follows_compressed_data_is_told() -> None:
    survey = surveyed(a_container(gzipped(b"one") + b"something else"))
    assert not isinstance(survey, str)
    assert survey.warnings == ("container-trailing-bytes",)


def test_folders_are_no_members() -> None:
    folders = [("d/", b""), ("d/e/", b""), ("d/a", b"x")]
    assert contents(a_container(zipped(folders))) == {"d/a": b"x"}
    file = tarfile.TarInfo("d/a")
    file.size = 1
    data = tar_of([tar_member("d", tarfile.DIRTYPE), (file, b"x")])
    assert contents(a_container(data)) == {"d/a": b"x"}


def test_a_folder_with_bytes_is_a_member() -> None:
    assert contents(a_container(zipped({"d/": b"hidden"}))) == {"d": b"hidden"}


def test_an_archive_of_nothing_has_no_members() -> None:
    for data in (zipped({}), gzipped(bytes(0))):
        survey = surveyed(a_container(data))
        assert not isinstance(survey, str)
    assert contents(a_container(zipped({}))) == {}


def test_a_zip_that_was_streamed_is_read_by_its_directory() -> None:
    class Unseekable(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    buffer = Unseekable()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in FILES.items():
            archive.writestr(path, data)
    data = buffer.getvalue()
    assert b"PK\x07\x08" in data  # data descriptors
    assert contents(a_container(data)) == FILES


def test_a_zip64_is_a_zip() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, data in FILES.items():
            with archive.open(path, "w", force_zip64=True) as member:
                member.write(data)
    assert contents(a_container(buffer.getvalue())) == FILES


def test_a_zip_of_more_entries_than_16_bits_count_is_a_zip(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 3)
    data = zipped(FILES)
    assert b"PK\x06\x06" in data
    assert contents(a_container(data)) == FILES


def test_an_archive_with_a_comment_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"x")
        archive.comment = b"PK\x05\x06 as a comment, and more of it so that it looks like an end"
    assert contents(a_container(path.read_bytes())) == {"a": b"x"}


def test_a_survey_of_a_tar_reads_its_headers_only() -> None:
    data = tarred({str(number): bytes(1 << 20) for number in range(8)})
    survey = surveyed(a_container(data))
    assert not isinstance(survey, str)
    assert survey.bytes_read < len(data) / 8


def test_a_zip_is_read_once_and_in_large_pieces() -> None:
    data = zipped({str(number): bytes(1 << 20) for number in range(8)}, zipfile.ZIP_STORED)

    class Counting:
        size = len(data)
        requests = 0
        read_bytes = 0

        def read(self, offset: int, length: int) -> bytes:
            self.requests += 1
            self.read_bytes += length
            return data[offset : offset + length]

    source = Counting()
    container = a_container(source)
    source.requests = source.read_bytes = 0
    contents(container)
    assert source.requests <= 12
    assert source.read_bytes < 1.1 * len(data)
