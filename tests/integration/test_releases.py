"""What two releases wrote of the same, on a real server: one row, whichever came last."""

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client

from functions.index import rows
from tests.conftest import Environment
from tests.outcomes import MOMENT, an_outcome
from tests.warehouse import an_empty_warehouse

WRITTEN = {
    "imaging.instances": rows.instance(an_outcome(primary_at=MOMENT)),
    "imaging.uploads": rows.upload(an_outcome(primary_at=MOMENT)),
}


@pytest.mark.parametrize("order", [("1", "2"), ("2", "1")])
def test_a_row_of_the_greater_release_counts(bigquery: Environment, order: tuple[str, str]) -> None:
    project = bigquery["GOOGLE_CLOUD_PROJECT"]
    with (
        an_empty_warehouse(project, "instances_current", "uploads_current") as tables,
        Client(project=project, credentials=AnonymousCredentials()) as client,
    ):
        for table, row in WRITTEN.items():
            for release in order:
                tables.append(table, [{**row, "PipelineVersion": release}])
            query = f"SELECT PipelineVersion FROM `{table}_current`"
            found = [each["PipelineVersion"] for each in client.query(query).result()]
            assert found == ["2"]
