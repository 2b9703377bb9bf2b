"""Which receipts name a file: their JSON form is searched, whatever stands where in it."""

import json
from collections.abc import Collection, Iterator
from typing import Final

from shared.contracts.objects import StoredObject
from shared.ports import ObjectStore

_JSON: Final = ".json"


def naming(
    objects: ObjectStore, bucket: str, facility: str, names: Collection[str]
) -> Iterator[StoredObject]:
    """Yield each receipt of a facility that names one of these files, in all of its forms.

    A receipt may leave the facility's folder out.
    """
    folder = f"{facility}/"
    wanted = {*names, *(name.removeprefix(folder) for name in names)}
    listed = list(objects.list(bucket, folder)) if names else []
    for stored in listed:
        if stored.version.name.endswith(_JSON) and _texts(_read(objects, stored)) & wanted:
            stem = stored.version.name.removesuffix(_JSON)
            yield from (each for each in listed if each.version.name.rpartition(".")[0] == stem)


def _read(objects: ObjectStore, stored: StoredObject) -> object:
    return json.loads(objects.read(stored.version, 0, stored.size))


def _texts(value: object) -> set[str]:
    """Return every text in a JSON value."""
    if isinstance(value, dict):
        return {text for each in value.values() for text in _texts(each)}
    if isinstance(value, list):
        return {text for each in value for text in _texts(each)}
    return {value} if isinstance(value, str) else set()
