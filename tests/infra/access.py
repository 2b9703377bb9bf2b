"""Who may do what on what, and why: the grants that a plan may make, and their table in the README.

`make infra-access` writes the table between `<!-- access -->` and `<!-- end -->`; the grants of the
full example's plan are compared with the same list, grant by grant.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from infra.definition import load_pipeline
from infra.docs import markdown
from infra.table_schemas import TABLES
from tests.infra.plan import Grant
from tests.infra.policies.calls import Call, calls
from tests.infra.terraform import INFRA

PAGE: Final = INFRA / "README.md"
# The data of the full example, whose grants these are.
EXAMPLE: Final = {
    "facilities_file": "examples/facilities.yaml",
    "targets_file": "examples/targets.yaml",
}
_TABLE: Final = re.compile(r"(?<=<!-- access -->\n).*?(?=<!-- end -->)", re.DOTALL)


def entries() -> Mapping[str, list[Mapping[str, Any]]]:
    """Return the list, by who."""
    listed: Mapping[str, list[Mapping[str, Any]]] = yaml.safe_load(
        Path(__file__).with_name("grants.yaml").read_text()
    )
    return listed


def allowed() -> Iterator[Grant]:
    """Yield every grant of the list."""
    pushes = list(calls(EXAMPLE))
    for who, listed in entries().items():
        for entry in listed:
            may, only = entry["may"], entry.get("only", "")
            for at in entry["at"]:
                for each, on in _each(who, at, pushes):
                    yield Grant(who=each, may=may, on=on, only=only)


def _each(who: str, at: str, pushes: Sequence[Call]) -> Iterator[tuple[str, str]]:
    """Yield who and what an entry stands for: one of each, but where it says otherwise."""
    if at == "function of that push":
        yield from ((push.identity, f"function {push.stage}") for push in pushes)
    elif at == "identity of each push":
        yield from ((who, f"identity {push.identity}") for push in pushes)
    elif at == "subscription of each push that gives up":
        yield from ((who, f"subscription {push.name}") for push in pushes if push.gives_up)
    elif at == "tables with rows of facilities":
        yield from ((who, f"table {table}") for table in by_facility())
    elif at.startswith("views of "):
        dataset = load_pipeline().datasets[at.removeprefix("views of ")]
        yield from ((who, f"table {dataset.name}.{view}") for view in dataset.views)
    else:
        yield who, at


def by_facility() -> list[str]:
    """Return the tables of `imaging` that say whose a row is."""
    columns: dict[str, Any] = {name: schema["fields"] for name, schema in TABLES.items()}
    return [
        name
        for name, fields in columns.items()
        if name.startswith("imaging.") and any(field["name"] == "Facility" for field in fields)
    ]


def table() -> str:
    """Return the list as a table."""
    rows = (
        (
            who if who.startswith("identity of") else f"`{who}`",
            f"`{entry['may']}`",
            ", ".join(entry["at"]) + (f", only where `{entry['only']}`" if "only" in entry else ""),
            entry["why"],
        )
        for who, listed in entries().items()
        for entry in listed
    )
    return markdown(("who", "may", "on", "because"), rows)


def rendered(page: str) -> str:
    """Return a page with its table as the list has it."""
    return _TABLE.sub(lambda _: table(), page)


if __name__ == "__main__":
    PAGE.write_text(rendered(PAGE.read_text()))
