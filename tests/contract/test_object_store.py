"""What every `ObjectStore` promises, on the memory twin and on a real server."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest

from shared.adapters.cloud_storage import CloudStorage
from shared.adapters.memory import MemoryObjectStore
from shared.contracts.objects import StoredObject
from shared.errors import FormatError, TransientError
from shared.ports import ObjectStore

NAME = "h/a folder/ünïcode & ? % #1.dcm"
DATA = bytes(range(256)) * 40


@dataclass(frozen=True)
class Buckets:
    """A store and two empty buckets of it."""

    store: ObjectStore
    inbox: str
    archive: str

    def put(self, data: bytes = DATA, name: str = NAME) -> StoredObject:
        """An object, written over whatever has the name, as an uploader would."""
        found = self.store.find(self.inbox, name)
        if found:
            self.store.delete(found.version)
        stored = self.store.write(self.inbox, name, [data])
        assert stored is not None
        return stored

    def names(self, bucket: str, prefix: str = "") -> list[str]:
        return [stored.version.name for stored in self.store.list(bucket, prefix)]


@pytest.fixture(params=["memory", "server"])
def buckets(request: pytest.FixtureRequest) -> Iterator[Buckets]:
    inbox, archive = (f"{kind}-{uuid.uuid4()}" for kind in ("inbox", "archive"))
    if request.param == "memory":
        yield Buckets(MemoryObjectStore(), inbox, archive)
        return
    environment = request.getfixturevalue("storage")
    store = CloudStorage(environment["GOOGLE_CLOUD_PROJECT"])
    for bucket in (inbox, archive):
        store._client.create_bucket(bucket)
    yield Buckets(store, inbox, archive)


def test_what_is_written_is_there(buckets: Buckets) -> None:
    stored = buckets.put()
    assert stored.size == len(DATA)
    assert buckets.store.stat(stored.version) == stored
    assert buckets.store.find(buckets.inbox, NAME) == stored
    assert buckets.store.read(stored.version, 0, len(DATA)) == DATA


@pytest.mark.parametrize(
    ("offset", "length", "expected"),
    [
        (0, 10, DATA[:10]),
        (255, 2, b"\xff\x00"),
        (len(DATA) - 3, 100, DATA[-3:]),
        (len(DATA), 10, b""),
        (len(DATA) + 5, 10, b""),
    ],
)
def test_a_range_is_exact(buckets: Buckets, offset: int, length: int, expected: bytes) -> None:
    stored = buckets.put()
    assert buckets.store.read(stored.version, offset, length) == expected


def test_an_empty_object_has_no_bytes(buckets: Buckets) -> None:
    stored = buckets.put(b"")
    assert stored.size == 0
    assert buckets.store.read(stored.version, 0, 10) == b""


def test_a_generation_that_never_was_is_gone(buckets: Buckets) -> None:
    stored = buckets.put()
    other = replace(stored.version, generation=stored.version.generation + 1)
    assert buckets.store.stat(other) is None
    assert buckets.store.find(buckets.inbox, "nothing") is None


def test_reading_a_generation_that_is_gone_is_transient(buckets: Buckets) -> None:
    stored = buckets.put()
    buckets.store.delete(stored.version)
    with pytest.raises(TransientError):
        buckets.store.read(stored.version, 0, 10)


def test_a_copy_has_the_bytes_and_its_labels(buckets: Buckets) -> None:
    source = buckets.put()
    copied = buckets.store.copy(source, buckets.archive, "x/y.dcm", {"inlet-reason": "because"})
    assert copied is not None
    assert (copied.size, copied.crc32c) == (source.size, source.crc32c)
    found = buckets.store.find(buckets.archive, "x/y.dcm")
    assert found == copied
    assert dict(found.labels) == {"inlet-reason": "because"}
    assert buckets.store.read(copied.version, 0, len(DATA)) == DATA


def test_a_copy_never_overwrites(buckets: Buckets) -> None:
    source = buckets.put()
    assert buckets.store.copy(source, buckets.archive, "x", {"first": "yes"}) is not None
    other = buckets.put(b"other bytes", "h/other")
    assert buckets.store.copy(other, buckets.archive, "x", {}) is None
    found = buckets.store.find(buckets.archive, "x")
    assert found is not None
    assert dict(found.labels) == {"first": "yes"}


def test_a_write_never_overwrites(buckets: Buckets) -> None:
    first = buckets.put()
    assert buckets.store.write(buckets.inbox, NAME, [b"other"]) is None
    assert buckets.store.find(buckets.inbox, NAME) == first


def test_of_many_at_once_one_wins(buckets: Buckets) -> None:
    sources = [buckets.put(b"bytes %d" % number, f"h/{number}") for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        copies = list(
            pool.map(lambda one: buckets.store.copy(one, buckets.archive, "x", {}), sources)
        )
    winners = [copy for copy in copies if copy is not None]
    assert len(winners) == 1
    assert buckets.store.find(buckets.archive, "x") == winners[0]


def test_copying_what_is_gone_is_transient(buckets: Buckets) -> None:
    source = buckets.put()
    buckets.store.delete(source.version)
    with pytest.raises(TransientError):
        buckets.store.copy(source, buckets.archive, "x", {})
    assert buckets.store.find(buckets.archive, "x") is None


def test_only_the_generation_named_is_deleted(buckets: Buckets) -> None:
    stored = buckets.put()
    buckets.store.delete(replace(stored.version, generation=stored.version.generation + 1))
    assert buckets.store.find(buckets.inbox, NAME) == stored
    buckets.store.delete(stored.version)
    assert buckets.store.find(buckets.inbox, NAME) is None
    buckets.store.delete(stored.version)


def test_a_list_is_in_the_order_of_names(buckets: Buckets) -> None:
    for name in ("h/b", "h/a", "c/x"):
        buckets.put(name=name)
    assert buckets.names(buckets.inbox) == ["c/x", "h/a", "h/b"]
    assert buckets.names(buckets.inbox, "h/") == ["h/a", "h/b"]


def test_a_list_begins_at_a_name_that_need_not_be_there(buckets: Buckets) -> None:
    for name in ("h/a", "h/b", "h/c", "i/a"):
        buckets.put(name=name)
    listed = [
        [stored.version.name for stored in buckets.store.list(buckets.inbox, prefix, start)]
        for prefix, start in [("", "h/b"), ("", "h/b0"), ("h/", "h/b"), ("", "j")]
    ]
    assert listed == [["h/b", "h/c", "i/a"], ["h/c", "i/a"], ["h/b", "h/c"], []]


def test_a_stream_of_chunks_becomes_one_object(buckets: Buckets) -> None:
    chunks = [bytes([number % 251]) * 700_001 for number in range(30)]
    stored = buckets.store.write(buckets.archive, "big", iter(chunks))
    assert stored is not None
    assert stored.size == sum(map(len, chunks))
    assert buckets.store.equals(stored, chunks)
    assert not buckets.store.equals(stored, [*chunks[:-1], b"other"])


def test_a_stream_that_breaks_leaves_no_object(buckets: Buckets) -> None:
    def breaking() -> Iterator[bytes]:
        yield bytes(9 << 20)
        raise TransientError("storage-read-cut-short")

    with pytest.raises(TransientError):
        buckets.store.write(buckets.archive, "half", breaking())
    assert buckets.store.find(buckets.archive, "half") is None


LABELS = {"inlet-reason": "because", "inlet-member-path": "ünïcode & more/1.dcm"}


def test_labels_are_found_wherever_the_object_is(buckets: Buckets) -> None:
    written = buckets.store.write(buckets.inbox, NAME, [DATA], LABELS)
    assert written is not None
    found = [
        written,
        buckets.store.stat(written.version),
        buckets.store.find(buckets.inbox, NAME),
        *buckets.store.list(buckets.inbox),
    ]
    assert [dict(each.labels) for each in found if each] == [LABELS] * 4


def test_labels_of_another_write_change_nothing(buckets: Buckets) -> None:
    assert buckets.store.write(buckets.inbox, NAME, [DATA], LABELS) is not None
    assert buckets.store.write(buckets.inbox, NAME, [DATA], {"other": "label"}) is None
    found = buckets.store.find(buckets.inbox, NAME)
    assert found is not None
    assert dict(found.labels) == LABELS


def test_a_copy_has_labels_of_its_own_and_none_of_its_sources(buckets: Buckets) -> None:
    source = buckets.store.write(buckets.inbox, NAME, [DATA], LABELS)
    assert source is not None
    for number, labels in enumerate([{"other": "label"}, {"inlet-reason": "else"}]):
        copied = buckets.store.copy(source, buckets.archive, f"x{number}", labels)
        assert copied is not None
        assert dict(copied.labels) == labels


def test_of_many_claims_the_first_is_told_to_all(buckets: Buckets) -> None:
    claims = [{"inlet-place": f"h/ü{number}"} for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda labels: buckets.store.claim(buckets.archive, "claims/x", labels), claims
            )
        )
    (made,) = buckets.store.list(buckets.archive, "claims/")
    assert made.size == 0
    assert dict(made.labels) in claims
    assert answers == [made] * 8
    assert {str(dict(answer.labels)) for answer in answers} == {str(dict(made.labels))}


def test_a_stream_that_is_refused_half_way_leaves_no_object(buckets: Buckets) -> None:
    def refused() -> Iterator[bytes]:
        yield bytes(100)
        raise FormatError("member-damaged")

    with pytest.raises(FormatError, match="member-damaged"):
        buckets.store.write(buckets.archive, "half", refused(), LABELS)
    assert buckets.store.find(buckets.archive, "half") is None
