"""What the functions do is what their grants permit: all of it, and no more."""

import inspect
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from functions.deidentify.handler import Deidentify
from functions.index.handler import Index
from functions.index.handler import read as read_by_index
from functions.ingest.handler import Ingest
from functions.ingest.placement import PLACE
from functions.notify.handler import Addressed, Announce, Tell
from functions.sweep.settings import Settings
from functions.sweep.wiring import Reach, wired
from infra.operate.copies import renew
from infra.operate.kept import Selection, release
from infra.table_schemas import TABLES
from shared.adapters import catalogue, ledger, receipt_queries, studies
from shared.adapters.memory import MemoryCatalogue, MemoryLedger
from shared.adapters.memory_arrivals import MemoryArrivals
from shared.adapters.memory_studies import MemoryStudies
from shared.claims import Claims
from shared.contracts import fitting
from shared.contracts.facilities import Facilities
from shared.contracts.message import Message
from shared.contracts.outcome import Outcome
from shared.contracts.uid_mask import UidMask
from shared.contracts.upload import Upload
from shared.dicom.deidentification.profile import BASIC, Profile
from tests.archives import zipped
from tests.builders import an_instance
from tests.infra.permissions import GET, Identity, PermittedObjects, PermittedTables, PermittedTopic
from tests.infra.plan import Plan
from tests.operating import a_cloud
from tests.simulation.world import FACILITIES, KEY, PATIENT, TARGETS, TOLD, World
from tests.sweeping import terms

LAX = Profile.from_data("basic", {"overrides": [{"keyword": "PatientSex", "action": "keep"}]})
LATER = Facilities.from_data({facility.name: {} for facility in FACILITIES} | {"late": {}})


class PermittedWorld(World):
    """The pipeline, each function under its own grants."""

    def __init__(self, plan: Plan) -> None:
        self.profile = BASIC
        self.identities = {
            stage: Identity(
                name=f"fn-{stage}",
                grants=[each for each in plan.grants if each.who == f"fn-{stage}"],
            )
            for stage in ("ingest", "index", "deidentify", "notify", "sweep")
        }
        super().__init__()

    def objects(self, stage: str) -> Any:
        return PermittedObjects(self.store, self.identities[stage])

    def topic(self, stage: str, name: str) -> Any:
        return PermittedTopic(self.topics[name], name, self.identities[stage])

    def _handlers(self) -> dict[str, Callable[[Message], object]]:
        ingest = Ingest(
            objects=self.objects("ingest"),
            uploads=self.topic("ingest", "uploads"),
            outcomes=self.topic("ingest", "outcomes"),
            clock=self.clock,
            archive="archive",
            quarantine="quarantine",
            facilities=self.facilities,
        )
        deidentify = Deidentify(
            objects=self.objects("deidentify"),
            outcomes=self.topic("deidentify", "outcomes"),
            clock=self.clock,
            key=KEY,
            research="research",
            facilities=self.facilities,
            profiles={facility.name: self.profile for facility in self.facilities},
        )
        tables: Any = PermittedTables(self.tables, self.identities["index"])
        index = Index(tables=tables, clock=self.clock)
        announce = Announce(self.topic("notify", "events"), UidMask())
        deliveries: Any = PermittedTables(self.tables, self.identities["notify"])
        tell = Tell.of(TARGETS, lambda _: self.receiver, deliveries, self.clock, timedelta(days=3))
        return {
            "ingest": lambda message: ingest(Upload.from_message(message)),
            "deidentify": lambda message: deidentify(Outcome.from_message(message)),
            "index": lambda message: index(read_by_index(message)),
            "notify": lambda message: announce(Outcome.from_message(message)),
            TOLD: lambda message: tell(Addressed.read("everything", message)),
        }

    def swept(self) -> None:
        settings = Settings(
            project="example",
            uploads_topic="uploads",
            events_topic="events",
            dead_letters="dead-letters",
            dataset="imaging",
            receipts="receipts",
            facilities=self.facilities,
            mask=UidMask(),
            terms=terms(PATIENT),
        )
        reach = Reach(
            objects=self.objects("sweep"),
            warehouse=PermittedWarehouse(self),
            topic=lambda name: self.topic("sweep", name),
            dead_letters=self.dead_letters,
            clock=self.clock,
        )
        wired(settings, reach)()


