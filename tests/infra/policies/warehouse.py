"""Datasets, tables and views."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final

from infra.definition import load_pipeline
from infra.table_schemas import POLICIES, TABLES
from tests.infra.access import by_facility
from tests.infra.plan import PROJECT, REGION, Plan, Resource
from tests.infra.policies.differences import exactly, same, says
from tests.infra.terraform import INFRA

RESEARCH: Final = "research"
_READ: Final = re.compile(r"(?:FROM|JOIN)\s+`([^`]+)`")
_DOTS: Final = 2  # of a name with its project


def datasets(plan: Plan) -> Iterator[str]:
    """Datasets are encrypted, each kind of data with its own key, and not emptied by mistake."""
    made = {each.values["dataset_id"] for each in plan.of_kind("bigquery_dataset")}
    yield from exactly("datasets", load_pipeline().datasets, made)
    for name, defined in load_pipeline().datasets.items():
        key = "research" if name == "research" else "identities"
        yield from says(
            plan.named("bigquery_dataset", name),
            {
                "description": defined.description,
                "location": REGION,
                "delete_contents_on_destroy": False,
                "default_encryption_configuration.kms_key_name": plan.id_of("kms_crypto_key", key),
                "access.role": "OWNER",
                "access.special_group": "projectOwners",
            },
        )
        yield from same(name, 1, len(plan.named("bigquery_dataset", name).values["access"]))


def tables(plan: Plan) -> Iterator[str]:
    """Tables have the columns that the code writes, with their restrictions."""
    made = {_name(each.values): each for each in plan.of_kind("bigquery_table")}
    views = {name for name, each in made.items() if each.values["view"]}
    yield from exactly("tables", TABLES, made.keys() - views)
    tags = {f"{name}": plan.id_of("data_catalog_policy_tag", name) for name in POLICIES}
    for name, schema in TABLES.items():
        table = plan.named("bigquery_table", name)
        yield from says(
            table,
            {
                "description": schema["description"],
                "clustering": schema.get("clustering"),
                "deletion_protection": plan.variables["deletion_protection"],
                "time_partitioning.type": "DAY",
                "time_partitioning.field": schema["partition_field"],
            },
        )
        fields: Any = schema["fields"]
        expected = {column["name"]: _resolved(column, tags) for column in fields}
        found = {column["name"]: column for column in json.loads(table.values["schema"])}
        yield from exactly(f"columns of {name}", expected, found)
        for column in expected.keys() & found.keys():
            yield from same(f"{name}.{column}", expected[column], found[column])


def views(plan: Plan) -> Iterator[str]:
    """Views are those of the files, name the project of what they read, and are made after it."""
    wanted = {
        f"{dataset.name}.{view}": (INFRA / "views" / f"{dataset.name}.{view}.sql").read_text()
        for dataset in load_pipeline().datasets.values()
        for view in dataset.views
    }
    there, waves = set(TABLES), [_views(plan, number) for number in ("first", "second", "third")]
    yield from exactly("views", wanted, chain.from_iterable(waves))
    for made in waves:
        for name, view in made.items():
            query = view.block("view")["query"]
            yield from same(name, wanted.get(name), query.replace(f"`{PROJECT}.", "`"))
            yield from says(view, {"view.use_legacy_sql": False})
            for read in _READ.findall(query):
                if read.removeprefix(f"{PROJECT}.") not in there or read.count(".") != _DOTS:
                    yield f"{name}: {read} is not there yet, or its project is not named"
        there |= made.keys()


def _views(plan: Plan, number: str) -> dict[str, Resource]:
    return {
        _name(each.values): each
        for each in plan.of_kind("bigquery_table")
        if each.address.startswith(f"module.{number}_views.")
    }


def research_views(plan: Plan) -> Iterator[str]:
    """Researchers read views that are let in to their table, and no role takes that away."""
    names = load_pipeline().datasets[RESEARCH].views
    let_in = {
        each.block("view")["table_id"]: each for each in plan.of_kind("bigquery_dataset_access")
    }
    yield from exactly("views let in", names, let_in)
    for each in let_in.values():
        where = {"dataset_id": RESEARCH, "view.dataset_id": RESEARCH, "view.project_id": PROJECT}
        yield from says(each, where)
    # The provider's pages: any dataset_iam resource removes the views that were let in.
    for each in plan.of_kind("bigquery_dataset_iam_member"):
        if each.values["dataset_id"] == RESEARCH:
            yield f"{each.address}: would shut the views out"
    for member in plan.variables["research_readers"]:
        reads = [
            each.on for each in plan.grants if each.who == member and "bigquery.data" in each.may
        ]
        yield from exactly(member, (f"table {RESEARCH}.{name}" for name in names), reads)


def restrictions(plan: Plan) -> Iterator[str]:
    """Whoever lacks the restriction's own grant does not see a column."""
    for taxonomy in plan.of_kind("data_catalog_taxonomy"):
        yield from says(
            taxonomy, {"activated_policy_types": ["FINE_GRAINED_ACCESS_CONTROL"], "region": REGION}
        )
    made = {each.values["display_name"] for each in plan.of_kind("data_catalog_policy_tag")}
    yield from exactly("restrictions", POLICIES, made)


def rows(plan: Plan) -> Iterator[str]:
    """Where a facility has analysts, they see its rows, and nobody sees rows by chance."""
    analysts = plan.variables["facility_analysts"]
    everything = [
        *plan.variables["imaging_analysts"],
        f"serviceAccount:fn-sweep@{PROJECT}.iam.gserviceaccount.com",
    ]
    filters = {"TRUE": everything} | {
        f"Facility = '{facility}'": members for facility, members in analysts.items()
    }
    wanted = {
        (table, each): members for table in by_facility() for each, members in filters.items()
    }
    found = {
        (_name(each.values), each.values["filter_predicate"]): each.values["grantees"]
        for each in plan.of_kind("bigquery_row_access_policy")
    }
    yield from same("rows", wanted if analysts else {}, found)


def _name(values: Mapping[str, Any]) -> str:
    return f"{values['dataset_id']}.{values['table_id']}"


def _resolved(column: Mapping[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
    """Return a column with its restriction's resource in the place of the name."""
    resolved = dict(column)
    if "policyTags" in resolved:
        resolved["policyTags"] = {"names": [tags[name] for name in column["policyTags"]["names"]]}
    if "fields" in resolved:
        resolved["fields"] = [_resolved(inner, tags) for inner in column["fields"]]
    return resolved
