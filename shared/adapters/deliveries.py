"""What targets have been told, and telling them again."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from google.pubsub_v1 import SeekRequest, SubscriberClient

from shared.adapters.pubsub import ANSWER_TIMEOUT_S, subscriber
from shared.adapters.queries import Queries
from shared.adapters.vendor_errors import translated
from shared.contracts.standing import Standing
from shared.contracts.targets import subscription_of

_STANDINGS: Final = """
SELECT
  Target,
  COUNTIF(IsDelivered) AS Delivered,
  COUNTIF(NOT IsDelivered AND Result = 'failed') AS Failed,
  COUNTIF(NOT IsDelivered AND Result = 'refused') AS Refused,
  COUNTIF(NOT IsDelivered AND Result = 'given-up') AS GivenUp,
  MAX(AttemptedAt) AS LastAttempt,
  MIN(IF(IsDelivered, NULL, PublishedAt)) AS Oldest
FROM deliveries_current
GROUP BY Target
ORDER BY Target
"""


class BigQueryDeliveries:
    """The table of deliveries of a dataset, and the subscriptions of a project's targets."""

    def __init__(self, project: str, dataset: str) -> None:
        self._queries = Queries(project, dataset)
        self._project = project

    def standings(self) -> Iterator[Standing]:
        """Yield how far each target has been told that was tried."""
        for row in self._queries.rows(_STANDINGS):
            yield Standing(
                target=row["Target"],
                delivered=row["Delivered"],
                failed=row["Failed"],
                refused=row["Refused"],
                given_up=row["GivenUp"],
                attempted_at=row["LastAttempt"],
                oldest=row["Oldest"],
            )

    def replay(self, target: str, since: datetime) -> None:
        """Return once all that was published since then, and is kept, goes to a target again."""
        path = SubscriberClient.subscription_path(self._project, subscription_of(target))
        with translated("pubsub"):
            subscriber().seek(
                request=SeekRequest(subscription=path, time=since), timeout=ANSWER_TIMEOUT_S
            )