class PermittedWarehouse:
    """The tables as `sweep` may use them."""

    def __init__(self, world: PermittedWorld) -> None:
        tables: Any = PermittedTables(world.tables, world.identities["sweep"])
        self.catalogue = MemoryCatalogue(tables)
        self.studies = MemoryStudies(tables)
        self.arrivals = MemoryArrivals(tables)
        self.ledger = MemoryLedger(Claims(world.objects("sweep"), "receipts"), tables)


@pytest.fixture
def lived(plans: Mapping[str, Plan], monkeypatch: pytest.MonkeyPatch) -> PermittedWorld:
    """A world in which everything happened that functions do with objects."""
    monkeypatch.setattr(fitting, "MAX_METADATA_BYTES", 1000)
    world = PermittedWorld(plans["full"])
    first, second = an_instance(instance=1), an_instance(instance=2)
    world.land("demo-hospital/a", first)
    world.land("demo-hospital/disc.zip", zipped({"b": second, "notes": b"these are notes"}))
    world.land("late/c", an_instance(instance=3))
    world.run()
    _release(world)
    _copy_anew(world)
    _remove_and_send_again(world, first)
    _claim_in_vain(world)
    world.land("demo-hospital/lost", an_instance(instance=5), notified=False)
    for _ in range(2):
        world.clock.time += timedelta(hours=1)
        world.swept()
        world.run()
    return world


def _release(world: PermittedWorld) -> None:
    world.register(LATER)
    cloud = a_cloud(world.store, world.clock, world.tables, world.topics)
    release(cloud, Selection(reason="unknown-facility"))
    world.run()


def _copy_anew(world: PermittedWorld) -> None:
    world.profile = LAX
    world.register(LATER)
    renew(a_cloud(world.store, world.clock, world.tables, world.topics))
    world.run()


def _remove_and_send_again(world: PermittedWorld, data: bytes) -> None:
    uploads = world.tables.rows["imaging.uploads"]
    row = next(row for row in uploads if row["ObjectName"] == "demo-hospital/a")
    found = world.store.find("archive", str(row["TargetUri"]).partition("archive/")[2])
    assert found is not None
    world.store.delete(found.version)
    world.land("demo-hospital/a", data)
    world.run()


def _claim_in_vain(world: PermittedWorld) -> None:
    uid = "1.2.826.0.1.3680043.10.1.9"
    world.store.claim("archive", f"claims/demo-hospital/{uid}", {PLACE: "demo-hospital/gone.dcm"})
    world.clock.time += timedelta(hours=2)
    world.land("demo-hospital/d", an_instance(instance=4, SOPInstanceUID=uid))
    world.run()


@pytest.mark.parametrize("stage", ["ingest", "index", "deidentify", "notify"])
def test_a_function_needs_exactly_what_it_may(lived: PermittedWorld, stage: str) -> None:
    identity = lived.identities[stage]
    assert identity.granted == identity.used


def test_the_sweep_needs_what_it_may(lived: PermittedWorld) -> None:
    # The platform's role to list has the right to get with it.
    identity = lived.identities["sweep"]
    assert {use for use in identity.granted - identity.used if use[0] != GET} == set()


def test_the_sweep_reads_the_tables_that_it_may(plans: Mapping[str, Plan]) -> None:
    queries = " ".join(
        inspect.getsource(module) for module in (catalogue, ledger, receipt_queries, studies)
    )
    named = {f"imaging.{name}" for name in re.findall(r"(?:FROM|JOIN) (\w+)", queries)}
    readable = {
        each.on.removeprefix("table ")
        for each in plans["full"].grants
        if each.who == "fn-sweep" and each.may == "bigquery.dataViewer"
    }
    assert readable == named & TABLES.keys()


def test_everything_that_landed_was_decided(lived: PermittedWorld) -> None:
    assert list(lived.store.list("inbox")) == []
