"""A name in the inbox is taken until what lies there is decided; our own upload is known again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core.exceptions import Forbidden, PreconditionFailed

from infra.local import drop as module
from infra.local.drop import Inbox, Result, Upload, uploads_of

UPLOAD = Upload(name="demo-clinic/x", content=b"bytes")


class Bucket:
    """An inbox in which a name is taken for some tries, or an answer is lost once."""

    def __init__(self, *, taken_for: int = 0, answer_lost: bool = False) -> None:
        self.name = "inbox"
        self.tries = 0
        self._taken_for = taken_for
        self._answer_lost = answer_lost
        self._stored: Any = None

    def blob(self, name: str) -> Any:
        blob = SimpleNamespace(name=name, metadata=None, generation=None, bucket=self)
        blob.upload_from_string = lambda *_, **__: self._upload(blob)
        return blob

    def get_blob(self, name: str) -> Any:
        if self.tries <= self._taken_for:
            return SimpleNamespace(
                name=name, metadata={"other": "upload"}, generation=1, bucket=self
            )
        return self._stored

    def _upload(self, blob: Any) -> None:
        self.tries += 1
        if self.tries <= self._taken_for:
            raise PreconditionFailed("taken")
        blob.generation = 7
        self._stored = blob
        if self._answer_lost:
            raise PreconditionFailed("the library's own retry found what its first try made")


def _inbox(bucket: Any) -> Inbox:
    clients: Any = SimpleNamespace(
        environment={"INLET_INBOX": "inbox"}, storage=SimpleNamespace(bucket=lambda _: bucket)
    )
    return Inbox(clients)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RETRY_S", 0)
    monkeypatch.setattr(module, "PATIENCE_S", 0.2)


def _generation(bucket: Bucket) -> int | None:
    version = _inbox(bucket).put(UPLOAD).version
    return version.generation if version else None


def test_waits_until_a_taken_name_is_free() -> None:
    bucket = Bucket(taken_for=3)
    assert (_generation(bucket), bucket.tries) == (7, 4)


def test_knows_its_own_upload_again_after_a_lost_answer() -> None:
    bucket = Bucket(answer_lost=True)
    assert (_generation(bucket), bucket.tries) == (7, 1)


def test_gives_up_on_a_name_that_stays_taken() -> None:
    result = _inbox(Bucket(taken_for=10**9)).put(UPLOAD)
    assert (result.version, result.problem) == (None, "not uploaded: the name stays taken")


def test_says_why_an_upload_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise Forbidden("no\nway")

    monkeypatch.setattr(module, "_send", refuse)
    assert _inbox(Bucket()).put(UPLOAD).problem == "not uploaded: 403 no"


def _tree(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"{}")
    return folder


def _names(uploads: list[Upload]) -> list[str]:
    return [upload.name for upload in uploads]


def test_manifests_come_after_everything_else(tmp_path: Path) -> None:
    folder = _tree(tmp_path, "_complete.json", "b", "a/_complete.json", "a/z")
    assert _names(uploads_of(folder, "h")) == [
        "h/a/z",
        "h/b",
        "h/_complete.json",
        "h/a/_complete.json",
    ]


def test_a_complete_drop_says_so_at_the_end(tmp_path: Path) -> None:
    folder = _tree(tmp_path / "disc", "z", "a/_complete.json")
    *_, last = uploads_of(folder, "h", complete=True)
    assert last == Upload(name="h/disc/_complete.json", content=b'{"version":1,"studies":[]}')
    one = uploads_of(folder / "z", "h", complete=True)
    assert _names(one) == ["h/disc/z", "h/disc/_complete.json"]


def test_a_complete_drop_says_so_of_itself_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever way leads to the folder, nothing else of the facility is below its manifest."""
    monkeypatch.chdir(_tree(tmp_path / "disc", "z"))
    wanted = ["h/disc/z", "h/disc/_complete.json"]
    for way in (Path(), Path("../disc"), tmp_path / "disc"):
        assert _names(uploads_of(way, "h", complete=True)) == wanted


def test_a_complete_drop_says_so_in_its_own_words(tmp_path: Path) -> None:
    folder = _tree(tmp_path / "disc", "_complete.json", "z")
    uploads = uploads_of(folder, "h", complete=True)
    assert [(upload.name, upload.content) for upload in uploads] == [
        ("h/disc/z", folder / "z"),
        ("h/disc/_complete.json", folder / "_complete.json"),
    ]


def test_a_manifest_is_put_when_all_before_it_are(monkeypatch: pytest.MonkeyPatch) -> None:
    put: list[str] = []
    waiting = Barrier(3)

    def _put(_: Inbox, upload: Upload) -> Result:
        if "_complete" not in upload.name:
            waiting.wait(timeout=10)  # they are put at once, and none is done before the others
        put.append(upload.name)
        return Result(upload=upload, problem="not uploaded")

    @contextmanager
    def _hearing(*_: object) -> Iterator[Any]:
        yield SimpleNamespace(wait=lambda *_: None)

    monkeypatch.setattr(Inbox, "put", _put)
    monkeypatch.setattr(module, "hearing_outcomes", _hearing)
    clients: Any = SimpleNamespace(
        environment={"INLET_INBOX": "inbox"}, storage=SimpleNamespace(bucket=lambda _: None)
    )
    uploads = [Upload(name=f"h/{name}", content=b"") for name in ("a", "b", "c", "_complete.json")]
    results = module.drop(clients, uploads)
    assert [result.upload for result in results] == uploads
    assert put[-1] == "h/_complete.json"
