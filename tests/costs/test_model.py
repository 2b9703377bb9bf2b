"""The model is arithmetic: known facts at known prices cost what can be worked out by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.costs import alternatives, tables
from infra.costs import model as costs_model
from infra.costs.model import (
    GIB,
    MILLION,
    PRICES,
    WITH_COPIES,
    WITHOUT_COPIES,
    Counted,
    Fact,
    Model,
    Recurring,
    Sweeps,
    assuming,
    read_counted,
    read_model,
    read_prices,
    total,
)
from infra.definition import load_pipeline
from shared.contracts.facilities import Facility

NOTHING = Sweeps(recurring=(), every_s=300, cpu_s=0, row_bytes={})
ALONE, EIGHT, EIGHTY = 1, 8, 80
ROWS = (("imaging", 9000), ("research", 4000))  # in that order, so that the last would win


@pytest.fixture
def model() -> Model:
    return read_model(NOTHING)


def _instance(*facts: Fact, cpu_s: float = 0.0) -> Counted:
    return Counted(bytes=1000, facts=facts, cpu_s={"ingest": cpu_s}, log_bytes={})


@pytest.mark.parametrize(
    ("fact", "kind", "usd"),
    [
        (Fact("ingest", "storage.objects.insert", "archive", 2, 0), "operations", 10.0),
        (Fact("ingest", "storage.objects.get", "inbox", 2, 0), "operations", 0.8),
        (Fact("ingest", "storage.objects.delete", "inbox", 5, 0), "operations", 0.0),
        (Fact("ingest", "pubsub.publish", "outcomes", 1, 1 << 40), "messages", 40.0 * MILLION),
        (Fact("ingest", "pubsub.push", "ingest", 1, 1 << 30), "messages", 40.0 * MILLION / 1024),
        (Fact("index", "bigquery.append", "imaging.landed", 1, GIB), "rows", 0.025 * MILLION),
        (Fact("ingest", "run.request", "", 3, 0), "requests", 1.2),
    ],
    ids=lambda value: value.what if isinstance(value, Fact) else None,
)
def test_a_fact_is_charged_by_its_kind(model: Model, fact: Fact, kind: str, usd: float) -> None:
    costs = model.costs(_instance(fact), EIGHT)
    assert costs[fact.by][kind] == pytest.approx(usd)


def test_what_a_filter_keeps_away_is_charged_as_delivered(model: Model) -> None:
    facts = (
        Fact("ingest", "pubsub.publish", "outcomes", 1, GIB),
        Fact("deidentify", "pubsub.publish", "outcomes", 1, 2 * GIB),
        Fact("deidentify", "pubsub.push", "deidentify", 1, GIB),
        Fact("index", "run.request", "", 1, 0),
    )
    costs = model.costs(_instance(*facts), EIGHT)
    a_gib = 40.0 * MILLION / 1024
    assert costs["ingest"]["messages"] == pytest.approx(a_gib)  # publishes, and is sent no outcome
    assert costs["deidentify"]["messages"] == pytest.approx((2 + 1 + 2) * a_gib)
    assert costs["index"]["messages"] == 0  # has no filter


def test_an_operation_without_a_class_is_refused(model: Model) -> None:
    with pytest.raises(KeyError, match=r"storage\.objects\.move"):
        model.costs(_instance(Fact("ingest", "storage.objects.move", "inbox", 1, 0)), EIGHT)


def test_what_lands_is_paid_by_whoever_has_the_bucket(model: Model) -> None:
    landing = _instance(
        Fact("facility", "storage.objects.insert", "inbox", 1, 1000),
        Fact("storage", "pubsub.publish", "uploads", 1, 1000),
    )
    costs = model.costs(landing, EIGHT)["landing"]
    assert costs["operations"] == pytest.approx(5.0 + 0.4)  # and the notification
    assert costs["compute"] == 0


@pytest.mark.parametrize(
    ("cpu_s", "waits", "at_once", "charged_s"),
    [
        (0.010, 10, ALONE, 0.3),  # 0.21 s, up to the next tenth
        (0.010, 10, EIGHT, 0.21 / 8),
        (0.010, 10, EIGHTY, 0.010),  # waiting is shared, the CPU is not
        (0.5, 0, EIGHTY, 0.5),
    ],
)
def test_time_is_charged_once_for_all_who_share_it(
    model: Model, cpu_s: float, waits: int, at_once: int, charged_s: float
) -> None:
    asked = Fact("ingest", "run.request", "", 1, 0)
    waited = Fact("ingest", "pubsub.publish", "outcomes", waits, 0)
    taken = _instance(asked, waited, cpu_s=cpu_s)
    has = load_pipeline().functions["ingest"].resources
    usd_per_s = 24 * has.cpu + 2.5 * has.memory_mib / 1024
    compute = model.costs(taken, at_once)["ingest"]["compute"]
    assert compute == pytest.approx(charged_s * usd_per_s)


def test_no_function_shares_more_than_it_may(model: Model) -> None:
    limit = load_pipeline().functions["deidentify"].resources.concurrency
    facts = (
        Fact("deidentify", "run.request", "", 1, 0),
        Fact("deidentify", "storage.objects.get", "archive", 10, 0),
    )
    assert limit < EIGHT
    assert model.costs(_instance(*facts), EIGHTY) == model.costs(_instance(*facts), limit)


def test_bytes_take_their_time(model: Model) -> None:
    facts = (
        Fact("deidentify", "run.request", "", 1, 0),
        Fact("deidentify", "storage.objects.get", "archive", 1, 0),
    )
    moved = (facts[0], facts[1]._replace(bytes=500 * MILLION))
    none, some = (model.costs(_instance(*each), ALONE)["deidentify"] for each in (facts, moved))
    assert some["compute"] == pytest.approx(none["compute"] * (5.1 / 0.1), rel=0.01)


def test_a_query_is_charged_for_what_it_looks_back_at_and_for_the_least() -> None:
    row_bytes = {"uploads": 50.0, "instances": 9000.0}
    fact = Fact("sweep", "bigquery.jobs.query", "instances, sweeps, uploads", 1, 0)
    every_day = Recurring((fact,), every_s=86_400, days=2 * 365 / 12)
    sweeps = Sweeps(recurring=(every_day,), every_s=300, cpu_s=0, row_bytes=row_bytes)
    model = assuming(read_model(sweeps), instances_per_month=MILLION, scanned_bytes_per_row=200)
    a_run = 2 * 200 * MILLION + 10 * 1024**2 + 2 * 50 * MILLION
    queries = model.costs(_instance(), EIGHT)["sweep"]["queries"]
    assert queries == pytest.approx(365 / 12 * a_run * 6.25 / 2**40)


def test_the_sweep_costs_an_instance_more_where_there_are_few() -> None:
    fact = Fact("sweep", "storage.objects.list", "inbox", 2, 0)
    sweeps = replace(NOTHING, recurring=(Recurring((fact,), every_s=300, days=1),))
    model = read_model(sweeps)
    many = total(assuming(model, instances_per_month=MILLION).costs(_instance(), EIGHT))
    few = total(assuming(model, instances_per_month=MILLION / 10).costs(_instance(), EIGHT))
    assert few == pytest.approx(10 * many)
    assert assuming(model, instances_per_month=MILLION).sweeps_a_month() == pytest.approx(many)


def test_a_run_of_the_sweep_is_charged_alone() -> None:
    asked = Fact("sweep", "run.request", "", 1, 0)
    recurring = (Recurring((asked,), every_s=300, days=1),)
    sweeps = Sweeps(recurring=recurring, every_s=300, cpu_s=0.25, row_bytes={})
    model = assuming(read_model(sweeps), instances_per_month=MILLION, wait_ms={})
    has = load_pipeline().functions["sweep"].resources
    usd = 0.25 * (24 * has.cpu + 2.5 * has.memory_mib / 1024) / MILLION
    runs = 365 / 12 * 86_400 / 300
    compute = model.costs(_instance(), EIGHT)["sweep"]["compute"]
    assert runs * usd <= compute <= runs * usd * 1.6  # up to the next tenth of a second


def test_a_faster_machine_and_more_processors_are_reckoned_with(model: Model) -> None:
    taken = _instance(Fact("ingest", "run.request", "", 1, 0), cpu_s=1)
    ingest = model.pipeline.functions["ingest"]
    more = replace(ingest, resources=replace(ingest.resources, cpu=2.0, memory_mib=0))
    functions = {**model.pipeline.functions, "ingest": more}
    larger = replace(model, pipeline=replace(model.pipeline, functions=functions))
    slower = assuming(larger, cpu_factor=3.0)
    assert slower.costs(taken, EIGHT)["ingest"]["compute"] == pytest.approx(3 * 2 * 24)


def test_logs_and_keys_are_charged_for_what_is_done(model: Model) -> None:
    assumed = assuming(model, request_log_bytes=1000, audit_log_bytes=500, key_operations=2)
    facts = (
        Fact("ingest", "run.request", "", 3, 0),
        Fact("ingest", "storage.objects.insert", "archive", 2, 0),
        Fact("ingest", "storage.objects.delete", "inbox", 1, 0),
    )
    beside = assumed.beside(replace(_instance(*facts), log_bytes={"ingest": 24}))
    assert beside["logs"] == pytest.approx(0.5 * (24 + 3000) * MILLION / GIB)
    assert beside["audit log"] == pytest.approx(0.5 * 3 * 500 * MILLION / GIB)
    assert beside["keys"] == pytest.approx(3.0 * 2 * 2)  # what is free uses no key


def test_what_was_counted_is_read_as_it_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [["index", "bigquery.append", f"{where}.instances", 1, size] for where, size in ROWS]
    one = {"bytes": 1, "uses": rows, "log_bytes": {}}
    small, large = {"ingest": 20, "deidentify": 30}, {"ingest": 99, "deidentify": 700}
    sizes = {"1": {**one, "cpu_ms": small}, "10": {**one, "cpu_ms": large}}
    swept = {"each run": [], "hourly": [], "daily": [], "cpu_ms": 50}
    found = {"instance": {WITH_COPIES: sizes}, "sweep": swept, "made": {}}
    monkeypatch.setattr(costs_model, "COUNTED", tmp_path / "counted.json")
    costs_model.COUNTED.write_text(json.dumps(found))
    instances, sweeps, _ = read_counted()
    assert instances[WITH_COPIES][10].cpu_s == {"ingest": 0.020, "deidentify": 0.700}
    assert sweeps.cpu_s == 0.050
    assert sweeps.row_bytes == {"instances": 9000}
    looked_back = 1 + Facility(name="any").study_forced_s / 86_400
    assert [(each.every_s, each.days) for each in sweeps.recurring] == [
        (300, looked_back),
        (3600, 31),
        (86_400, 31),
    ]


def test_rows_are_kept_by_their_bytes(model: Model) -> None:
    taken = _instance(Fact("index", "bigquery.append", "imaging.instances", 1, GIB))
    assert model.stored_a_month(taken)["tables"] == pytest.approx(0.02 * MILLION)


def test_what_is_kept_is_charged_for_as_long_as_the_topic_keeps_it(model: Model) -> None:
    taken = _instance(Fact("ingest", "pubsub.publish", "outcomes", 1, GIB))
    months = load_pipeline().topics["outcomes"].retention_s / (86_400 * 365 / 12)
    assert model.beside(taken)["messages kept"] == pytest.approx(0.27 * months * MILLION)


def test_a_copy_is_stored_as_long_as_there_is_one(model: Model) -> None:
    counted, _, _ = read_counted()
    without = model.stored_a_month(counted[WITHOUT_COPIES][1])
    copied = model.stored_a_month(counted[WITH_COPIES][1])
    assert without["copies"] == 0
    assert copied["copies"] == copied["originals"] == pytest.approx(without["originals"], rel=0.01)


def test_the_others_bounds_are_those_of_their_pages() -> None:
    prices = read_prices()
    assert alternatives.healthcare(prices, GIB, copies=False) == pytest.approx(3.9 + 0.29)
    assert alternatives.healthcare(prices, GIB, copies=True) == pytest.approx(4.19 + 0.08 * MILLION)
    small, large = (alternatives.healthimaging(prices, size, 1) for size in (1000, 10 * MILLION))
    assert large == pytest.approx(2 * small)


def test_every_price_has_a_source_and_says_how_it_was_seen() -> None:
    document: dict[str, Any] = yaml.safe_load(PRICES.read_text())
    for name, entry in document["prices"].items():
        assert set(entry) == {"usd", "per", "seen", "source"}, name
        assert entry["seen"] in {"page", "old page", "second-hand"}
        assert entry["source"].startswith("https://")
    assert set(document["operations"].values()) <= {*document["prices"], "free"}


def test_the_report_says_what_the_tables_say() -> None:
    report = tables.report()["usd_per_million"]
    half = next(each for each in report if each["copies"] and each["concurrency"] == EIGHT)
    assert half["total"] == pytest.approx(sum(sum(p.values()) for p in half["parts"].values()))
    assert f"{half['total']:.2f}" == tables.parts().rows[-1][-1]
