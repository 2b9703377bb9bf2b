"""A name in the inbox is taken until what lies there is decided; our own upload is known again."""

from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core.exceptions import Forbidden, PreconditionFailed

from infra.local import drop as module
from infra.local.drop import Inbox, Upload

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
