"""The tables of the documentation, made from the code they describe.

A page marks where a table stands with `<!-- table: name -->` and `<!-- end -->`; `make docs`
writes what is between, and a test fails when a page says something else than the code.
"""

import argparse
import contextlib
import importlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from functions.sweep.report import MEANINGS as FINDINGS
from functions.sweep.report import action_of
from infra import data_files, dictionary, safe_harbor
from infra.costs.tables import TABLES as COSTS
from infra.costs.tables import Table
from infra.definition import DATA_FILES, Function, Kind, Schedule, load_pipeline
from infra.googlesql import analysed
from infra.hold_advice import advice_on_hold
from infra.table_schemas import POLICIES as RESTRICTIONS
from infra.table_schemas import SCHEMAS
from infra.table_schemas import TABLES as SCHEMA_FILES
from shared.containers.limits import CONTAINER_LIMITS
from shared.contracts.advice import Advice, advice_on, advice_on_warning
from shared.contracts.event_forms import Field
from shared.contracts.event_types import EVENT_TYPES, FIELDS
from shared.contracts.facilities import POLICIES, Facility
from shared.contracts.manifest import MANIFEST_LIMITS
from shared.contracts.outcome import MEANINGS, OutcomeKind
from shared.contracts.reasons import UPLOAD_REASONS, UPLOAD_WARNINGS
from shared.contracts.targets import FAILURES, RESULTS, Target
from shared.contracts.targets import FIELDS as TARGET_FIELDS
from shared.dicom.deidentification.description import MEANINGS as TAKEN
from shared.dicom.deidentification.description import summary
from shared.dicom.deidentification.options import CODES
from shared.dicom.deidentification.profile import Profile
from shared.dicom.deidentification.reasons import HoldReason
from shared.dicom.difference import MEANINGS as DIFFERENCES
from shared.dicom.limits import LIMITS
from shared.dicom.reasons import TRIED_AGAIN
from shared.errors import SettingsError
from shared.runtime.environment import Environment, Variable

ROOT = Path(__file__).resolve().parents[1]
_TABLE = re.compile(r"(?<=<!-- table: )([a-z :._-]+)( -->\n).*?(?=<!-- end -->)", re.DOTALL)

Rows = Iterable[Sequence[object]]


def markdown(head: Sequence[str], rows: Rows) -> str:
    """Return a table; vertical bars in cells are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(
        f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in line)} |\n"
        for line in lines
    )


def stages() -> str:
    """The functions, from `pipeline.yaml`."""
    rows = (
        (f"`{stage}`", _trigger(function), function.description)
        for stage, function in load_pipeline().functions.items()
    )
    return markdown(("function", "runs on", "does"), rows)


def parts() -> str:
    """Buckets and topics, from `pipeline.yaml`."""
    pipeline = load_pipeline()
    kinds: dict[str, Mapping[str, Any]] = {
        "bucket": pipeline.buckets,
        "topic": pipeline.topics,
        "dataset": pipeline.datasets,
    }
    rows = (
        (kind, f"`{part.name}`", part.description)
        for kind, named in kinds.items()
        for part in named.values()
    )
    return markdown(("kind", "name", "holds"), rows)


def outcomes(stage: str) -> str:
    """The outcomes that one function decides."""
    kinds = [
        kind for kind in OutcomeKind if kind.stage == stage and kind is not OutcomeKind.PROMOTED
    ]
    return markdown(("outcome", "means"), ((f"`{kind}`", MEANINGS[kind]) for kind in kinds))


def events() -> str:
    """The types of public events."""
    rows = (
        (f"[`{kind.name}`](schemas/{kind.name}.schema.json)", kind.says, f"`{kind.stage}`")
        for kind in EVENT_TYPES
    )
    return markdown(("type", "says", "told by"), rows)


def event_fields() -> str:
    """All that public events may say, and which attributes say it, too."""
    rows = (
        (f"`{name}`", field.description, ", ".join(_attributes(name, field)), _types_with(name))
        for name, field in FIELDS.items()
    )
    return markdown(("field", "says", "attributes", "in events of"), rows)


def _attributes(name: str, field: Field) -> Iterator[str]:
    if field.filterable:
        yield from (f"`{each}`" for each in (name, field.also_named) if each)


def _types_with(field: str) -> str:
    """Return the types that have a field, by what they tell; `?`: it may be absent."""
    having = [kind for kind in EVENT_TYPES if field in kind.record.fields]
    if len(having) == len(EVENT_TYPES):
        return "all"
    return ", ".join(kind.name.split(".")[2] + "?" * (field in kind.optional) for kind in having)


def event_filters() -> str:
    """What each audience may subscribe to."""
    path = ROOT / "infra" / "examples" / "subscribers" / "filters.yaml"
    rows = (
        (each["audience"], each["wants"], f"`{each['filter']}`")
        for each in yaml.safe_load(path.read_text(encoding="utf-8"))
    )
    return markdown(("audience", "wants", "filter"), rows)


_ADVICE = ("code", "means", "who can fix it", "what to do", "for example")


def reasons() -> str:
    """Why an object is refused or ignored."""
    return markdown(_ADVICE, _advised({code: advice_on(code) for code in UPLOAD_REASONS}))


def warnings() -> str:
    """What is accepted with a warning."""
    return markdown(_ADVICE, _advised({code: advice_on_warning(code) for code in UPLOAD_WARNINGS}))


def holds() -> str:
    """Why de-identification holds an instance."""
    return markdown(_ADVICE, _advised({hold.value: advice_on_hold(hold) for hold in HoldReason}))


def tried_again() -> str:
    """Why a delivery is tried again."""
    rows = ((f"`{code}`", each.meaning, each.example) for code, each in TRIED_AGAIN.items())
    return markdown(("code", "means", "for example"), rows)


def _advised(advice: Mapping[str, Advice | None]) -> Rows:
    return (
        (f"`{code}`", each.meaning, each.who_can_fix, each.what_to_do, each.example)
        for code, each in advice.items()
        if each
    )


def profiles() -> str:
    """The profiles of de-identification that are shipped, and what each does to Table E.1-1."""
    rows = (
        (f"`{name}`", _options(profile), *_counts(profile), str(data["description"]).strip())
        for name, data in data_files.profiles().items()
        for profile in (Profile.from_data(name, data),)
    )
    return markdown(("profile", "options", *(f"{a}" for a in TAKEN), "is for"), rows)


def identifiers_of_safe_harbor() -> str:
    """What becomes of the identifiers that HIPAA's Safe Harbor method names."""
    shipped = {name: Profile.from_data(name, data) for name, data in data_files.profiles().items()}
    return markdown(
        ("identifier", "attributes, and their action under `basic`", "otherwise under"),
        safe_harbor.rows(shipped),
    )


