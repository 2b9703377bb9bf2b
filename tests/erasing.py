"""Worlds in which somebody is erased, and what is left there afterwards."""

import json
import zipfile
from datetime import timedelta
from io import BytesIO
from typing import Any

from infra.definition import load_pipeline
from infra.operate.erasure import Erasure
from shared.adapters.retention import Retention
from shared.contracts.subject import Subject
from tests.builders import a_uid, an_instance
from tests.operating import KEY, a_cloud, a_patient, an_erasure
from tests.simulation.world import World

ERASED, STAYING = "ERASED-7001", "STAYING-7002"
HOUR = timedelta(hours=1)


def of_patient(patient: int, patient_id: str, **attributes: Any) -> bytes:
    return an_instance(patient=patient, study=patient, PatientID=patient_id, **attributes)


def zipped_as(**members: bytes) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return made.getvalue()


ONE, CHANGED = of_patient(1, ERASED), of_patient(1, ERASED, StudyDescription="CHANGED")
INNER = of_patient(1, ERASED, instance=3)
OTHER, OTHER_IN_ZIP = of_patient(2, STAYING), of_patient(2, STAYING, instance=3)
BROKEN = of_patient(1, ERASED, instance=4)[:-700]  # in the pixels
MAIMED = of_patient(1, ERASED, instance=5)[:600]  # in the header
THEIRS = {
    "demo-hospital/ERASED-7001/a": ONE,
    "demo-hospital/ERASED-7001/again": ONE,
    "demo-hospital/ERASED-7001/changed": CHANGED,
    "demo-hospital/ERASED-7001/broken": BROKEN,
    "demo-hospital/ERASED-7001.zip": zipped_as(a=INNER, notes=b"ERASED-7001 came today"),
}
OTHERS = {
    "demo-hospital/other": OTHER,
    "demo-hospital/other.zip": zipped_as(b=OTHER_IN_ZIP),
    "demo-hospital/notes": b"these are notes",
    "demo-clinic/a": of_patient(3, ERASED),  # another clinic's patient of that number
}


def world_of(*drops: dict[str, bytes]) -> World:
    world = World()
    for drop in drops:
        for name, data in drop.items():
            world.land(name, data)
    world.run()
    world.clock.time += HOUR
    return world


def erasure_in(world: World, subject: Subject | None = None, **options: Any) -> Erasure:
    retention = options.pop("retention", Retention())
    cloud = a_cloud(
        world.store, world.clock, world.tables, world.topics, retention=lambda _: retention
    )
    request = an_erasure(subject or a_patient(ERASED), **options)
    return Erasure(cloud=cloud, keys=[KEY], request=request)


def places_of(world: World, *needles: str) -> list[str]:
    """Return where any of these stands: in bytes, names, labels or rows."""
    wanted = [needle.encode() for needle in needles]
    objects = {
        f"{bucket}/{stored.version.name}": world.store.data(bucket, stored.version.name)
        + f"{stored.version.name} {stored.labels}".encode()
        for bucket in load_pipeline().buckets
        for stored in world.store.list(bucket)
    }
    rows = {
        f"{table} {number} of {row.get('Facility')}": repr(row).encode()
        for table, rows in world.tables.rows.items()
        for number, row in enumerate(rows)
    }
    return sorted(
        place for place, data in (objects | rows).items() if any(each in data for each in wanted)
    )


def uids_of(patient: int) -> list[str]:
    originals = [a_uid(patient, patient), a_uid(patient, patient, 1)]
    return [*originals, *map(KEY.uid, originals)]


def kept_in(world: World) -> dict[str, object]:
    """Return objects and rows, without records of runs and erasures."""
    for table in ("imaging.erasures", "imaging.sweeps"):
        world.tables.rows.pop(table, None)
    state = world.state()
    return {"objects": state["objects"], "rows": state["rows"]}


def manifest_of(*studies: str) -> bytes:
    listed = [
        {"study_instance_uid": uid, "instances": 1, "sop_instance_uids": [f"{uid}.1.1"]}
        for uid in studies
    ]
    return json.dumps({"version": 1, "studies": listed}).encode()
