"""The parts of a running pipeline that operators act upon."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from infra.definition import DEAD_LETTERS, Pipeline, load_pipeline
from infra.operate.holdings import Holdings
from infra.table_schemas import SCHEMAS
from shared.adapters.bigquery import BigQueryTables
from shared.adapters.catalogue import BigQueryCatalogue
from shared.adapters.cloud_storage import CloudStorage
from shared.adapters.deliveries import BigQueryDeliveries
from shared.adapters.holdings import BigQueryHoldings
from shared.adapters.originals import BigQueryOriginals
from shared.adapters.pubsub import PubSubSubscription, PubSubTopic
from shared.adapters.retention import Retention, retention_of
from shared.adapters.system_clock import SystemClock
from shared.ports import (
    Catalogue,
    Clock,
    Deliveries,
    ObjectStore,
    Originals,
    Publisher,
    RowSink,
    Subscription,
)
from shared.runtime.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """Ports and names; topics are called as in the definition, buckets by the environment."""

    objects: ObjectStore
    catalogue: Catalogue
    originals: Originals
    holdings: Holdings
    tables: RowSink
    clock: Clock
    dead_letters: Subscription
    topic: Callable[[str], Publisher]
    retention: Callable[[str], Retention]
    deliveries: Deliveries
    inbox: str
    archive: str
    quarantine: str
    research: str
    receipts: str


def connected(env: Environment) -> Cloud:
    """Return the cloud that an environment leads to, as it leads any client of Google's there.

    Raises:
        SettingsError: names every variable that is missing.
    """
    project, dataset = env.text("GOOGLE_CLOUD_PROJECT"), env.text("INLET_DATASET")
    inbox, archive = env.text("INLET_INBOX"), env.text("INLET_ARCHIVE")
    quarantine, research = env.text("INLET_QUARANTINE"), env.text("INLET_RESEARCH")
    receipts = env.text("INLET_RECEIPTS")
    copies = env.optional("INLET_RESEARCH_DATASET") or "research"
    env.check()
    return Cloud(
        objects=CloudStorage(project),
        catalogue=BigQueryCatalogue(project, dataset, SCHEMAS),
        originals=BigQueryOriginals(project, dataset),
        holdings=BigQueryHoldings(project, dataset, copies),
        tables=BigQueryTables(project, SCHEMAS, {"imaging": dataset}),
        clock=SystemClock(),
        dead_letters=PubSubSubscription(project, DEAD_LETTERS),
        topic=lambda name: PubSubTopic(project, name),
        retention=lambda bucket: retention_of(project, bucket),
        deliveries=BigQueryDeliveries(project, dataset),
        inbox=inbox,
        archive=archive,
        quarantine=quarantine,
        research=research,
        receipts=receipts,
    )


def topics_by_subscription(pipeline: Pipeline | None = None) -> Mapping[str, str]:
    """Return which topic each push subscription listens to."""
    functions = (pipeline or load_pipeline()).functions.values()
    return {name: push.topic for function in functions for name, push in function.pushes.items()}
