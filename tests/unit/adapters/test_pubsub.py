import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from google.api_core.exceptions import GoogleAPICallError, InvalidArgument, ServiceUnavailable
from google.pubsub_v1 import PublishRequest, PubsubMessage

from shared.adapters import pubsub
from shared.adapters.pubsub import PubSubTopic
from shared.contracts.message import Message
from shared.errors import TransientError


class _Service:
    """A client that takes, or refuses, whatever is published."""

    def __init__(self, error: GoogleAPICallError | None = None) -> None:
        self.requests: list[PublishRequest] = []
        self._error = error

    def publish(self, request: PublishRequest, *, retry: object, timeout: float) -> None:
        assert retry is pubsub.RETRY
        assert timeout == pubsub.CONFIRMATION_TIMEOUT_S
        self.requests.append(request)
        if self._error:
            raise self._error

    def messages(self) -> Sequence[PubsubMessage]:
        return [message for request in self.requests for message in request.messages]


def _topic(monkeypatch: pytest.MonkeyPatch, service: _Service) -> PubSubTopic:
    monkeypatch.setattr(pubsub, "_client", lambda: service)
    return PubSubTopic("p", "t")


def test_concurrent_messages_are_all_published_as_they_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = _Service()
    topic = _topic(monkeypatch, service)
    sent = [Message(data=b"%d" % number, attributes={"n": str(number)}) for number in range(50)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(topic.publish, sent))
    published = {(each.data, each.attributes["n"]) for each in service.messages()}
    assert published == {(each.data, each.attributes["n"]) for each in sent}
    assert len(service.messages()) == len(sent)
    assert {request.topic for request in service.requests} == {"projects/p/topics/t"}


def test_requests_keep_within_what_the_service_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    service = _Service()
    topic = _topic(monkeypatch, service)
    topic.publish(Message(data=bytes(9_990_000)))
    (request,) = service.requests
    assert len(PublishRequest.serialize(request)) <= pubsub.MAX_REQUEST_BYTES


def test_a_message_too_large_is_refused_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    refusing = _topic(monkeypatch, _Service(InvalidArgument("PLANTED")))
    service = _Service()
    too_large = Message(data=bytes(9_999_500), attributes={"a": "x" * 500})
    for topic, message in (
        (refusing, Message(data=b"")),
        (_topic(monkeypatch, service), too_large),
    ):
        with pytest.raises(TransientError) as caught:
            topic.publish(message)
        assert caught.value.reason == "pubsub-refused"
    assert service.requests == []


def test_an_outage_is_transient_and_over_with_the_next_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = _Service(ServiceUnavailable("PLANTED"))
    topic = _topic(monkeypatch, service)
    with pytest.raises(TransientError) as caught:
        topic.publish(Message(data=b"lost"))
    assert str(caught.value) == "pubsub-unavailable"
    service._error = None
    topic.publish(Message(data=b"kept"))
    assert service.messages()[-1].data == b"kept"


def test_a_request_holds_messages_of_one_ordering_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of those that wait for the one under way."""
    service, under_way, done = _Service(), threading.Semaphore(0), threading.Event()
    at_once = service.publish

    def publish(request: PublishRequest, *, retry: object, timeout: float) -> None:
        under_way.release()
        assert done.wait(60)
        at_once(request, retry=retry, timeout=timeout)

    monkeypatch.setattr(service, "publish", publish)
    topic = _topic(monkeypatch, service)
    sent = [Message(data=b"%d" % number, ordering_key=str(number % 3)) for number in range(9)]
    with ThreadPoolExecutor(len(sent)) as pool:
        publishing = [pool.submit(topic.publish, message) for message in sent]
        # One of each key; the others queue behind them.
        asked = [under_way.acquire(timeout=10) for _ in range(3)]
        done.set()
        for each in publishing:
            each.result()
    assert all(asked)
    assert len(service.messages()) == len(sent)
    for request in service.requests:
        assert len({message.ordering_key for message in request.messages}) == 1
    for message in service.messages():
        assert message.ordering_key == str(int(message.data) % 3)


def test_nothing_is_kept_of_the_keys_that_were_published(monkeypatch: pytest.MonkeyPatch) -> None:
    topic = _topic(monkeypatch, _Service())
    for number in range(100):
        topic.publish(Message(data=b"1", ordering_key=str(number)))
    assert len(topic._commits) == 0


def test_a_key_is_not_held_up_by_what_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    service = _Service(ServiceUnavailable("PLANTED"))
    topic = _topic(monkeypatch, service)
    with pytest.raises(TransientError):
        topic.publish(Message(data=b"lost", ordering_key="1.2.3"))
    service._error = None
    topic.publish(Message(data=b"kept", ordering_key="1.2.3"))
    assert service.messages()[-1].data == b"kept"
