"""Which receipts name a file: what they tell is searched, whatever stands where in it."""

import json
from collections.abc import Collection, Iterator
from typing import Final

from shared.contracts.objects import StoredObject
from shared.ports import ObjectStore

_JSON: Final = ".json"


def tells(value: object, facility: str, names: Collection[str]) -> bool:
    """Return whether a receipt's JSON form, or its row's, names one of these files.

    A receipt may leave the facility's folder out.
    """
    folder = f"{facility}/"
    return not {*names, *(name.removeprefix(folder) for name in names)}.isdisjoint(_texts(value))


def naming(
    objects: ObjectStore, bucket: str, facility: str, names: Collection[str]
) -> Iterator[StoredObject]:
    """Yield each receipt of a facility that names one of these files, in all of its forms."""
    listed = list(objects.list(bucket, f"{facility}/")) if names else []
    for stored in listed:
        is_json = stored.version.name.endswith(_JSON)
        if is_json and tells(_read(objects, stored), facility, names):
            stem = stored.version.name.removesuffix(_JSON)
            yield from (each for each in listed if each.version.name.rpartition(".")[0] == stem)


def _read(objects: ObjectStore, stored: StoredObject) -> object:
    return json.loads(objects.read(stored.version, 0, stored.size))


def _texts(value: object) -> Iterator[str]:
    """Yield every text in a JSON value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
    if isinstance(value, str):
        yield value
