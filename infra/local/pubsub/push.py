"""Pushing: posts a subscription's messages to its endpoint and acknowledges by the answer.

How many are outstanding grows with prompt answers and shrinks with failures, as the service's
slow start does. Source: Pub/Sub documentation, "Push subscriptions", "Push backoff".
"""

import asyncio
import logging
from typing import Final

import aiohttp

from infra.local.pubsub.bodies import PushRequest, push_request
from infra.local.pubsub.broker import SubscriptionState
from infra.local.pubsub.channel import Channel
from infra.local.pubsub.entries import Delivery, Window
from infra.local.pubsub.times import Clock

log = logging.getLogger("pubsub.push")

SUCCESS: Final = frozenset({102, 200, 201, 202, 204})

INITIAL_OUTSTANDING: Final = 32
MIN_OUTSTANDING: Final = 4
MAX_OUTSTANDING: Final = 1000
PROMPT_S: Final = 1.0

_MAX_ANSWER_BYTES: Final = 65_536
_LEASE_SLACK_S: Final = 5.0


class PushClient:
    """Posts to endpoints over kept-alive connections; follows no redirects, keeps no cookies."""

    def __init__(self) -> None:
        """Open no connection yet."""
        self._session: aiohttp.ClientSession | None = None

    async def post(self, endpoint: str, request: PushRequest, timeout_s: float) -> int:
        """Return the status of the answer; 0 when there was none in time."""
        try:
            async with self._opened().post(
                endpoint,
                data=request.body,
                headers=request.headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout_s),
            ) as answer:
                await answer.content.read(_MAX_ANSWER_BYTES)
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return 0

    async def close(self) -> None:
        """Close every connection."""
        if self._session:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=60),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session


class Pusher:
    """Pushes one subscription's messages until it is stopped."""

    def __init__(
        self, state: SubscriptionState, channel: Channel, client: PushClient, clock: Clock
    ) -> None:
        """Start pushing what is deliverable."""
        self._state = state
        self._channel = channel
        self._client = client
        self._clock = clock
        self._wake = channel.join()
        self._wake.set()
        self._window = Window(INITIAL_OUTSTANDING)
        self._healthy = True
        self._deliveries: set[asyncio.Task[None]] = set()
        self._loop = asyncio.create_task(self._run())

    def stop(self) -> None:
        """Push nothing more; what is under way goes on."""
        self._channel.leave(self._wake)
        self._loop.cancel()

    async def abort(self) -> None:
        """Push nothing more and cancel what is under way."""
        self.stop()
        for task in self._deliveries:
            task.cancel()
        await asyncio.gather(self._loop, *self._deliveries, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            deadline_s = self._state.backlog.policy.ack_deadline_s + _LEASE_SLACK_S
            for delivery in self._state.backlog.take(
                self._clock(), MAX_OUTSTANDING, deadline_s=deadline_s, window=self._window
            ):
                task = asyncio.create_task(self._deliver(delivery))
                self._deliveries.add(task)
                task.add_done_callback(self._deliveries.discard)

    async def _deliver(self, delivery: Delivery) -> None:
        config, backlog = self._state.config, self._state.backlog
        request = push_request(config, delivery.message, delivery.attempt)
        started = self._clock()
        status = await self._client.post(
            config.push_config.push_endpoint, request, backlog.policy.ack_deadline_s
        )
        now = self._clock()
        if status in SUCCESS:
            backlog.acknowledge(delivery.lease, now)
            self._grow(prompt=now - started < PROMPT_S)
        else:
            backlog.reject(delivery.lease, now)
            self._shrink(status)
        self._wake.set()

    def _grow(self, *, prompt: bool) -> None:
        if not self._healthy:
            self._healthy = True
            log.info("%s: pushes succeed again", self._state.config.name)
        if prompt:
            self._window.max_messages = min(MAX_OUTSTANDING, self._window.max_messages + 1)

    def _shrink(self, status: int) -> None:
        if self._healthy:
            self._healthy = False
            answer = f"answered {status}" if status else "did not answer"
            log.warning(
                "%s: %s %s, retrying with backoff",
                self._state.config.name,
                self._state.config.push_config.push_endpoint.partition("?")[0],
                answer,
            )
        smaller = self._window.max_messages * 3 // 4
        self._window.max_messages = max(MIN_OUTSTANDING, smaller)
