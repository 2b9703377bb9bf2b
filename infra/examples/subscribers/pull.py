"""Pull what waits, until nothing more comes: for jobs that run now and then.

python -m infra.examples.subscribers.pull projects/P/subscriptions/S --handled handled.sqlite
"""

import argparse
from pathlib import Path

from google.api_core.exceptions import DeadlineExceeded
from google.cloud.pubsub_v1 import SubscriberClient
from google.pubsub_v1 import ReceivedMessage

from infra.examples.subscribers.handled import Handled, event_of, work

AT_MOST = 100


def pull(client: SubscriberClient, subscription: str, idle_s: float) -> list[ReceivedMessage]:
    """Return some of what waits; nothing if nothing came in time."""
    try:
        answer = client.pull(
            subscription=subscription, max_messages=AT_MOST, timeout=idle_s, retry=None
        )
    except DeadlineExceeded:
        return []
    return list(answer.received_messages)


def main() -> int:
    """Handle everything that waits; what fails is not acknowledged and comes again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subscription")
    parser.add_argument("--handled", type=Path, required=True)
    parser.add_argument("--idle-s", type=float, default=5.0)
    named = parser.parse_args()
    handled = Handled(named.handled)
    with SubscriberClient() as client:
        while received := pull(client, named.subscription, named.idle_s):
            for each in received:
                handled.once(event_of(each.message.attributes, each.message.data), work)
                client.acknowledge(subscription=named.subscription, ack_ids=[each.ack_id])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
