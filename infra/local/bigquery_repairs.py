"""What bqemulator 1.4.0 does differently from the service in ways that matter here, put right.

- The Arrow schema of an append lacks the fields of RECORD columns, so that no row of a table with
  such a column can be appended.
- A request that leaves out the stream's name, as Google's writer does after the first one of a
  connection, is answered NOT_FOUND and ends the connection.
- All threads share one DuckDB connection between executing a statement and fetching its result, so
  that a query during an append may return the append's row count instead of its own rows.
- Each append copies the whole table for time travel: appends slow down and memory grows with the
  square of the rows. Without the copies, `FOR SYSTEM_TIME AS OF` reads the present.
- A query in which a function had to be rewritten (COUNTIF, say) returns its column names in lower
  case; BigQuery keeps the case they are written in.
- Such a query also loses every RECORD column of what `SELECT *` stands for, at any depth, and reads
  the element behind the one that it should of a REPEATED column: the emulator tells its optimiser
  neither of records nor of what is repeated.
- Each open append stream holds one of a handful of threads, so that a few clients block all others.

A test fails as soon as upstream needs one of these no longer.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import SimpleNamespace
from typing import Any, Protocol

import grpc
from bqemulator.api.routes.tabledata import _build_arrow_schema
from bqemulator.grpc_api import write_servicer
from bqemulator.sql import catalog_schema, inner_query, translator
from bqemulator.storage import engine as engine_module
from bqemulator.versioning.snapshots import SnapshotManager

MAX_STREAMS = 2048  # a thread each, made when one opens
_REPEATED = "REPEATED "

_statement = threading.RLock()


class _Field(Protocol):
    name: str
    type: str
    mode: str
    fields: Sequence["_Field"] | None


class _Fetched:
    """The result of a statement, out of reach of the next one."""

    def __init__(self, result: Any) -> None:
        self.description = result.description
        self._rows: list[Any] = result.fetchall()

    def fetchall(self) -> list[Any]:
        """The rows that were not fetched before."""
        rows, self._rows = self._rows, []
        return rows

    def fetchone(self) -> Any | None:
        """The next row, None after the last."""
        return self._rows.pop(0) if self._rows else None


def repair() -> None:
    """The emulator of this process works as this module says."""
    writes: Any = write_servicer
    handler: Any = write_servicer.BigQueryWriteHandler
    engine: Any = engine_module.DuckDBEngine
    snapshots: Any = SnapshotManager
    writes._table_arrow_schema = _table_arrow_schema  # noqa: SLF001
    handler._ensure_stream_bound = _sticky(handler._ensure_stream_bound)  # noqa: SLF001
    handler._flush_to_target = _alone(handler._flush_to_target)  # noqa: SLF001
    streams = ThreadPoolExecutor(MAX_STREAMS, thread_name_prefix="stream")
    grpc.aio.server = partial(grpc.aio.server, migration_thread_pool=streams)
    translations: Any = translator
    translations.qualify = _case_kept(translations.qualify)
    columns: Any = catalog_schema
    queries: Any = inner_query
    queries.build_catalog_schema = _modes_told(queries.build_catalog_schema)
    columns._safe_bq_to_duckdb = _named(columns._safe_bq_to_duckdb)  # noqa: SLF001
    engine.execute = _execute
    engine.fetch_arrow = _fetch_arrow
    snapshots.capture = _when_asked(snapshots.capture)


def _table_arrow_schema(table: Any) -> Any:
    return _build_arrow_schema([_raw(field) for field in table.schema_.fields])


def _raw(field: _Field) -> dict[str, object]:
    nested = [_raw(item) for item in field.fields or ()]
    return {"name": field.name, "type": field.type, "mode": field.mode, "fields": nested}


def _sticky(bind: Callable[..., Any]) -> Callable[..., Any]:
    def bind_unless_unnamed(handler: Any, stream: str, bound: Any, context: Any) -> Any:
        return bound if bound and not stream else bind(handler, stream, bound, context)

    return bind_unless_unnamed


def _case_kept(qualify: Callable[..., Any]) -> Callable[..., Any]:
    def qualify_keeping_case(tree: Any, *, dialect: str, **options: Any) -> Any:
        strategy = f"{dialect}, normalization_strategy=case_sensitive"
        return qualify(tree, dialect=strategy, **options)

    return qualify_keeping_case


def _modes_told(build: Callable[..., Any]) -> Callable[..., Any]:
    def build_with_modes(sql: str, *, project_id: str, catalog: Any) -> Any:
        return build(sql, project_id=project_id, catalog=_Moded(catalog))

    return build_with_modes


class _Moded:
    """A catalogue whose columns say in their types whether they are repeated."""

    def __init__(self, catalog: Any) -> None:
        self._catalog = catalog

    def get_table(self, *names: str) -> Any:
        """The table, of which only names and types of columns are asked."""
        table = self._catalog.get_table(*names)
        fields = table.schema_.fields if table else ()
        columns = [SimpleNamespace(name=each.name, type=_moded(each)) for each in fields]
        return SimpleNamespace(schema_=SimpleNamespace(fields=columns))


def _moded(field: _Field) -> str:
    return f"{_REPEATED}{field.type}" if field.mode == "REPEATED" else field.type


def _named(name_of: Callable[[str], str | None]) -> Callable[[str], str]:
    def name_or_unknown(bigquery_type: str) -> str:
        name = name_of(bigquery_type.removeprefix(_REPEATED))
        if name is None:
            return "UNKNOWN"
        return f"{name}[]" if bigquery_type.startswith(_REPEATED) else name

    return name_or_unknown


def _alone(work: Callable[..., Any]) -> Callable[..., Any]:
    def work_alone(*arguments: Any) -> Any:
        with _statement:
            return work(*arguments)

    return work_alone


def _execute(engine: Any, sql: str, parameters: list[Any] | None = None) -> _Fetched:
    with _statement:
        return _Fetched(engine.connection.execute(sql, parameters))


def _fetch_arrow(engine: Any, sql: str, parameters: list[Any] | None = None) -> Any:
    with _statement:
        result = engine.connection.execute(sql, parameters)
        description, table = result.description, result.to_arrow_table()
    return engine_module._annotate_with_duckdb_types(table, description)  # noqa: SLF001


def _when_asked(capture: Callable[..., Any]) -> Callable[..., Any]:
    def capture_unless_automatic(*arguments: Any, kind: str = "AUTO") -> Any:
        return None if kind == "AUTO" else capture(*arguments, kind=kind)

    return capture_unless_automatic
