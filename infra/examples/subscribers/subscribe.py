"""Make a subscription to the topic `events`, ordered by study, where there is no gcloud.

python -m infra.examples.subscribers.subscribe projects/P/subscriptions/S [--filter …] [--push URL]
"""

import argparse

from google.cloud.pubsub_v1 import SubscriberClient

TOPIC = "events"


def subscribe(client: SubscriberClient, name: str, *, wants: str = "", push: str = "") -> None:
    """Return once it is there: of what the filter lets through, pushed where there is a URL."""
    project = client.parse_subscription_path(name)["project"]
    client.create_subscription(
        request={
            "name": name,
            "topic": f"projects/{project}/topics/{TOPIC}",
            "filter": wants,
            "push_config": {"push_endpoint": push},
            "enable_message_ordering": True,
        }
    )


def main() -> int:
    """Make one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subscription")
    parser.add_argument("--filter", default="")
    parser.add_argument("--push", default="", metavar="URL")
    named = parser.parse_args()
    with SubscriberClient() as client:
        subscribe(client, named.subscription, wants=named.filter, push=named.push)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
