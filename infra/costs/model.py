"""Counted facts and measured seconds to USD per million instances.

Pure: what was counted, prices, assumptions and the resources of functions in, numbers out. An
instance of a function serves `concurrency` requests at once; it is charged for as long as it
serves any. So a request is charged its CPU time, or its share of the time that it takes, whichever
is more: the CPU is one, and waiting is shared. One that is served alone is charged up to the next
tenth of a second.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from infra.definition import Pipeline, Schedule, load_pipeline
from shared.contracts.facilities import Facility

COUNTED: Final = Path(__file__).with_name("counted.json")
PRICES: Final = Path(__file__).with_name("prices.yaml")
WITH_COPIES: Final = "with-copies"
WITHOUT_COPIES: Final = "without-copies"
READS_PIXELS: Final = "deidentify"
MILLION: Final = 1_000_000
GIB: Final = 1 << 30
DAY_S: Final = 86_400
DAYS_A_MONTH: Final = 365 / 12
LOOKBACK_DAYS: Final = 31.0  # of the sweep's, hourly and daily
_MIB: Final = 1 << 20
_ROUNDED_UP_TO_S: Final = 0.1  # what is charged of an instance of a function
_PER: Final[Mapping[str, float]] = {
    "million operations": MILLION,
    "million vCPU-seconds": MILLION,
    "million GiB-seconds": MILLION,
    "GiB": GIB,
    "TiB": 1 << 40,
    "GiB and month": GIB,
    "month": 1,
}


class Fact(NamedTuple):
    """What an instance, or a run of the sweep, asks for."""

    by: str
    what: str
    on: str
    number: float
    bytes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What one instance takes."""

    bytes: int
    facts: tuple[Fact, ...]
    cpu_s: Mapping[str, float]  # by function
    log_bytes: Mapping[str, int]


class Recurring(NamedTuple):
    """What the sweep does at an interval."""

    facts: tuple[Fact, ...]
    every_s: float
    days: float  # of rows that its queries look back at


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweeps:
    """What the sweep does, and the rows by table that an instance leaves for it to look at."""

    recurring: tuple[Recurring, ...]
    every_s: float
    cpu_s: float  # of a run
    row_bytes: Mapping[str, float]


