"""What the README of `shared/contracts` promises subscribers, on a server that orders and keeps."""

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from cloudevents.http import from_http
from google.cloud.pubsub_v1.subscriber.message import Message as Received
from google.protobuf.duration_pb2 import Duration

from shared.adapters.pubsub import PubSubTopic
from shared.contracts.event import PublicEvent
from shared.contracts.message import Message
from shared.errors import TransientError
from tests.events import event_of, every_event
from tests.integration.pubsub.endpoint import Endpoint
from tests.integration.pubsub.workbench import Workbench
from tests.outcomes import AN_IDENTITY, a_stored_object, an_outcome

SUBSCRIBERS = Path(__file__).resolve().parents[3] / "infra" / "examples" / "subscribers"
FILTERS = yaml.safe_load((SUBSCRIBERS / "filters.yaml").read_text(encoding="utf-8"))
# What each audience gets of one event of every type, all of the same facility and modality.
WANTED = {
    "PACS router": {"dicom.instance.archived.v1", "dicom.instance.promoted.v1"},
    "AI service": {"dicom.study.completed.v1", "dicom.study.reopened.v1"},
    "AI service, per image": {"dicom.instance.archived.v1"},
    "research pipeline": {"dicom.instance.deidentified.v1"},
    "operator": {
        "dicom.object.quarantined.v1",
        "dicom.instance.held.v1",
        "dicom.instance.failed.v1",
        "dicom.upload.stuck.v1",
    },
    "sending facility": {"dicom.object.quarantined.v1", "dicom.receipt.issued.v1"},
}
FACILITIES = ("demo-hospital", "demo-clinic")
STUDIES, EVENTS = 4, 40


@pytest.fixture
def topic(bench: Workbench, address: str, monkeypatch: pytest.MonkeyPatch) -> PubSubTopic:
    """The topic of the workbench, as functions publish to it."""
    return _topic(bench.topic, address, monkeypatch)


def _topic(path: str, address: str, monkeypatch: pytest.MonkeyPatch) -> PubSubTopic:
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", address)
    _, project, _, name = path.split("/")
    return PubSubTopic(project, name)


def _event(study: int, number: int) -> PublicEvent:
    identity = replace(
        AN_IDENTITY, study_instance_uid=f"1.2.{study}", sop_instance_uid=f"1.2.{study}.{number}"
    )
    stored = a_stored_object(f"demo-hospital/{study}/{number}")
    return event_of(an_outcome(source=stored, identity=identity))


def _of_study(study: int) -> list[PublicEvent]:
    return [_event(study, number) for number in range(EVENTS)]


