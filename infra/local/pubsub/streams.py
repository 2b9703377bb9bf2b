"""Pulling that waits: one answer to ``Pull``, a stream of them to ``StreamingPull``."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final, Protocol

from infra.local.pubsub.broker import Broker, SubscriptionState
from infra.local.pubsub.entries import Window
from infra.local.pubsub.errors import (
    InvalidArgumentError,
    NotFoundError,
    PubsubError,
    StoppingError,
)
from infra.local.pubsub.hub import Hub
from infra.local.pubsub.limits import (
    MAX_ACK_DEADLINE_S,
    MAX_PULL_MESSAGES,
    MIN_ACK_DEADLINE_S,
    check_range,
)
from infra.local.pubsub.names import short_id
from infra.local.pubsub.protos import (
    PullRequest,
    PullResponse,
    StreamingPullRequest,
    StreamingPullResponse,
)
from infra.local.pubsub.subscriptions import acknowledge, modify_deadlines, pullable, received

MAX_PULL_WAIT_S: Final = 90.0
BATCH_MESSAGES: Final = 500
BATCH_BYTES: Final = 3 * 1024 * 1024
"""Clients of an emulator refuse answers over 4 MB, gRPC's default."""

_ANSWER_MARGIN_S: Final = 0.2


class Waiting(Protocol):
    """How long the caller of ``Pull`` waits for the answer."""

    def time_remaining(self) -> float | None:
        """Return the seconds until the call's deadline, ``None`` without one."""


class Output(Protocol):
    """The sending side of a stream."""

    async def write(self, response: StreamingPullResponse) -> None:
        """Send one response, waiting while the client cannot take it."""


class PullCalls:
    """``Pull`` and ``StreamingPull``, on a broker and its hub."""

    def __init__(self, broker: Broker, hub: Hub) -> None:
        """Serve the subscriptions of a broker."""
        self._broker = broker
        self._hub = hub

    async def pull(self, request: PullRequest, waiting: Waiting) -> PullResponse:
        """Return messages as soon as there are some, or none when the wait is over."""
        state = pullable(self._broker.subscription(request.subscription))
        check_range("max_messages", request.max_messages, 1, float("inf"))
        limit = min(request.max_messages, MAX_PULL_MESSAGES)
        response = self._take(state, limit)
        if not response.received_messages and not request.return_immediately:
            with suppress(TimeoutError):
                async with asyncio.timeout(_patience_s(waiting)):
                    return await self._await_messages(state, limit)
        return response

    async def stream(self, requests: AsyncIterator[StreamingPullRequest], output: Output) -> None:
        """Send messages until the client closes the stream or the subscription ends."""
        first = await anext(requests, None)
        if first is None:
            return
        state = pullable(self._broker.subscription(first.subscription))
        await Stream(self._broker, self._hub, state, output).run(first, requests)

    def _take(self, state: SubscriptionState, limit: int) -> PullResponse:
        deliveries = state.backlog.take(self._broker.clock(), limit, max_bytes=BATCH_BYTES)
        return PullResponse(received_messages=received(state, deliveries))

    async def _await_messages(self, state: SubscriptionState, limit: int) -> PullResponse:
        channel = self._hub.channel(state)
        wake = channel.join()
        try:
            while True:
                check_alive(self._broker, self._hub, state)
                response = self._take(state, limit)
                if response.received_messages:
                    return response
                await wake.wait()
                wake.clear()
        finally:
            channel.leave(wake)


def check_alive(broker: Broker, hub: Hub, state: SubscriptionState) -> None:
    """Refuse to go on when the server stops or the subscription cannot be pulled any more."""
    if hub.stopping:
        raise StoppingError("The server is stopping.")
    if broker.subscriptions.get(state.config.name) is not state:
        raise NotFoundError(f"Subscription does not exist (resource={short_id(state.config.name)})")
    pullable(state)


def _patience_s(waiting: Waiting) -> float:
    remaining = waiting.time_remaining()
    if remaining is None:
        return MAX_PULL_WAIT_S
    return max(0.0, min(MAX_PULL_WAIT_S, remaining - _ANSWER_MARGIN_S))


