"""The tables of the costs, as `make costs` prints them and its page shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from infra.costs import alternatives
from infra.costs.model import (
    BESIDE,
    KINDS,
    MILLION,
    WITH_COPIES,
    WITHOUT_COPIES,
    Counted,
    Fact,
    Model,
    assuming,
    read_counted,
    read_model,
    total,
)

CONCURRENCIES: Final = (1, 8, 80)
TYPICAL: Final = 8
SET_INSTANCES: Final = 200  # of a series of a CT
FEW_A_MONTH: Final = 100_000
FACILITIES: Final[Mapping[str, str]] = {
    WITHOUT_COPIES: "without research copies",
    WITH_COPIES: "with research copies",
}
# What takes an instance in: it is archived, in the tables, and its event is published.
TAKING_IN: Final = ("ingest", "index", "notify")

Row = Sequence[object]


class Table(NamedTuple):
    """A head and rows."""

    head: Sequence[str]
    rows: Sequence[Row]


@cache
def _read() -> tuple[Mapping[str, Mapping[int, Counted]], Model]:
    instances, sweeps, _ = read_counted()
    return instances, read_model(sweeps)


def operations() -> Table:
    """What an ordinary instance asks of the services."""
    counted = _read()[0]
    both = [{fact[:3]: fact for fact in counted[who][1].facts} for who in FACILITIES]
    rows = [
        (
            f"`{by}`",
            f"`{what}`",
            on and f"`{on}`",
            *(_asked(side.get((by, what, on))) for side in both),
        )
        for by, what, on in sorted({*both[0], *both[1]}, key=_order)
    ]
    return Table(("who", "asks for", "of", *FACILITIES.values()), rows)


_PARTS: Final = ("facility", "storage", "ingest", "index", "deidentify", "notify", "sweep")


def _order(use: tuple[Any, ...]) -> tuple[int, str, str]:
    return _PARTS.index(use[0]), use[1], use[2]


def _asked(fact: Fact | None) -> str:
    if fact is None:
        return ""
    of_bytes = fact.what.startswith(("pubsub.", "bigquery."))
    return f"{fact.number:g}" + (f", {_thousands(fact.bytes)} bytes" if of_bytes else "")


def _thousands(number: float) -> str:
    """Return a number in two figures: a name more or less changes no page."""
    digits = max(0, len(str(round(number))) - 2)
    return f"{round(number, -digits):,.0f}"


def sweeping() -> Table:
    """What the sweep asks for at intervals."""
    _, model = _read()
    names = ("each run", "hourly", "daily")
    rows = [
        (name, f"`{fact.what}`", fact.on and f"`{fact.on}`", f"{fact.number:g}")
        for name, doing in zip(names, model.sweeps.recurring, strict=True)
        for fact in doing.facts
        if fact.number
    ]
    return Table(("when", "asks for", "of", "times"), rows)


def parts() -> Table:
    """What a million instances of half a megabyte cost, by part and kind of charge."""
    counted, model = _read()
    costs = model.costs(counted[WITH_COPIES][1], TYPICAL)
    rows: list[Row] = [
        (f"`{part}`", *(_usd(kinds[kind]) for kind in KINDS), _usd(sum(kinds.values())))
        for part, kinds in costs.items()
    ]
    sums = [sum(kinds[kind] for kinds in costs.values()) for kind in KINDS]
    return Table(("part", *KINDS, "sum"), [*rows, ("sum", *map(_usd, sums), _usd(sum(sums)))])


def totals() -> Table:
    """What a million instances cost, by size and concurrency."""
    counted, model = _read()
    rows = [
        (
            _megabytes(each.bytes),
            FACILITIES[who],
            *(_usd(total(model.costs(each, at_once))) for at_once in CONCURRENCIES),
            _usd(total(model.costs(each, TYPICAL), *TAKING_IN)),
            _usd(sum(model.beside(each).values())),
        )
        for who in FACILITIES
        for each in counted[who].values()
    ]
    at_once = [f"{number} at once" for number in CONCURRENCIES]
    head = ("size", "", *at_once, f"of {TYPICAL}: ingest, index, events", "beside")
    return Table(head, rows)


def beside() -> Table:
    """What a deployment's own choices add to a million instances of half a megabyte."""
    counted, model = _read()
    sides = [model.beside(counted[who][1]) for who in FACILITIES]
    rows: list[Row] = [(name, *(_usd(side[name]) for side in sides)) for name in BESIDE]
    return Table(
        ("", *FACILITIES.values()), [*rows, ("sum", *(_usd(sum(s.values())) for s in sides))]
    )


def monthly() -> Table:
    """What it costs a month to keep a million instances, and to look after them."""
    counted, model = _read()
    rows: list[Row] = []
    for each in counted[WITH_COPIES].values():
        stored = model.stored_a_month(each)
        theirs = alternatives.healthcare_stored(model.prices, each.bytes)
        rows.append((_megabytes(each.bytes), *map(_usd, stored.values()), _usd(theirs)))
    return Table(("size", "originals", "copies", "tables", "Healthcare API, originals alone"), rows)