class Prices:
    """Prices by name, and the class of each operation."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.entries: Mapping[str, Mapping[str, Any]] = document["prices"]
        self.operations: Mapping[str, str] = document["operations"]

    def usd(self, name: str, amount: float) -> float:
        """Return what an amount costs: operations, seconds or bytes."""
        entry = self.entries[name]
        return amount * float(entry["usd"]) / _PER[entry["per"]]

    def operation(self, method: str, number: float) -> float:
        """Return what calls of a method of Cloud Storage cost.

        Raises:
            KeyError: it has no class.
        """
        price = self.operations[method]
        return 0.0 if price == "free" else self.usd(price, number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """What is neither counted nor measured."""

    wait_ms: Mapping[str, float]
    transfer_mb_per_s: float
    cpu_factor: float
    instances_per_month: float
    scanned_bytes_per_row: float
    least_scanned_bytes: float
    request_log_bytes: float
    audit_log_bytes: float
    key_operations: float


Costs = Mapping[str, Mapping[str, float]]  # USD by part and by kind
KINDS: Final = ("operations", "messages", "rows", "queries", "requests", "compute")
BESIDE: Final = ("messages kept", "logs", "audit log", "keys")


@dataclass(frozen=True, slots=True)
class Model:
    """The pipeline as it is defined, priced."""

    pipeline: Pipeline
    prices: Prices
    assumed: Assumed
    sweeps: Sweeps

    def costs(self, counted: Counted, concurrency: int) -> Costs:
        """Return the USD per million instances, by part of the pipeline and kind of charge."""
        parts = {
            part: self._part(part, counted.facts, counted.cpu_s.get(part, 0.0), concurrency)
            for part in sorted({_part_of(fact.by) for fact in counted.facts})
        }
        parts["sweep"] = self._sweep()
        return {
            part: {kind: MILLION * kinds[kind] for kind in KINDS} for part, kinds in parts.items()
        }

    def beside(self, counted: Counted) -> Mapping[str, float]:
        """Return the USD per million instances of what a deployment adds by its own choices."""
        facts = counted.facts
        requests = _number(facts, "run.request")
        logged = sum(counted.log_bytes.values()) + requests * self.assumed.request_log_bytes
        operations = [fact for fact in facts if fact.what.startswith("storage.")]
        audited = sum(fact.number for fact in operations) * self.assumed.audit_log_bytes
        charged = sum(f.number for f in operations if self.prices.operations[f.what] != "free")
        keys = self.prices.usd("kms operation", charged * self.assumed.key_operations)
        each = (
            self._kept(facts),
            self.prices.usd("logging", logged),
            self.prices.usd("logging", audited),
            keys,
        )
        return {name: MILLION * usd for name, usd in zip(BESIDE, each, strict=True)}

    def stored_a_month(self, counted: Counted) -> Mapping[str, float]:
        """Return the USD a month for what a million instances leave behind."""
        copies = any(fact.on == "research" for fact in counted.facts)
        rows = sum(f.bytes for f in counted.facts if f.what == "bigquery.append")
        return {
            "originals": self.prices.usd("storage standard", MILLION * counted.bytes),
            "copies": self.prices.usd("storage standard", MILLION * counted.bytes * copies),
            "tables": self.prices.usd("bigquery storage", MILLION * rows),
        }

    def sweeps_a_month(self) -> float:
        """Return the USD a month of what is done at intervals, whatever lands."""
        return sum(self._sweep().values()) * self.assumed.instances_per_month

    def _part(
        self, part: str, facts: Sequence[Fact], cpu_s: float, concurrency: int
    ) -> Mapping[str, float]:
        own = [fact for fact in facts if _part_of(fact.by) == part]
        requests = _number(own, "run.request")
        return {
            "operations": self._operations(own),
            "messages": self.prices.usd(
                "pubsub volume", _volume(own) + self._filtered(part, facts)
            ),
            "rows": self.prices.usd("bigquery append", _bytes(own, "bigquery.append")),
            "queries": 0.0,
            "requests": self.prices.usd("run request", requests),
            "compute": self._compute(part, own, cpu_s, concurrency) if requests else 0.0,
        }

    def _filtered(self, part: str, facts: Iterable[Fact]) -> float:
        """Return the bytes that filters keep from a function: they are charged as delivered.

        Pub/Sub, "Filter messages from a subscription".
        """
        function = self.pipeline.functions.get(part)
        kept_away = 0.0
        for name, push in function.pushes.items() if function else ():
            if push.filter:
                published = _bytes([f for f in facts if f.on == push.topic], "pubsub.publish")
                delivered = _bytes([f for f in facts if f.on == name], "pubsub.push")
                kept_away += max(0.0, published - delivered)
        return kept_away

    def _operations(self, facts: Iterable[Fact]) -> float:
        calls = Counter[str]()
        for fact in facts:
            if fact.what.startswith("storage."):
                calls[fact.what] += fact.number  # type: ignore[assignment]
            elif (fact.by, fact.what) == ("storage", "pubsub.publish"):
                calls["storage.notification"] += fact.number  # type: ignore[assignment]
        return sum(self.prices.operation(method, number) for method, number in calls.items())

    def _compute(self, part: str, facts: Iterable[Fact], cpu_s: float, concurrency: int) -> float:
        has = self.pipeline.functions[part].resources
        requests = _number(facts, "run.request")
        cpu = cpu_s * self.assumed.cpu_factor / requests
        took = cpu + self._waited_s(facts) / requests
        at_once = min(concurrency, has.concurrency)
        charged = requests * (max(cpu, took / at_once) if at_once > 1 else _rounded_up(took))
        memory = charged * has.memory_mib * _MIB / GIB
        return self.prices.usd("run cpu", charged * has.cpu) + self.prices.usd("run memory", memory)

    def _waited_s(self, facts: Iterable[Fact]) -> float:
        waited = 0.0
        for fact in facts:
            waited += fact.number * self.assumed.wait_ms.get(fact.what, 0.0) / 1000
            if fact.what.startswith("storage."):
                waited += fact.bytes / (self.assumed.transfer_mb_per_s * MILLION)
        return waited

    def _scanned(self, doing: Recurring) -> float:
        """Return the bytes that the queries of a run read, of each table no less than the least."""
        assumed = self.assumed
        instances = assumed.instances_per_month * doing.days / DAYS_A_MONTH
        scanned = 0.0
        for fact in doing.facts:
            for table in fact.on.split(", ") if fact.what == "bigquery.jobs.query" else ():
                row = min(self.sweeps.row_bytes.get(table, 0.0), assumed.scanned_bytes_per_row)
                scanned += fact.number * max(instances * row, assumed.least_scanned_bytes)
        return scanned

    def _kept(self, facts: Iterable[Fact]) -> float:
        """Return what it costs that topics keep what was published."""
        kept = sum(
            fact.bytes * self.pipeline.topics[fact.on].retention_s / (DAY_S * DAYS_A_MONTH)
            for fact in facts
            if fact.what == "pubsub.publish"
        )
        return self.prices.usd("pubsub kept", kept)

    def _sweep(self) -> Mapping[str, float]:
        """Return an instance's share in what is done at intervals."""
        month_s = DAY_S * DAYS_A_MONTH
        share = 1 / self.assumed.instances_per_month
        facts: list[Fact] = []
        scanned = 0.0
        for doing in self.sweeps.recurring:
            runs = month_s / doing.every_s * share
            facts += _times(doing.facts, runs)
            scanned += runs * self._scanned(doing)
        cpu_s = self.sweeps.cpu_s * month_s / self.sweeps.every_s * share
        queries = self.prices.usd("bigquery scan", scanned)
        return {**self._part("sweep", facts, cpu_s, concurrency=1), "queries": queries}


