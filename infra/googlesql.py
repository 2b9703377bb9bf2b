"""What GoogleSQL's own analyser says of our views: BigQuery's dialect, without BigQuery.

The package `zetasql` carries Google's analyser as WebAssembly. Compiling that takes half a minute
of CPU; what was compiled is kept under build/.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from wasmtime import Engine, Module, WasmtimeError
from zetasql import types
from zetasql.core import ZetaSqlLocalService, wasm_client

from infra.table_schemas import SCHEMAS, TABLES

VIEWS = SCHEMAS.parent / "views"
_COMPILED = SCHEMAS.parents[1] / "build" / "zetasql.cwasm"
# What BigQuery understands in a query, as far as Google says so: BigQueryLanguageOptions in
# github.com/GoogleCloudPlatform/zetasql-toolkit.
_FEATURES = """
    ADDITIONAL_STRING_FUNCTIONS ALLOW_DASHES_IN_TABLE_NAME ALLOW_REGEXP_EXTRACT_OPTIONALS
    ANALYTIC_FUNCTIONS ANNOTATION_FRAMEWORK BIGNUMERIC_TYPE CBRT_FUNCTIONS CIVIL_TIME
    COLLATION_SUPPORT CONCAT_MIXED_TYPES DATE_ARITHMETICS DATE_TIME_CONSTRUCTORS DECIMAL_ALIAS
    EXTENDED_DATE_TIME_SIGNATURES FORMAT_IN_CAST GEOGRAPHY GROUP_BY_ROLLUP HAVING_IN_AGGREGATE
    INTERVAL_TYPE INVERSE_TRIG_FUNCTIONS IS_DISTINCT JSON_ARRAY_FUNCTIONS JSON_TYPE
    JSON_VALUE_EXTRACTION_FUNCTIONS LIKE_ANY_SOME_ALL LIMIT_IN_AGGREGATE NAMED_ARGUMENTS
    NULLS_FIRST_LAST_IN_ORDER_BY NULL_HANDLING_MODIFIER_IN_AGGREGATE
    NULL_HANDLING_MODIFIER_IN_ANALYTIC NUMERIC_TYPE ORDER_BY_IN_AGGREGATE PARAMETERIZED_TYPES PIVOT
    QUALIFY ROUND_WITH_ROUNDING_MODE SAFE_FUNCTION_CALL SELECT_STAR_EXCEPT_REPLACE TABLESAMPLE
    TABLE_VALUED_FUNCTIONS TEMPLATE_FUNCTIONS TIMESTAMP_NANOS TIME_BUCKET_FUNCTIONS
    UNNEST_AND_FLATTEN_ARRAYS UNPIVOT WEEK_WITH_WEEKDAY WITH_GROUP_ROWS WITH_ON_SUBQUERY
    WITH_RECURSIVE
