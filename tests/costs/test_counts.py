"""What an ordinary instance costs is pinned: in operations exactly, in bytes nearly.

The pipeline's bundles run in a metered local cloud, as for `make costs-count`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from infra.costs.model import WITH_COPIES, Fact, Prices, read_counted, read_prices
from tests.costs.counting import FACILITIES, counted
from tests.costs.metered_cloud import MeteredCloud, metered_cloud

INSTANCES = 3
NEARLY = 0.1  # of bytes: names, times and digests differ from run to run


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeteredCloud]:
    folder = tmp_path_factory.mktemp("metered")
    with metered_cloud(folder, facilities=FACILITIES, targets={}) as running:
        yield running


@pytest.fixture(scope="module")
def found(cloud: MeteredCloud) -> Mapping[str, Any]:
    return counted(cloud, {1: INSTANCES})


def _facts(rows: list[list[Any]]) -> dict[tuple[str, str, str], Fact]:
    facts = [Fact(*row) for row in rows]
    return {fact[:3]: fact for fact in facts}


def _calls(facts: Mapping[tuple[str, str, str], Fact], by: str, price: str) -> float:
    prices: Prices = read_prices()
    return sum(
        fact.number
        for fact in facts.values()
        if fact.by == by and prices.operations.get(fact.what) == price
    )


@pytest.mark.parametrize("facility", FACILITIES)
def test_ingest_takes_two_operations_of_each_class_and_one_message(
    found: Mapping[str, Any], facility: str
) -> None:
    facts = _facts(found["instance"][facility]["1"]["uses"])
    assert _calls(facts, "ingest", "storage class a") <= 2
    assert _calls(facts, "ingest", "storage class b") <= 2
    published = [
        fact for fact in facts.values() if (fact.by, fact.what) == ("ingest", "pubsub.publish")
    ]
    assert [fact.number for fact in published] == [1]


@pytest.mark.parametrize("facility", FACILITIES)
def test_an_instance_takes_what_was_counted(found: Mapping[str, Any], facility: str) -> None:
    now = _facts(found["instance"][facility]["1"]["uses"])
    then = {fact[:3]: fact for fact in read_counted()[0][facility][1].facts}
    counts = {use: fact.number for use, fact in now.items()}
    assert counts == {use: fact.number for use, fact in then.items()}, "make costs-count"
    sizes = {use: fact.bytes for use, fact in now.items()}
    assert sizes == pytest.approx({use: fact.bytes for use, fact in then.items()}, rel=NEARLY)


def test_a_sweep_takes_what_was_counted(found: Mapping[str, Any]) -> None:
    swept = found["sweep"]
    now = [_facts(swept[name]) for name in ("each run", "hourly", "daily")]
    then = [{fact[:3]: fact for fact in doing.facts} for doing in read_counted()[1].recurring]
    assert [{use: fact.number for use, fact in each.items()} for each in now] == [
        {use: fact.number for use, fact in each.items()} for each in then
    ], "make costs-count"


def test_a_copy_is_all_that_reads_pixels(found: Mapping[str, Any]) -> None:
    one = found["instance"][WITH_COPIES]["1"]
    read = {
        (fact.by, fact.what): fact.bytes
        for fact in _facts(one["uses"]).values()
        if fact.what.startswith("storage.") and fact.bytes > one["bytes"] / 2
    }
    assert set(read) == {
        ("facility", "storage.objects.insert"),
        ("deidentify", "storage.objects.get"),
        ("deidentify", "storage.objects.insert"),
    }
