"""Research copies of large objects, and the server that measurements of them are taken with."""

import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from functions.deidentify.handler import Deidentify
from shared.adapters.chunks import fingerprint
from shared.adapters.cloud_storage import UPLOAD_CHUNK_BYTES, CloudStorage
from shared.adapters.memory import ManualClock, MemoryTopic
from shared.contracts.facilities import Facilities
from shared.contracts.objects import StoredObject
from shared.contracts.outcome import OutcomeKind
from shared.dicom.deidentification.options import Option
from shared.dicom.deidentification.profile import Profile
from shared.dicom.deidentification.pseudonyms import PseudonymKey
from shared.errors import TransientError
from tests.benchmarks.object_server import PROJECT, serving_large
from tests.builders import a_dataset
from tests.large_objects import (
    LargeObject,
    a_large_compressed,
    a_large_object,
    a_large_ultrasound,
)
from tests.outcomes import an_outcome

LARGE = 64 << 20
MAX_HELD_BYTES = 5 * UPLOAD_CHUNK_BYTES
CLEANING = Profile(name="cleaning", options=frozenset({Option.CLEAN_PIXEL_DATA}))
BLACK_BYTES = 100 * 3  # of a row, left and right of the ultrasound's region


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudStorage]:
    with serving_large(tmp_path) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield CloudStorage(PROJECT)


def the_copy(store: CloudStorage, large: LargeObject) -> tuple[StoredObject, int]:
    """The research copy, and the most bytes that were held while it was made."""
    original = store.write("archive", "large", large.chunks())
    handler = Deidentify(
        objects=store,
        outcomes=MemoryTopic(),
        clock=ManualClock(),
        key=PseudonymKey(b"a secret only for tests", "test"),
        research="research",
        facilities=Facilities({}),
        profiles={"demo-hospital": CLEANING},
    )
    tracemalloc.start()
    try:
        done = handler(an_outcome(target=original))
        _, held = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert done.fields["outcome"] == OutcomeKind.DEIDENTIFIED.value
    (copy,) = store.list("research")
    return copy, held


def pixels_of(store: CloudStorage, copy: StoredObject, large: LargeObject) -> Iterator[bytes]:
    """Frame after frame of a copy."""
    size = len(large.frame)
    for number in range(large.frames, 0, -1):
        yield store.read(copy.version, copy.size - number * size, size)


def blackened(frame: bytes) -> bytes:
    """A frame of the ultrasound with only its region left."""
    row = 1024 * 3
    black = bytes(row)
    rows = [frame[at : at + row] for at in range(0, len(frame), row)]
    kept = slice(BLACK_BYTES, row - BLACK_BYTES)
    rows[80:688] = [bytes(BLACK_BYTES) + r[kept] + bytes(BLACK_BYTES) for r in rows[80:688]]
    return b"".join([black] * 80 + rows[80:688] + [black] * 80)


def test_pixel_data_that_stay_are_never_in_memory_as_a_whole(store: CloudStorage) -> None:
    large = a_large_object(a_dataset(rows=512, columns=512), LARGE)
    copy, held = the_copy(store, large)
    assert set(pixels_of(store, copy, large)) == {large.frame}
    assert held < MAX_HELD_BYTES


def test_compressed_frames_are_never_in_memory_as_a_whole(store: CloudStorage) -> None:
    large = a_large_compressed(LARGE)
    copy, held = the_copy(store, large)
    start = large.size - len(large.header) - len(large.trailer)
    pixels = store.read(copy.version, copy.size - start - len(large.trailer), start)
    assert pixels == large.frame * large.frames
    assert held < MAX_HELD_BYTES


def test_pixel_data_that_change_are_never_in_memory_as_a_whole(store: CloudStorage) -> None:
    large = a_large_ultrasound(LARGE)
    copy, held = the_copy(store, large)
    assert set(pixels_of(store, copy, large)) == {blackened(large.frame)}
    assert held < MAX_HELD_BYTES


def test_the_server_of_measurements_keeps_its_promises(store: CloudStorage) -> None:
    pieces = [bytes([number]) * (UPLOAD_CHUNK_BYTES // 2 + 1) for number in range(5)]
    whole = b"".join(pieces)
    middle = slice(UPLOAD_CHUNK_BYTES - 5, UPLOAD_CHUNK_BYTES + 5)
    stored = store.write("a", "large", pieces, {"made": "up"})
    assert stored is not None
    assert (stored.size, stored.crc32c) == fingerprint(pieces)
    assert stored == store.find("a", "large") == store.stat(stored.version)
    assert store.read(stored.version, middle.start, 10) == whole[middle]
    assert store.read(stored.version, len(whole) - 3, 10) == whole[-3:]
    assert store.read(stored.version, len(whole), 10) == b""
    assert store.write("a", "large", [b"other"]) is None
    assert [each.version.name for each in store.list("a")] == ["large"]
    store.delete(stored.version)
    assert store.find("a", "large") is None
    with pytest.raises(TransientError):
        store.read(stored.version, 0, 1)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-range": "bytes 0-4/5", "x-goog-hash": "crc32c=AAAAAA=="}, 400),
        ({"content-range": "bytes 5-9/10"}, 503),
        ({"content-range": "bytes 0-4/*"}, 308),
    ],
    ids=["another checksum", "a gap", "more to come"],
)
def test_what_is_not_whole_is_no_object(
    store: CloudStorage, headers: dict[str, str], status: int
) -> None:
    session = begun("a piece")
    answer = requests.put(session, b"bytes", headers=headers, timeout=10)
    assert answer.status_code == status
    assert store.find("a", "a piece") is None


def test_of_two_uploads_to_a_free_name_one_succeeds(store: CloudStorage) -> None:
    sessions = [begun("one name") for _ in range(2)]
    answers = [
        requests.put(session, b"bytes", headers={"content-range": "bytes 0-4/5"}, timeout=10)
        for session in sessions
    ]
    assert [answer.status_code for answer in answers] == [200, 412]
    stored = store.find("a", "one name")
    assert stored is not None
    assert str(stored.version.generation) == answers[0].json()["generation"]


def begun(name: str) -> str:
    """Where the pieces of a new upload go, if its name is free."""
    url = f"{os.environ['STORAGE_EMULATOR_HOST']}/upload/storage/v1/b/a/o"
    query = {"uploadType": "resumable", "ifGenerationMatch": "0"}
    answer = requests.post(url, params=query, json={"name": name}, timeout=10)
    return answer.headers["location"]