def compared() -> Table:
    """What others charge for as much."""
    counted, model = _read()
    rows: list[Row] = []
    for who, each in ((one, each) for one in FACILITIES for each in counted[one].values()):
        ours = total(model.costs(each, TYPICAL))
        whole = ours + sum(model.beside(each).values())
        theirs = alternatives.healthcare(model.prices, each.bytes, copies=who == WITH_COPIES)
        aws = alternatives.healthimaging(model.prices, each.bytes, SET_INSTANCES)
        rows.append(
            (
                _megabytes(each.bytes),
                FACILITIES[who],
                _usd(ours),
                _usd(theirs),
                f"{theirs / ours:.1f}",
                f"{theirs / whole:.1f}",
                _usd(aws) if who == WITHOUT_COPIES else "",
            )
        )
    head = (
        "size",
        "",
        "Inlet",
        "Healthcare API",
        "times",
        "times, all beside",
        "AWS HealthImaging",
    )
    return Table(head, rows)


def short() -> Table:
    """What it comes to, in short."""
    counted, model = _read()
    some = (1, 20)
    rows = [
        (
            f"{_megabytes(each.bytes)}, {FACILITIES[who]}",
            _usd(total(model.costs(each, TYPICAL))),
            _usd(alternatives.healthcare(model.prices, each.bytes, copies=who == WITH_COPIES)),
        )
        for who in FACILITIES
        for frames, each in counted[who].items()
        if frames in some
    ]
    return Table(("a million instances, USD", "Inlet", "Healthcare API, at least"), rows)


def sensitivity() -> Table:
    """How much each assumption matters, most first."""
    counted, model = _read()
    each = counted[WITH_COPIES][1]

    def whole(changed: Model, at_once: int = TYPICAL) -> float:
        return total(changed.costs(each, at_once)) + sum(changed.beside(each).values())

    base, assumed = whole(model), model.assumed
    waits = {name: 2 * ms for name, ms in assumed.wait_ms.items()}
    cases = {
        f"{FEW_A_MONTH:,} instances a month": whole(
            assuming(model, instances_per_month=FEW_A_MONTH)
        ),
        "one request at a time": whole(model, 1),
        "80 requests at a time": whole(model, 80),
        "a vCPU half as fast": whole(assuming(model, cpu_factor=2 * assumed.cpu_factor)),
        "answers take twice as long": whole(assuming(model, wait_ms=waits)),
        "no audit log of reads and writes": whole(assuming(model, audit_log_bytes=0)),
        "no entry by the platform for a request": whole(assuming(model, request_log_bytes=0)),
        "keys of Google's, not ours": whole(assuming(model, key_operations=0)),
        "queries read twice as much": whole(
            assuming(model, scanned_bytes_per_row=2 * assumed.scanned_bytes_per_row)
        ),
    }
    changes = {name: value - base for name, value in cases.items()}
    rows = [
        (name, f"{changes[name]:+.2f}") for name in sorted(changes, key=lambda n: -abs(changes[n]))
    ]
    return Table(("if", "USD per million"), rows)


def prices() -> Table:
    """The prices that were taken."""
    entries = _read()[1].prices.entries
    rows = [
        (name, f"{entry['usd']:g}", entry["per"], entry["seen"], f"<{entry['source']}>")
        for name, entry in entries.items()
    ]
    return Table(("price", "USD", "per", "seen", "source"), rows)


def _usd(amount: float) -> str:
    return f"{amount:,.2f}" if amount < 100 else f"{amount:,.0f}"  # noqa: PLR2004  three figures


def _megabytes(size: int) -> str:
    return f"{float(f'{size / MILLION:.1g}'):g} MB"


TABLES: Final[Mapping[str, Callable[[], Table]]] = {
    "short": short,
    "operations": operations,
    "sweep": sweeping,
    "parts": parts,
    "totals": totals,
    "beside": beside,
    "monthly": monthly,
    "compared": compared,
    "sensitivity": sensitivity,
    "prices": prices,
}


def report() -> dict[str, Any]:
    """Return everything as data: USD per million instances."""
    counted, model = _read()
    return {
        "usd_per_million": list(_cases(counted, model)),
        "sweeps_usd_a_month": model.sweeps_a_month(),
        "instances_per_month": model.assumed.instances_per_month,
    }


def _cases(counted: Mapping[str, Mapping[int, Counted]], model: Model) -> Iterator[dict[str, Any]]:
    for who, sizes in counted.items():
        for each in sizes.values():
            copies = who == WITH_COPIES
            theirs = alternatives.healthcare(model.prices, each.bytes, copies=copies)
            for at_once in CONCURRENCIES:
                costs = model.costs(each, at_once)
                yield {
                    "bytes": each.bytes,
                    "copies": copies,
                    "concurrency": at_once,
                    "parts": costs,
                    "total": total(costs),
                    "ingest_index_events": total(costs, *TAKING_IN),
                    "beside": model.beside(each),
                    "healthcare_api": theirs,
                    "times": theirs / total(costs),
                }


def lines(table: Table) -> Iterable[str]:
    """Yield a table as text, in columns."""
    texts = [[str(cell).replace("`", "") for cell in row] for row in (table.head, *table.rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for row in texts:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
