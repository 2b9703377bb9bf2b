"""The broker, alive: every subscription with its channel and, if it pushes, its pusher."""

from collections.abc import Callable
from dataclasses import dataclass

from infra.local.pubsub.broker import Broker, SubscriptionState
from infra.local.pubsub.channel import Alarm, Channel
from infra.local.pubsub.push import PushClient, Pusher


@dataclass(slots=True)
class _Live:
    channel: Channel
    pusher: Pusher | None = None

    def stop_pushing(self) -> None:
        if self.pusher:
            self.pusher.stop()
        self.pusher = None


class Hub:
    """Keeps channels and pushers in step with the subscriptions that exist."""

    def __init__(self, broker: Broker, client: PushClient) -> None:
        """Bring a broker to life on the running event loop."""
        self._broker = broker
        self._client = client
        self._live: dict[SubscriptionState, _Live] = {}
        self._alarm = Alarm(broker.clock, self._advance_broker)
        self.stopping = False
        broker.listener = self

    def on_ready(self) -> None:
        """Do nothing: only subscriptions deliver."""

    def on_alarm(self, when: float) -> None:
        """Have the broker advanced at ``when``."""
        self._alarm.set(when)

    def channel(self, state: SubscriptionState) -> Channel:
        """Return the channel of an existing subscription."""
        return self._live[state].channel

    def reconcile(self) -> None:
        """Start and stop channels and pushers after a change of the subscriptions."""
        states = set(self._broker.subscriptions.values())
        for state in self._live.keys() - states:
            self._close(state)
        for state in states:
            self._reconcile(state, self._live.get(state) or self._open(state))

    async def stop(self) -> None:
        """Wake everyone who waits, so that they see ``stopping``, and end the pushes."""
        self.stopping = True
        self._alarm.cancel()
        for live in self._live.values():
            live.channel.alarm.cancel()
            live.channel.on_ready()
            if live.pusher:
                await live.pusher.abort()
        await self._client.close()

    def _open(self, state: SubscriptionState) -> _Live:
        channel = Channel(Alarm(self._broker.clock, self._advancing(state)))
        state.backlog.listener = channel
        self._live[state] = _Live(channel)
        return self._live[state]

    def _close(self, state: SubscriptionState) -> None:
        live = self._live.pop(state)
        live.stop_pushing()
        live.channel.alarm.cancel()
        live.channel.on_ready()

    def _reconcile(self, state: SubscriptionState, live: _Live) -> None:
        if state.pushes and live.pusher is None:
            live.pusher = Pusher(state, live.channel, self._client, self._broker.clock)
        elif not state.pushes:
            live.stop_pushing()
        live.channel.on_ready()

    def _advancing(self, state: SubscriptionState) -> Callable[[], float | None]:
        def advance() -> float | None:
            state.backlog.advance(self._broker.clock())
            return state.backlog.next_due()

        return advance

    def _advance_broker(self) -> float | None:
        self._broker.advance()
        return self._broker.next_due()
