"""Metadata that no message holds: an object of their own, beside what they are of."""

from collections.abc import Mapping
from typing import Final

from shared.contracts import layout
from shared.contracts.objects import StoredObject
from shared.dicom.elements import Header
from shared.dicom.metadata_pieces import json_pieces
from shared.errors import TransientError
from shared.object_source import ObjectSource
from shared.ports import DICOM_JSON, NO_LABELS, ObjectStore

OF: Final = "inlet-metadata-of"  # label: the generation whose metadata they are


def kept_beside(
    objects: ObjectStore,
    target: StoredObject,
    header: Header,
    labels: Mapping[str, str] = NO_LABELS,
) -> str:
    """Return where a stored object's metadata are, once they are there whole.

    Their bytes depend on the object's alone, so whoever comes second finds them. Those of an
    earlier generation, whose object was removed and came again, give way.

    Raises:
        TransientError: what has the name is of another generation.
    """
    bucket, name = target.version.bucket, layout.metadata_name(target.version.name)
    own = {**labels, OF: str(target.version.generation)}
    pieces = json_pieces(header, ObjectSource(objects, target))
    there = objects.write(bucket, name, pieces, own, DICOM_JSON) or objects.find(bucket, name)
    if there is None or there.labels.get(OF) != own[OF]:
        if there and int(there.labels.get(OF, 0)) < target.version.generation:
            objects.delete(there.version)
        raise TransientError("metadata-changed-meanwhile")
    return there.uri


def delete_whole(objects: ObjectStore, stored: StoredObject) -> None:
    """Delete a stored object and its metadata, these first: a try that ended there is repeated."""
    name = layout.metadata_name(stored.version.name)
    if beside := objects.find(stored.version.bucket, name):
        objects.delete(beside.version)
    objects.delete(stored.version)
