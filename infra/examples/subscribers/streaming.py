"""Receive events as they come, over one open stream: for services that are always there.

python -m infra.examples.subscribers.streaming projects/P/subscriptions/S --handled handled.sqlite
"""

import argparse
import signal
import threading
from pathlib import Path

from google.cloud.pubsub_v1 import SubscriberClient
from google.cloud.pubsub_v1.subscriber.message import Message

from infra.examples.subscribers.handled import Handled, event_of, work


def main() -> int:
    """Handle events until told to stop; what fails is given back and comes again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subscription")
    parser.add_argument("--handled", type=Path, required=True)
    named = parser.parse_args()
    handled, stopped = Handled(named.handled), threading.Event()

    def receive(message: Message) -> None:
        handled.once(event_of(message.attributes, message.data), work)
        message.ack()  # what raises before is given back by the client

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with SubscriberClient() as client:
        stream = client.subscribe(named.subscription, callback=receive)
        stopped.wait()
        stream.cancel()
        stream.result()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
