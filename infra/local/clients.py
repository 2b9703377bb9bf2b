"""Google's own clients, led to a local cloud by its environment."""

import contextlib
import os
from collections.abc import Iterator, Mapping

from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client as BigQuery
from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient
from google.cloud.storage import Client as Storage


class Clients:
    """One client of each service, for the cloud that an environment points to."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.project = environment["GOOGLE_CLOUD_PROJECT"]
        anonymous = AnonymousCredentials()
        with _variables(environment):
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


@contextlib.contextmanager
def _variables(environment: Mapping[str, str]) -> Iterator[None]:
    """The libraries read their variables when a client is made, and no longer."""
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