"""
_KINDS = {
    "BOOLEAN": types.TypeKind.TYPE_BOOL,
    "DATE": types.TypeKind.TYPE_DATE,
    "FLOAT": types.TypeKind.TYPE_DOUBLE,
    "INTEGER": types.TypeKind.TYPE_INT64,
    "JSON": types.TypeKind.TYPE_JSON,
    "STRING": types.TypeKind.TYPE_STRING,
    "TIME": types.TypeKind.TYPE_TIME,
    "TIMESTAMP": types.TypeKind.TYPE_TIMESTAMP,
}

Columns = Mapping[str, Any]


class Warehouse:
    """The datasets as the analyser knows them: at first the tables, then also views."""

    def __init__(self) -> None:
        wasm_client.Module = _KeptModule
        self._service = ZetaSqlLocalService.get_instance()
        language = types.LanguageOptions(
            product_mode=types.ProductMode.PRODUCT_EXTERNAL,
            enabled_language_features=[
                types.LanguageFeature[f"FEATURE_{name}"] for name in _FEATURES.split()
            ],
            reserved_keywords=["QUALIFY"],
        )
        self._options = types.AnalyzerOptions(language_options=language)
        self._catalogue = types.SimpleCatalog(
            builtin_function_options=types.ZetaSQLBuiltinFunctionOptions(language_options=language)
        )
        self._datasets: dict[str, Any] = {}
        for name, schema in TABLES.items():
            fields: Any = schema["fields"]
            self.add(name, {field["name"]: _type(field) for field in fields})

    def add(self, name: str, columns: Columns) -> None:
        """A table or view `dataset.name` is known, however it is quoted."""
        made = [types.SimpleColumn(name=column, type=kind) for column, kind in columns.items()]
        dataset, _, short = name.partition(".")
        if dataset not in self._datasets:
            self._datasets[dataset] = types.SimpleCatalog(name=dataset)
            self._catalogue.catalog.append(self._datasets[dataset])
        self._catalogue.table.append(types.SimpleTable(name=name, column=made))
        self._datasets[dataset].table.append(types.SimpleTable(name=short, column=made))

    def columns(self, sql: str) -> Columns:
        """Return the columns of a query with their types.

        Raises:
            zetasql.core.exceptions.ServerError: It is no query in BigQuery's dialect, or reads what
                is not there.
        """
        answer = self._service.analyze(
            sql_statement=sql, options=self._options, simple_catalog=self._catalogue
        )
        found = answer.resolved_statement.output_column_list
        return {column.name: column.column.type for column in found}

    def texts(self, sql: str) -> list[str]:
        """Return the first column, a text, as GoogleSQL's reference implementation computes it.

        Tables have no rows here: a query brings its own, as literals.

        Raises:
            zetasql.core.exceptions.ServerError: The query cannot be analysed or evaluated.
        """
        prepared = self._service.prepare_query(
            sql=sql,
            options=self._options,
            simple_catalog=self._catalogue,
        ).prepared.prepared_query_id
        answer = self._service.evaluate_query(prepared_query_id=prepared)
        self._service.unprepare_query(prepared_query_id=prepared)
        return [row.cell[0].string_value for row in answer.content.table_data.row]


@cache
def analysed() -> tuple[Warehouse, Mapping[str, Mapping[str, str]]]:
    """Return the warehouse with every view, and the columns and types of each view."""
    warehouse = Warehouse()
    queries = {path.stem: path.read_text(encoding="utf-8") for path in VIEWS.glob("*.sql")}
    described = {}
    for name in _in_order(queries):
        columns = warehouse.columns(queries[name])
        warehouse.add(name, columns)
        described[name] = {column: type_name(kind) for column, kind in columns.items()}
    return warehouse, described


def _in_order(queries: Mapping[str, str]) -> Iterable[str]:
    """Return the names of views, each after those that it reads."""
    reads = {
        name: [other for other in queries if f"`{other}`" in sql] for name, sql in queries.items()
    }
    return TopologicalSorter(reads).static_order()


def type_name(kind: Any) -> str:
    """Return the name of a type as BigQuery writes it."""
    if kind.is_array():
        return f"ARRAY<{type_name(kind.array_type.element_type)}>"
    if kind.is_struct():
        fields = (
            f"{each.field_name} {type_name(each.field_type)}" for each in kind.struct_type.field
        )
        return f"STRUCT<{', '.join(fields)}>"
    name: str = kind.type_kind.name.removeprefix("TYPE_")
    return {"DOUBLE": "FLOAT64"}.get(name, name)


def _type(field: Mapping[str, Any]) -> Any:
    kind = _struct(field["fields"]) if field["type"] == "RECORD" else _simple(field["type"])
    if field["mode"] != "REPEATED":
        return kind
    return types.Type(
        type_kind=types.TypeKind.TYPE_ARRAY, array_type=types.ArrayType(element_type=kind)
    )


def _simple(name: str) -> Any:
    return types.Type(type_kind=_KINDS[name])


def _struct(fields: Sequence[Mapping[str, Any]]) -> Any:
    made = [types.StructField(field_name=each["name"], field_type=_type(each)) for each in fields]
    return types.Type(
        type_kind=types.TypeKind.TYPE_STRUCT, struct_type=types.StructType(field=made)
    )


class _KeptModule:
    """In the place of `wasmtime.Module`: compiled once by each version of the compiler."""

    @staticmethod
    def from_file(engine: Engine, path: str) -> Module:
        """Return the compiled module of a file."""
        if _COMPILED.exists() and _COMPILED.stat().st_mtime > Path(path).stat().st_mtime:
            try:
                return Module.deserialize_file(engine, str(_COMPILED))
            except WasmtimeError:  # made by another version
                pass
        module = Module.from_file(engine, path)
        _COMPILED.parent.mkdir(exist_ok=True)
        _COMPILED.write_bytes(module.serialize())
        return module