def _options(profile: Profile) -> str:
    return ", ".join(sorted(CODES[option][0] for option in profile.options)) or "none"


def _counts(profile: Profile) -> list[int]:
    counts = summary(profile)
    return [counts[action] for action in TAKEN]


def differences() -> str:
    """In what two versions of an instance differ."""
    rows = ((f"`{code}`", text) for code, text in DIFFERENCES.items())
    return markdown(("difference", "means"), rows)


def targets() -> str:
    """What the file of targets says of each, and what holds where it is silent."""
    default, only = Target(name=""), ("facilities", "types")
    rows = (
        (f"`{field}`", meaning, "all" if field in only else _said(getattr(default, field)))
        for field, meaning in TARGET_FIELDS.items()
    )
    return markdown(("field", "says", "when left out"), rows)


def _said(value: object) -> str:
    return f"`{str(value).lower()}`" if value not in ("", ()) else "none"


def deliveries() -> str:
    """How an attempt to tell a target ends, and why it may fail."""
    rows = (
        (f"`{code}`", text) for meanings in (RESULTS, FAILURES) for code, text in meanings.items()
    )
    return markdown(("code", "means"), rows)


def facilities() -> str:
    """What the registry says of a facility, and what holds where it is silent."""
    default = Facility(name="<its name>")
    rows = (
        (f"`{field}`", meaning, f"`{getattr(default, field) or default.prefix}`")
        for field, meaning in POLICIES.items()
    )
    return markdown(("field", "says", "when left out"), rows)


def limits() -> str:
    """The limits under which untrusted bytes are read."""
    rows = (
        (f"`{limit.field}`", f"{limit.default:,}", f"`{limit.reason}`", limit.effect, limit.why)
        for limit in LIMITS
    )
    return markdown(("limit", "default", "reason", "what exceeds it is", "because"), rows)


def container_limits() -> str:
    """The limits under which a container is expanded."""
    rows = (
        (f"`{limit.field}`", f"{limit.default:,}", f"`{limit.reason}`", limit.effect, limit.why)
        for limit in CONTAINER_LIMITS
    )
    return markdown(("limit", "default", "reason", "what exceeds it is", "because"), rows)


def manifest_limits() -> str:
    """The limits under which a manifest is read."""
    rows = (
        (f"`{limit.field}`", f"{limit.default:,}", f"`{limit.reason}`", limit.why)
        for limit in MANIFEST_LIMITS
    )
    return markdown(("limit", "default", "reason", "because"), rows)


def findings() -> str:
    """What a sweep finds, and what it does about it."""
    rows = ((f"`{kind}`", text, action_of(kind)) for kind, text in FINDINGS.items())
    return markdown(("finding", "means", "and is"), rows)


