"""A version that takes over and is held: the earlier version's copy is not the current one."""

from datetime import timedelta
from typing import Any

from infra.operate.kept import promote
from tests.builders import an_instance
from tests.operating import a_cloud
from tests.simulation.world import KEY, World


def _promote_the_other(world: World) -> None:
    world.clock.time += timedelta(minutes=1)
    cloud = a_cloud(world.store, world.clock, world.tables, world.topics)
    (current,) = cloud.originals.primaries("archive")
    versions = {str(row["ObjectUri"]) for row in world.tables.rows["imaging.instances"]}
    (other,) = versions - {f"gs://archive/{current.name}"}
    promote(cloud, other)
    world.run()


def _of_copies(world: World) -> list[Any]:
    """The rows of copies, those of the version that counts last."""
    rows: list[Any] = world.tables.rows["research.instances"]
    return sorted(rows, key=lambda row: (row["PrimaryAt"], row["LastUpdated"]))


def test_a_promoted_version_that_is_held_ends_the_time_of_the_copy_before() -> None:
    world = World()
    world.land("demo-hospital/a", an_instance())
    world.run()
    world.land("demo-hospital/b", an_instance(BurnedInAnnotation="YES"))
    world.run()
    assert [row["Type"] for row in _of_copies(world)] == ["CREATE"]
    _promote_the_other(world)
    copied, withheld = _of_copies(world)
    assert (copied["Type"], withheld["Type"]) == ("CREATE", "DELETE")
    assert withheld["SOPInstanceUID"] == copied["SOPInstanceUID"]
    assert (withheld["KeyId"], copied["KeyId"]) == (KEY.key_id, KEY.key_id)
    _promote_the_other(world)
    assert [row["Type"] for row in _of_copies(world)] == ["CREATE", "DELETE", "CREATE"]
