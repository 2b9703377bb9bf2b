"""`make export-samples`: the views of `research` as Parquet files, for pandas and DuckDB."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from google.cloud import bigquery
from pyarrow import parquet

from infra.definition import Dataset, load_pipeline
from infra.local.clients import Clients
from infra.local.console import Console
from infra.local.layout import Layout
from infra.local.lifecycle import running_environment


def export(client: bigquery.Client, dataset: Dataset, folder: Path) -> Iterator[tuple[Path, int]]:
    """Write each view of a dataset to `<view>.parquet`; yield the files and their rows.

    Records stay structs and repeated columns lists; JSON is text, as BigQuery's own export has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for view in dataset.views:
        query = f"SELECT * FROM `{dataset.name}.{view}`"  # noqa: S608  names of the definition
        result = client.query(query).result()
        table = result.to_arrow(create_bqstorage_client=False)
        file = folder / f"{view}.parquet"
        parquet.write_table(table, file, compression="zstd")
        yield file, table.num_rows


def run(options: argparse.Namespace, layout: Layout) -> int:
    """Export from the running cloud, and say what was written."""
    console = Console()
    client = Clients(running_environment(layout)).bigquery
    research = load_pipeline().datasets["research"]
    for file, rows in export(client, research, options.folder):
        console.line(f"  {file}  {rows} row{'' if rows == 1 else 's'}")
    return 0