def settings(stage: str) -> str:
    """The environment of one function, and what the definition sets it to."""
    function = load_pipeline().functions[stage]
    rows = (
        (f"`{variable.name}`", _value(function, variable), _default(variable))
        for variable in read_variables(stage)
    )
    return markdown(("variable", "set to", "when unset"), rows)


def read_variables(stage: str) -> list[Variable]:
    """Return what a function's `Settings.from_env` reads, by letting it read."""
    module = importlib.import_module(f"functions.{stage}.settings")
    env = Environment({})
    with contextlib.suppress(SettingsError):
        module.Settings.from_env(env)
    return env.read


def _trigger(function: Function) -> str:
    if isinstance(function.trigger, Schedule):
        return f"every {function.trigger.every_s:g} s"
    topics = [
        f"topic `{push.topic}`" + (f", `{push.filter}`" if push.filter else "")
        for push in function.pushes.values()
    ]
    if function.targets:
        topics.append(f"topic `{function.targets.topic}`, for each target")
    return "; ".join(topics)


def _value(function: Function, variable: Variable) -> str:
    reference = function.environment.get(variable.name)
    if reference is None:
        return "the project" if variable.name == "GOOGLE_CLOUD_PROJECT" else ""
    if reference.kind is Kind.FILE:
        return f"a file of {DATA_FILES[reference.name]}"
    return f"{reference.kind} `{reference.name}`"


def _default(variable: Variable) -> str:
    if variable.required:
        return "refuses to start"
    return f"`{variable.default}`" if variable.default else "off"


def columns(table: str) -> str:
    """The columns of one table, from its schema file."""
    return markdown(dictionary.HEAD, dictionary.rows(table))


def policies() -> str:
    """What columns are restricted by."""
    return markdown(
        ("policy tag", "is on what"), ((f"`{tag}`", text) for tag, text in RESTRICTIONS.items())
    )


def view_columns() -> str:
    """The columns of every view, with their types, as GoogleSQL's analyser tells them."""
    _, described = analysed()
    rows = (
        (f"`{view}`", ", ".join(f"`{name}` {kind}" for name, kind in described[view].items()))
        for view in sorted(described)
    )
    return markdown(("view", "columns"), rows)


def views() -> str:
    """The views, each with the first line of its file."""
    rows = (
        (f"`{path.stem}`", path.read_text().partition("\n")[0].removeprefix("-- "))
        for path in sorted((SCHEMAS.parent / "views").glob("*.sql"))
    )
    return markdown(("view", "holds"), rows)


def costs(table: Callable[[], Table]) -> str:
    """One table of what the pipeline costs."""
    return markdown(*table())


TABLES: Mapping[str, Callable[[], str]] = {
    "stages": stages,
    "parts": parts,
    "events": events,
    "events: fields": event_fields,
    "events: filters": event_filters,
    "reasons": reasons,
    "tried again": tried_again,
    "warnings": warnings,
    "holds": holds,
    "profiles": profiles,
    "safe harbor": identifiers_of_safe_harbor,
    "limits": limits,
    "differences": differences,
    "facilities": facilities,
    "targets": targets,
    "deliveries": deliveries,
    "limits: containers": container_limits,
    "limits: manifests": manifest_limits,
    "views": views,
    "policies": policies,
    "columns of views": view_columns,
    "findings": findings,
    **{f"columns: {table}": partial(columns, table) for table in SCHEMA_FILES},
    **{f"costs: {name}": partial(costs, table) for name, table in COSTS.items()},
    **{f"outcomes: {stage}": partial(outcomes, stage) for stage in ("ingest", "deidentify")},
    **{f"settings: {stage}": partial(settings, stage) for stage in load_pipeline().functions},
}


def rendered(page: str) -> str:
    """Return a page with its tables as the code has them.

    Raises:
        KeyError: the page wants a table that nobody makes.
    """
    return _TABLE.sub(lambda found: f"{found[1]}{found[2]}{TABLES[found[1]]()}", page)


def pages() -> list[Path]:
    """Return every page of the documentation."""
    folders = (ROOT / name for name in ("functions", "infra", "shared", "tests"))
    return [ROOT / "README.md", *sorted(page for top in folders for page in top.rglob("*.md"))]


def main() -> int:
    """Write the tables, or with `--check` say which pages are out of date."""
    parser = argparse.ArgumentParser(prog="infra.docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
    check = parser.parse_args().check
    stale = [page for page in pages() if rendered(text := page.read_text()) != text]
    for page in stale:
        print(f"{'out of date' if check else 'written'}: {page.relative_to(ROOT)}")
        if not check:
            page.write_text(rendered(page.read_text()))
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