def test_events_of_a_study_arrive_in_their_order(bench: Workbench, topic: PubSubTopic) -> None:
    """What is refused comes again, and with it all that came after it: the last time counts."""
    subscription = bench.subscribe(enable_message_ordering=True)
    told = {f"1.2.{study}": _of_study(study) for study in range(STUDIES)}
    wanted = {study: [event.event_id for event in events] for study, events in told.items()}
    with ThreadPoolExecutor(STUDIES) as pool:
        list(pool.map(_publish_all, [topic] * STUDIES, told.values()))
    came = {study: dict[str, None]() for study in told}
    refused, in_order, lock = set[str](), threading.Event(), threading.Lock()

    def receive(message: Received) -> None:
        study, event_id = message.ordering_key, message.attributes["ce-id"]
        with lock:
            if event_id == wanted[study][EVENTS // 2] and study not in refused:
                refused.add(study)
                message.nack()
                return
            came[study].pop(event_id, None)
            came[study][event_id] = None
            if {each: list(ids) for each, ids in came.items()} == wanted:
                in_order.set()
        message.ack()

    stream = bench.subscriber.subscribe(subscription, receive)
    assert in_order.wait(60), came
    stream.cancel()
    stream.result()
    assert refused == told.keys()


def _publish_all(topic: PubSubTopic, events: list[PublicEvent]) -> None:
    for event in events:
        topic.publish(event.to_message())


def test_events_of_a_study_are_published_in_order_after_one_that_failed(
    bench: Workbench, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = bench.topic_name("-later")
    topic, events = _topic(later, address, monkeypatch), _of_study(1)[:3]
    with pytest.raises(TransientError):
        topic.publish(events[0].to_message())
    bench.publisher.create_topic(name=later)
    subscription = bench.subscribe(topic=later, enable_message_ordering=True)
    for event in events:
        topic.publish(event.to_message())
    ids = [each.message.attributes["ce-id"] for each in bench.pull(subscription)]
    assert ids == [event.event_id for event in events]


def test_a_subscription_can_go_back_in_time(
    bench: Workbench, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that was made after what it goes back to; ids are the same again."""
    kept = bench.topic_name("-kept")
    retention = Duration(seconds=2678400)
    bench.publisher.create_topic(request={"name": kept, "message_retention_duration": retention})
    topic, before = _topic(kept, address, monkeypatch), datetime.now(UTC) - timedelta(seconds=5)
    first = bench.subscribe(topic=kept)
    events = every_event()
    for event in events:
        topic.publish(event.to_message())
    ids = {event.event_id for event in events}
    assert _drained(bench, first, len(ids)) == ids
    assert bench.pull_now(first) == []
    late = bench.subscribe("-late", topic=kept)
    for subscription in (first, late):
        bench.subscriber.seek(request={"subscription": subscription, "time": before})
        assert _drained(bench, subscription, len(ids)) == ids


def _drained(bench: Workbench, subscription: str, count: int) -> set[str]:
    """The ids of so many messages, acknowledged."""
    ids = set[str]()
    while len(ids) < count:
        received = bench.pull(subscription)
        ids |= {each.message.attributes["ce-id"] for each in received}
        bench.ack(subscription, *received)
    return ids


def test_every_audience_has_a_filter() -> None:
    assert [each["audience"] for each in FILTERS] == list(WANTED)


@pytest.mark.parametrize("audience", FILTERS, ids=lambda each: each["audience"])
def test_an_audience_gets_what_it_wants_and_nothing_else(
    bench: Workbench, topic: PubSubTopic, audience: dict[str, str]
) -> None:
    subscription = bench.subscribe(filter=audience["filter"])
    named = {name for name in FACILITIES if name in audience["filter"]}
    facility = named.pop() if named else "elsewhere"
    for event in every_event():
        topic.publish(_of(event, facility).to_message())
        if "attributes.facility" in audience["filter"]:
            topic.publish(_of(event, "another").to_message())
    types = [each.message.attributes["ce-type"] for each in bench.pull_now(subscription)]
    assert sorted(types) == sorted(WANTED[audience["audience"]])


def _of(event: PublicEvent, facility: str) -> PublicEvent:
    """The event as another facility has it; of copies nobody is told whose they are."""
    return event if event.is_of_copy else replace(event, data={**event.data, "facility": facility})


def test_the_push_body_of_the_examples_is_what_is_pushed(
    bench: Workbench, topic: PubSubTopic
) -> None:
    body = json.loads((SUBSCRIBERS / "push-body.json").read_text(encoding="utf-8"))
    example = body["message"]
    message = Message(
        data=base64.b64decode(example["data"]),
        attributes=example["attributes"],
        ordering_key=example["orderingKey"],
    )
    assert PublicEvent.from_message(message).to_message() == message
    with Endpoint() as endpoint:
        bench.subscribe(push_config={"push_endpoint": endpoint.url})
        topic.publish(message)
        pushed = endpoint.get().envelope
    given = {"messageId", "message_id", "publishTime", "publish_time"}
    assert pushed.keys() == body.keys()
    assert pushed["message"].keys() == example.keys()
    for name in example.keys() - given:
        assert pushed["message"][name] == example[name]


def test_a_push_without_envelope_is_a_cloudevent_as_it_is(
    bench: Workbench, topic: PubSubTopic
) -> None:
    events = {event.event_id: event for event in every_event()}
    with Endpoint() as endpoint:
        config = {"push_endpoint": endpoint.url, "no_wrapper": {"write_metadata": True}}
        bench.subscribe(push_config=config)
        for event in events.values():
            topic.publish(event.to_message())
        while events:
            push = endpoint.get()
            parsed = from_http(dict(push.headers), push.body)
            event = events.pop(parsed["id"])
            assert (parsed["type"], parsed.data) == (event.type, dict(event.data))
    assert events == {}
