"""What Cloud Storage is asked in production, word by word, and what is made of its answers."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain, repeat

import pytest
import requests

from shared.adapters.chunks import fingerprint
from shared.adapters.cloud_storage import UPLOAD_CHUNK_BYTES, CloudStorage
from shared.contracts.objects import ObjectVersion, StoredObject
from shared.errors import FormatError, TransientError
from tests.unit.adapters.wire import Answer, Asked, Script, a_resource, connected, ok, refused

NAME = "h/PLANTED^NAME ü #1"
DATA = b"the bytes of an object"
VERSION = ObjectVersion(bucket="inbox", name=NAME, generation=5)
SIZE, CRC32C = fingerprint([DATA])
SOURCE = StoredObject(
    version=VERSION, size=SIZE, crc32c=CRC32C, created=datetime(2026, 1, 2, tzinfo=UTC)
)
COPY = a_resource("archive", "h/1.dcm", DATA)
SESSION = Answer(headers={"location": "https://storage.googleapis.com/upload?upload_id=1"})
GONE, TAKEN = refused(404, NAME), refused(412, NAME)

Connect = Callable[[Script], tuple[CloudStorage, list[Asked]]]


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    return lambda script: connected(monkeypatch, script)


def _rewritten(resource: dict[str, object] | None = None, token: str = "") -> Answer:
    progress = {"done": not token, "totalBytesRewritten": "1", "objectSize": str(SIZE)}
    return ok(progress | ({"rewriteToken": token} if token else {"resource": resource or COPY}))


def _copy(store: CloudStorage) -> StoredObject | None:
    return store.copy(SOURCE, "archive", "h/1.dcm", {"inlet-reason": "because"})


def test_a_copy_is_made_of_one_generation_and_only_under_a_free_name(connect: Connect) -> None:
    store, asked = connect([_rewritten()])
    copied = _copy(store)
    (request,) = asked
    assert request.method == "POST"
    assert request.path == f"/storage/v1/b/inbox/o/{NAME}/rewriteTo/b/archive/o/h/1.dcm"
    assert request.query["ifGenerationMatch"] == "0"
    assert request.query["sourceGeneration"] == "5"
    assert request.json == {
        "contentType": "application/dicom",
        "metadata": {"inlet-reason": "because"},
    }
    assert copied is not None
    assert copied.version == ObjectVersion(bucket="archive", name="h/1.dcm", generation=77)
    assert (copied.size, copied.crc32c) == (SIZE, CRC32C)


def test_a_copy_that_takes_several_calls_is_carried_to_its_end(connect: Connect) -> None:
    store, asked = connect([_rewritten(token="one"), _rewritten(token="two"), _rewritten()])
    assert _copy(store) is not None
    assert [request.query.get("rewriteToken") for request in asked] == [None, "one", "two"]
    conditions = [(r.query["ifGenerationMatch"], r.query["sourceGeneration"]) for r in asked]
    assert conditions == [("0", "5")] * 3


@pytest.mark.parametrize("before", [[], [_rewritten(token="one")]], ids=["at once", "half way"])
def test_a_copy_whose_name_is_taken_is_none(connect: Connect, before: list[Answer]) -> None:
    store, _ = connect([*before, TAKEN])
    assert _copy(store) is None


@pytest.mark.parametrize("data", [DATA[::-1], DATA + b"!"], ids=["checksum", "size"])
def test_a_copy_with_other_bytes_is_never_accepted(connect: Connect, data: bytes) -> None:
    store, _ = connect([_rewritten(a_resource("archive", "h/1.dcm", data))])
    with pytest.raises(TransientError, match=r"^storage-copy-differs$"):
        _copy(store)


def test_a_copy_with_another_size_is_never_accepted(connect: Connect) -> None:
    store, _ = connect([_rewritten(COPY | {"size": str(SIZE + 1)})])
    with pytest.raises(TransientError, match=r"^storage-copy-differs$"):
        _copy(store)


def test_copying_what_is_gone_is_transient(connect: Connect) -> None:
    store, _ = connect([GONE])
    with pytest.raises(TransientError, match=r"^storage-not-found$"):
        _copy(store)


def test_a_new_object_is_written_only_under_a_free_name(connect: Connect) -> None:
    resource = a_resource("research", "1.dcm", DATA)
    store, asked = connect([SESSION, ok(resource | {"metadata": {"a": "b"}})])
    written = store.write("research", "1.dcm", [DATA[:5], DATA[5:]], {"a": "b"})
    start, only = asked
    assert (start.method, start.path) == ("POST", "/upload/storage/v1/b/research/o")
    assert start.query == {"uploadType": "resumable", "ifGenerationMatch": "0"}
    assert start.json == {
        "name": "1.dcm",
        "contentType": "application/dicom",
        "metadata": {"a": "b"},
    }
    assert start.headers["x-upload-content-type"] == "application/dicom"
    assert (only.method, only.body) == ("PUT", DATA)
    assert only.headers["content-range"] == f"bytes 0-{SIZE - 1}/{SIZE}"
    assert only.headers["x-goog-hash"].startswith("crc32c=")
    assert written is not None
    assert (written.version.generation, written.crc32c) == (77, CRC32C)
    assert written.labels == {"a": "b"}


def test_a_large_object_goes_piece_by_piece(connect: Connect) -> None:
    pieces = [bytes([number]) * (UPLOAD_CHUNK_BYTES // 2) for number in range(5)]
    whole = b"".join(pieces)
    resource = ok(a_resource("research", "1.dcm", whole))
    more = [
        Answer(308, headers={"range": f"bytes=0-{number * UPLOAD_CHUNK_BYTES - 1}"})
        for number in (1, 2)
    ]
    store, asked = connect([SESSION, *more, resource])
    assert store.write("research", "1.dcm", pieces) is not None
    sent = asked[1:]
    assert b"".join(request.body for request in sent) == whole
    assert [len(request.body) for request in sent[:-1]] == [UPLOAD_CHUNK_BYTES] * 2
    ends = [request.headers["content-range"].rpartition("/")[2] for request in sent]
    assert ends == ["*", "*", str(len(whole))]


@pytest.mark.parametrize("before", [[], [SESSION]], ids=["at once", "at its end"])
def test_a_new_object_whose_name_is_taken_is_none(connect: Connect, before: list[Answer]) -> None:
    store, _ = connect([*before, TAKEN])
    assert store.write("research", "1.dcm", [DATA]) is None


def test_an_upload_whose_source_breaks_is_never_finished(connect: Connect) -> None:
    def breaking() -> Iterator[bytes]:
        yield bytes(UPLOAD_CHUNK_BYTES + 1)
        raise FormatError("member-damaged")

    taken = Answer(308, headers={"range": f"bytes=0-{UPLOAD_CHUNK_BYTES - 1}"})
    store, asked = connect(chain([SESSION], repeat(taken)))
    with pytest.raises(FormatError, match=r"^member-damaged$"):
        store.write("quarantine", "staging/x", breaking())
    ranges = [request.headers.get("content-range", "/*") for request in asked]
    assert {each.rpartition("/")[2] for each in ranges} == {"*"}


def test_exactly_one_generation_is_deleted(connect: Connect) -> None:
    store, asked = connect([Answer(204)])
    store.delete(VERSION)
    (request,) = asked
    assert (request.method, request.path) == ("DELETE", f"/storage/v1/b/inbox/o/{NAME}")
    assert (request.query["generation"], request.query["ifGenerationMatch"]) == ("5", "5")


@pytest.mark.parametrize("answer", [GONE, TAKEN], ids=["gone", "another generation"])
def test_what_is_gone_is_deleted_already(connect: Connect, answer: Answer) -> None:
    store, asked = connect([answer])
    store.delete(VERSION)
    assert len(asked) == 1


def test_exactly_the_bytes_asked_for_are_read_of_exactly_the_generation(connect: Connect) -> None:
    store, asked = connect([Answer(206, DATA[3:8], {"content-range": f"bytes 3-7/{SIZE}"})])
    assert store.read(VERSION, 3, 5) == DATA[3:8]
    (request,) = asked
    assert (request.method, request.path) == ("GET", f"/download/storage/v1/b/inbox/o/{NAME}")
    assert request.headers["range"] == "bytes=3-7"
    assert (request.query["generation"], request.query["alt"]) == ("5", "media")


def test_an_object_that_is_stored_compressed_is_read_as_it_is_stored(connect: Connect) -> None:
    stored = b"\x1f\x8b no gzip at all"
    store, asked = connect([Answer(206, stored, {"content-encoding": "gzip"})])
    assert store.read(VERSION, 0, len(stored)) == stored
    assert "gzip" in asked[0].headers["accept-encoding"]


def test_behind_the_end_there_are_no_bytes(connect: Connect) -> None:
    store, _ = connect([refused(416)])
    assert store.read(VERSION, 100, 5) == b""


def test_reading_what_is_gone_is_transient(connect: Connect) -> None:
    store, _ = connect([GONE])
    with pytest.raises(TransientError, match=r"^storage-not-found$"):
        store.read(VERSION, 0, 5)


def test_a_connection_that_breaks_in_the_middle_of_a_read_changes_no_byte(connect: Connect) -> None:
    store, asked = connect([Answer(206, DATA[3:5], cut=True), Answer(206, DATA[3:8])])
    assert store.read(VERSION, 3, 5) == DATA[3:8]
    assert [request.headers["range"] for request in asked] == ["bytes=3-7", "bytes=3-7"]
    assert [request.query["generation"] for request in asked] == ["5", "5"]


def test_one_generation_is_looked_at(connect: Connect) -> None:
    resource = a_resource("inbox", NAME, DATA, generation="5", metadata={"inlet-reason": "because"})
    store, asked = connect([ok(resource)])
    stored = store.stat(VERSION)
    assert stored == replace(SOURCE, created=datetime(2026, 1, 2, 3, 4, 5, 678000, UTC))
    assert dict(stored.labels) == {"inlet-reason": "because"}
    assert asked[0].query["generation"] == "5"


def test_what_is_gone_is_none(connect: Connect) -> None:
    store, _ = connect([GONE])
    assert store.stat(VERSION) is None


def test_a_name_is_looked_at_whatever_its_generation(connect: Connect) -> None:
    store, asked = connect([ok(a_resource("archive", "x", DATA)), GONE])
    found = store.find("archive", "x")
    assert found is not None
    assert found.version.generation == 77
    assert "generation" not in asked[0].query
    assert store.find("archive", "x") is None


def test_a_list_is_read_to_its_end(connect: Connect) -> None:
    pages: list[dict[str, object]] = [
        {"items": [a_resource("inbox", "a", DATA)], "nextPageToken": "next"},
        {"items": [a_resource("inbox", "b", DATA)]},
    ]
    store, asked = connect([ok(page) for page in pages])
    assert [stored.version.name for stored in store.list("inbox", "h/")] == ["a", "b"]
    assert [request.query.get("pageToken") for request in asked] == [None, "next"]
    assert {request.query["prefix"] for request in asked} == {"h/"}


CALLS: dict[str, Callable[[CloudStorage], object]] = {
    "stat": lambda store: store.stat(VERSION),
    "find": lambda store: store.find("inbox", NAME),
    "read": lambda store: store.read(VERSION, 0, 5),
    "copy": _copy,
    "write": lambda store: store.write("research", NAME, [DATA]),
    "delete": lambda store: store.delete(VERSION),
    "list": lambda store: list(store.list("inbox", NAME)),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("status", "reason"), [(403, "storage-forbidden"), (400, "storage-refused")]
)
def test_what_the_service_refuses_is_tried_again_later(
    connect: Connect, call: str, status: int, reason: str
) -> None:
    store, asked = connect(repeat(refused(status, NAME)))
    with pytest.raises(TransientError) as caught:
        CALLS[call](store)
    assert caught.value.reason == reason
    assert "PLANTED" not in f"{caught.value!r} {caught.value}"
    assert len(asked) == 1


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "failure",
    [
        refused(429, NAME),
        refused(500, NAME),
        refused(503, NAME),
        requests.ReadTimeout(NAME),
        requests.ConnectionError(NAME),
    ],
    ids=["429", "500", "503", "timeout", "connection"],
)
def test_what_does_not_pass_is_tried_again_and_in_the_end_transient(
    connect: Connect, call: str, failure: Answer | Exception
) -> None:
    store, asked = connect(repeat(failure))
    with pytest.raises(TransientError) as caught:
        CALLS[call](store)
    assert caught.value.reason.startswith("storage-")
    assert "PLANTED" not in f"{caught.value!r} {caught.value}"
    assert len(asked) > 1
    assert len({json.dumps([one.method, one.path, dict(one.query)]) for one in asked}) == 1


@pytest.mark.parametrize(
    "blip", [refused(503), refused(429), requests.ConnectionError()], ids=["503", "429", "reset"]
)
def test_a_blip_is_not_noticed(connect: Connect, blip: Answer | Exception) -> None:
    store, asked = connect([blip, _rewritten()])
    assert _copy(store) is not None
    assert [request.query["ifGenerationMatch"] for request in asked] == ["0", "0"]


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (refused(429), "storage-throttled"),
        (refused(500), "storage-unavailable"),
        (refused(503), "storage-unavailable"),
        (requests.ReadTimeout(), "storage-timeout"),
        (requests.ConnectionError(), "storage-unreachable"),
    ],
)
def test_what_lasts_keeps_its_reason(
    connect: Connect, failure: Answer | Exception, reason: str
) -> None:
    store, _ = connect(repeat(failure))
    with pytest.raises(TransientError, match=reason):
        store.stat(VERSION)


def test_an_upload_that_arrived_otherwise_is_transient(connect: Connect) -> None:
    other = ok(a_resource("research", "1.dcm", b"other"))
    store, _ = connect([SESSION, other, Answer(204)])
    with pytest.raises(TransientError, match=r"^storage-write-differs$"):
        store.write("research", "1.dcm", [DATA])


def test_a_chunk_that_is_kept_in_part_is_transient(connect: Connect) -> None:
    half = Answer(308, headers={"range": f"bytes=0-{UPLOAD_CHUNK_BYTES // 2 - 1}"})
    store, _ = connect([SESSION, *repeat(half, 9)])
    with pytest.raises(TransientError, match=r"^storage-upload-broken$"):
        store.write("research", "1.dcm", [bytes(UPLOAD_CHUNK_BYTES)] * 2)


@pytest.mark.parametrize(
    ("no_proxy", "expected"),
    [("", "http://proxy.example:3128"), ("googleapis.com", None)],
    ids=["proxy", "exempted"],
)
def test_the_environment_is_read_when_the_adapter_is_made_and_no_more(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, no_proxy: str, expected: str | None
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/authorities.pem")
    store, _ = connect([])
    monkeypatch.setenv("HTTPS_PROXY", "http://another.example:3128")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/others.pem")

    url = "https://storage.googleapis.com/storage/v1/b/inbox"
    used = store._client._http.merge_environment_settings(url, {}, None, None, None)
    assert used["proxies"].get("https") == expected
    assert used["verify"] == "/authorities.pem"
