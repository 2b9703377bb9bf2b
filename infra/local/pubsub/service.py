"""The gRPC surface: which bytes go to which call, and which status an error becomes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, Protocol, TypeVar

import grpc
import grpc.aio
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import ErrorInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from infra.local.pubsub import protos
from infra.local.pubsub.broker import Broker
from infra.local.pubsub.errors import AckIdsError, InvalidArgumentError, PubsubError
from infra.local.pubsub.hub import Hub
from infra.local.pubsub.snapshots import SnapshotCalls
from infra.local.pubsub.streams import PullCalls
from infra.local.pubsub.subscriptions import SubscriptionCalls
from infra.local.pubsub.topics import TopicCalls

PUBLISHER: Final = "google.pubsub.v1.Publisher"
SUBSCRIBER: Final = "google.pubsub.v1.Subscriber"

_ACK_ID_FAILURE: Final = "PERMANENT_FAILURE_INVALID_ACK_ID"

Handlers = dict[str, grpc.RpcMethodHandler]


class _Parseable(Protocol):
    def ParseFromString(self, data: bytes) -> int:  # noqa: N802 - protobuf's name
        """Read a message."""


Request = TypeVar("Request", bound=_Parseable)


def handlers(broker: Broker, hub: Hub) -> dict[str, Handlers]:
    """Return the methods of both services, for ``grpc.method_handlers_generic_handler``."""
    return {
        PUBLISHER: _publisher(TopicCalls(broker), hub),
        SUBSCRIBER: {
            **_subscriptions(SubscriptionCalls(broker), hub),
            **_snapshots(SnapshotCalls(broker)),
            **_pulls(PullCalls(broker, hub)),
        },
    }


def _publisher(calls: TopicCalls, hub: Hub) -> Handlers:
    return {
        "CreateTopic": _unary(protos.Topic, calls.create),
        "GetTopic": _unary(protos.GetTopicRequest, calls.get),
        "UpdateTopic": _unary(protos.UpdateTopicRequest, calls.update),
        "ListTopics": _unary(protos.ListTopicsRequest, calls.list_page),
        "ListTopicSubscriptions": _unary(
            protos.ListTopicSubscriptionsRequest, calls.list_subscriptions
        ),
        "ListTopicSnapshots": _unary(protos.ListTopicSnapshotsRequest, calls.list_snapshots),
        "DeleteTopic": _unary(protos.DeleteTopicRequest, calls.delete),
        "DetachSubscription": _unary(protos.DetachSubscriptionRequest, calls.detach, hub),
        "Publish": _unary(protos.PublishRequest, calls.publish),
    }


def _subscriptions(calls: SubscriptionCalls, hub: Hub) -> Handlers:
    return {
        "CreateSubscription": _unary(protos.Subscription, calls.create, hub),
        "GetSubscription": _unary(protos.GetSubscriptionRequest, calls.get),
        "UpdateSubscription": _unary(protos.UpdateSubscriptionRequest, calls.update, hub),
        "ListSubscriptions": _unary(protos.ListSubscriptionsRequest, calls.list_page),
        "DeleteSubscription": _unary(protos.DeleteSubscriptionRequest, calls.delete, hub),
        "ModifyPushConfig": _unary(protos.ModifyPushConfigRequest, calls.modify_push_config, hub),
        "ModifyAckDeadline": _unary(protos.ModifyAckDeadlineRequest, calls.modify_ack_deadline),
        "Acknowledge": _unary(protos.AcknowledgeRequest, calls.acknowledge),
    }


def _snapshots(calls: SnapshotCalls) -> Handlers:
    return {
        "CreateSnapshot": _unary(protos.CreateSnapshotRequest, calls.create),
        "GetSnapshot": _unary(protos.GetSnapshotRequest, calls.get),
        "UpdateSnapshot": _unary(protos.UpdateSnapshotRequest, calls.update),
        "ListSnapshots": _unary(protos.ListSnapshotsRequest, calls.list_page),
        "DeleteSnapshot": _unary(protos.DeleteSnapshotRequest, calls.delete),
        "Seek": _unary(protos.SeekRequest, calls.seek),
    }


def _pulls(calls: PullCalls) -> Handlers:
    async def pull(data: bytes, context: grpc.aio.ServicerContext) -> bytes:
        async def answer() -> Message | None:
            return await calls.pull(_parsed(protos.PullRequest, data), context)

        return await _answered(answer, context)

    async def stream(requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext) -> None:
        parsed = (_parsed(protos.StreamingPullRequest, data) async for data in requests)

        async def answer() -> None:
            await calls.stream(parsed, _Writer(context))

        await _answered(answer, context)

    return {
        "Pull": grpc.unary_unary_rpc_method_handler(pull),
        "StreamingPull": grpc.stream_stream_rpc_method_handler(stream),
    }


class _Writer:
    def __init__(self, context: grpc.aio.ServicerContext) -> None:
        self._context = context

    async def write(self, response: protos.StreamingPullResponse) -> None:
        await self._context.write(response.SerializeToString())


def _unary(
    request: type[Request],
    call: Callable[[Request], Message | None],
    hub: Hub | None = None,
) -> grpc.RpcMethodHandler:
    async def handle(data: bytes, context: grpc.aio.ServicerContext) -> bytes:
        async def answer() -> Message | None:
            response = call(_parsed(request, data))
            if hub:
                hub.reconcile()
            return response

        return await _answered(answer, context)

    return grpc.unary_unary_rpc_method_handler(handle)


async def _answered(
    answer: Callable[[], Awaitable[Message | None]], context: grpc.aio.ServicerContext
) -> bytes:
    try:
        response = await answer()
    except AckIdsError as error:
        context.set_trailing_metadata((("grpc-status-details-bin", _details(error)),))
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
    except PubsubError as error:
        await context.abort(grpc.StatusCode[error.status], str(error))
    return Empty().SerializeToString() if response is None else response.SerializeToString()


def _parsed(kind: type[Request], data: bytes) -> Request:
    request = kind()
    try:
        request.ParseFromString(data)
    except DecodeError:
        raise InvalidArgumentError("The request is not a valid message.") from None
    return request


def _details(error: AckIdsError) -> bytes:
    info = ErrorInfo(
        reason="EXACTLY_ONCE_ACKID_FAILURE",
        domain="pubsub.googleapis.com",
        metadata=dict.fromkeys(error.ack_ids, _ACK_ID_FAILURE),
    )
    detail = AnyMessage()
    detail.Pack(info)
    code = grpc.StatusCode.FAILED_PRECONDITION.value[0]
    status: bytes = Status(code=code, message=str(error), details=[detail]).SerializeToString()
    return status