class Stream:
    """One open ``StreamingPull``: a reader of requests and a writer of messages."""

    def __init__(self, broker: Broker, hub: Hub, state: SubscriptionState, output: Output) -> None:
        """Prepare a stream on an existing subscription."""
        self._broker = broker
        self._hub = hub
        self._state = state
        self._output = output
        self._channel = hub.channel(state)
        self._wake = self._channel.join()
        self._window = Window(on_room=self._wake.set)
        self._deadline_s = 0.0
        self._ended: PubsubError | None = None
        self._closed = False
        self._confirmations: list[StreamingPullResponse] = []

    async def run(
        self, first: StreamingPullRequest, requests: AsyncIterator[StreamingPullRequest]
    ) -> None:
        """Serve the stream to its end."""
        self._begin(first)
        reader = asyncio.create_task(self._read(requests))
        try:
            await self._write()
        finally:
            self._channel.leave(self._wake)
            reader.cancel()

    def _begin(self, first: StreamingPullRequest) -> None:
        self._set_deadline(first.stream_ack_deadline_seconds)
        self._window.max_messages = max(0, first.max_outstanding_messages)
        self._window.max_bytes = max(0, first.max_outstanding_bytes)
        self._apply(first)
        self._wake.set()

    async def _read(self, requests: AsyncIterator[StreamingPullRequest]) -> None:
        try:
            async for request in requests:
                self._check_later(request)
                self._apply(request)
        except PubsubError as error:
            self._ended = error
        self._closed = True
        self._wake.set()

    async def _write(self) -> None:
        await self._output.write(self._response())
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._ended:
                raise self._ended
            if self._closed:
                return
            check_alive(self._broker, self._hub, self._state)
            await self._send_confirmations()
            await self._send_messages()

    async def _send_confirmations(self) -> None:
        pending, self._confirmations = self._confirmations, []
        for response in pending:
            await self._output.write(response)

    async def _send_messages(self) -> None:
        deliveries = self._state.backlog.take(
            self._broker.clock(),
            BATCH_MESSAGES,
            max_bytes=BATCH_BYTES,
            deadline_s=self._deadline_s,
            window=self._window,
        )
        if deliveries:
            self._wake.set()
            response = self._response()
            response.received_messages.extend(received(self._state, deliveries))
            await self._output.write(response)

    def _response(self) -> StreamingPullResponse:
        policy = self._state.backlog.policy
        response = StreamingPullResponse()
        response.subscription_properties.SetInParent()
        response.subscription_properties.exactly_once_delivery_enabled = policy.exactly_once
        response.subscription_properties.message_ordering_enabled = policy.ordered
        return response

    def _check_later(self, request: StreamingPullRequest) -> None:
        fixed = (
            request.subscription,
            request.client_id,
            request.max_outstanding_messages,
            request.max_outstanding_bytes,
            request.protocol_version,
        )
        if any(fixed):
            raise InvalidArgumentError("Only the first request of a stream may name or limit it.")
        if request.stream_ack_deadline_seconds:
            self._set_deadline(request.stream_ack_deadline_seconds)

    def _set_deadline(self, seconds: int) -> None:
        if not MIN_ACK_DEADLINE_S <= seconds <= MAX_ACK_DEADLINE_S:
            raise InvalidArgumentError(
                f"stream_ack_deadline_seconds must be between {MIN_ACK_DEADLINE_S}"
                f" and {MAX_ACK_DEADLINE_S} seconds"
            )
        self._deadline_s = float(seconds)

    def _apply(self, request: StreamingPullRequest) -> None:
        if len(request.modify_deadline_ack_ids) != len(request.modify_deadline_seconds):
            raise InvalidArgumentError(
                "modify_deadline_ack_ids and modify_deadline_seconds differ in length."
            )
        now = self._broker.clock()
        failed = modify_deadlines(
            self._state, request.modify_deadline_ack_ids, request.modify_deadline_seconds, now
        )
        lost = acknowledge(self._state, request.ack_ids, now)
        if self._state.backlog.policy.exactly_once:
            self._confirm(request, lost, failed)

    def _confirm(self, request: StreamingPullRequest, lost: list[str], failed: list[str]) -> None:
        response = self._response()
        if request.ack_ids:
            confirmed = response.acknowledge_confirmation
            confirmed.ack_ids.extend(i for i in request.ack_ids if i not in set(lost))
            confirmed.invalid_ack_ids.extend(lost)
        if request.modify_deadline_ack_ids:
            modified = response.modify_ack_deadline_confirmation
            ids = request.modify_deadline_ack_ids
            modified.ack_ids.extend(i for i in ids if i not in set(failed))
            modified.invalid_ack_ids.extend(failed)
        if request.ack_ids or request.modify_deadline_ack_ids:
            self._confirmations.append(response)
            self._wake.set()
