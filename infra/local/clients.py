"""Google's own clients, led to a local cloud by its environment."""

import os
from collections.abc import Mapping

from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client as BigQuery
from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient
from google.cloud.storage import Client as Storage


class Clients:
    """One client of each service, for the cloud that an environment points to."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        # The libraries read these variables when a client is made, and from nowhere else.
        os.environ.update(environment)
        self.environment = environment
        self.project = environment["GOOGLE_CLOUD_PROJECT"]
        anonymous = AnonymousCredentials()  # type: ignore[no-untyped-call]
        self.storage = Storage(project=self.project, credentials=anonymous)
        self.bigquery = BigQuery(project=self.project, credentials=anonymous)
        self.publisher = PublisherClient()
        self.subscriber = SubscriberClient()

    def topic(self, name: str) -> str:
        """A topic's full name."""
        return f"projects/{self.project}/topics/{name}"

    def subscription(self, name: str) -> str:
        """A subscription's full name."""
        return f"projects/{self.project}/subscriptions/{name}"
