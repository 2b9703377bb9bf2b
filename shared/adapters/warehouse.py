"""All that a sweep asks of the tables and writes to them, in BigQuery."""

from pathlib import Path

from shared.adapters.bigquery import BigQueryTables
from shared.adapters.catalogue import BigQueryCatalogue
from shared.adapters.ledger import BigQueryLedger
from shared.adapters.receipt_queries import BigQueryArrivals
from shared.adapters.studies import BigQueryStudies
from shared.claims import Claims
from shared.ports import ObjectStore


class BigQueryWarehouse:
    """The dataset that stands for `imaging`; claims of its ledger are kept in a bucket."""

    def __init__(
        self, project: str, dataset: str, schemas: Path, objects: ObjectStore, claims: str
    ) -> None:
        tables = BigQueryTables(project, schemas, {"imaging": dataset})
        self.catalogue = BigQueryCatalogue(project, dataset, schemas)
        self.studies = BigQueryStudies(project, dataset)
        self.arrivals = BigQueryArrivals(project, dataset)
        self.ledger = BigQueryLedger(Claims(objects, claims), tables, project, dataset)