def _part_of(by: str) -> str:
    """Return the part that pays: what lands is one, whoever asks."""
    return "landing" if by in {"facility", "storage"} else by


def _number(facts: Iterable[Fact], what: str) -> float:
    return sum(fact.number for fact in facts if fact.what == what)


def _bytes(facts: Iterable[Fact], what: str) -> float:
    return sum(fact.bytes for fact in facts if fact.what == what)


def _volume(facts: Iterable[Fact]) -> float:
    return sum(fact.bytes for fact in facts if fact.what.startswith("pubsub."))


def _times(facts: Iterable[Fact], factor: float) -> list[Fact]:
    return [fact._replace(number=fact.number * factor, bytes=fact.bytes * factor) for fact in facts]


def _rounded_up(seconds: float) -> float:
    return math.ceil(seconds / _ROUNDED_UP_TO_S) * _ROUNDED_UP_TO_S


def total(costs: Costs, *parts: str) -> float:
    """Return the sum of some parts, or of all."""
    return sum(sum(kinds.values()) for part, kinds in costs.items() if not parts or part in parts)


def read_counted() -> tuple[Mapping[str, Mapping[int, Counted]], Sweeps, Mapping[str, str]]:
    """Return what was counted, by facility and number of frames, and how."""
    document = json.loads(COUNTED.read_text(encoding="utf-8"))
    instances = {facility: _by_frames(sizes) for facility, sizes in document["instance"].items()}
    return instances, _sweeps(document["sweep"], instances[WITH_COPIES][1]), document["made"]


def _sweeps(found: Mapping[str, Any], instance: Counted) -> Sweeps:
    trigger = load_pipeline().functions["sweep"].trigger
    every_s = trigger.every_s if isinstance(trigger, Schedule) else math.inf
    looks_back = {"each run": 1 + Facility(name="").study_forced_s / DAY_S}
    intervals = {"each run": every_s, "hourly": 3600, "daily": DAY_S}
    row_bytes = {
        fact.on.partition(".")[2]: fact.bytes
        for fact in instance.facts
        if fact.what == "bigquery.append" and fact.on.startswith("imaging.")
    }
    return Sweeps(
        recurring=tuple(
            Recurring(_facts(found[name]), interval, looks_back.get(name, LOOKBACK_DAYS))
            for name, interval in intervals.items()
        ),
        every_s=every_s,
        cpu_s=found["cpu_ms"] / 1000,
        row_bytes=row_bytes,
    )


def _by_frames(sizes: Mapping[str, Any]) -> dict[int, Counted]:
    """Return what instances take by their frames.

    There are few large ones; the CPU time of functions that read no pixels is that of small ones.
    """
    counted = {int(frames): _counted(found) for frames, found in sizes.items()}
    small = counted[min(counted)].cpu_s
    return {
        frames: replace(each, cpu_s={**small, READS_PIXELS: each.cpu_s[READS_PIXELS]})
        for frames, each in counted.items()
    }


def _counted(found: Mapping[str, Any]) -> Counted:
    return Counted(
        bytes=found["bytes"],
        facts=_facts(found["uses"]),
        cpu_s={stage: ms / 1000 for stage, ms in found["cpu_ms"].items()},
        log_bytes=found["log_bytes"],
    )


def _facts(rows: Iterable[Iterable[Any]]) -> tuple[Fact, ...]:
    return tuple(Fact(*row) for row in rows)


def read_prices() -> Prices:
    """Return the prices of the file."""
    return Prices(_document())


def _document() -> Mapping[str, Any]:
    document: Mapping[str, Any] = yaml.safe_load(PRICES.read_text(encoding="utf-8"))
    return document


def read_model(sweeps: Sweeps) -> Model:
    """Return the model of the pipeline as it is defined, at the prices of the file."""
    return Model(load_pipeline(), read_prices(), Assumed(**_document()["assumed"]), sweeps)


def assuming(model: Model, **changed: Any) -> Model:
    """Return the model under other assumptions."""
    return replace(model, assumed=replace(model.assumed, **changed))
