"""Metadata small enough for a message: what is left out is named, never silently lost."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from shared.contracts.message import to_json
from shared.contracts.outcome import Action, DroppedTag
from shared.dicom.inspection import Inspection


class Metadata(NamedTuple):
    """What an outcome carries of a header; not all that fits no message."""

    json: dict[str, object]  # DICOM JSON Model
    dropped: tuple[DroppedTag, ...]
    complete: bool  # nothing that is no bulk data was left out for its size


# Pub/Sub takes 10 MB a message and BigQuery 10 MB a request; the same metadata travel in both.
MAX_METADATA_BYTES = 4 * 1024 * 1024
MAX_ACTIONS_BYTES = 2 * 1024 * 1024
_ACTION_BYTES = 64  # of JSON around an action's own text


def metadata_of(inspection: Inspection) -> Metadata:
    """Return what an outcome carries of an inspected object."""
    dropped = (
        DroppedTag(path=tag.path, vr=tag.vr, length=tag.length) for tag in inspection.dropped
    )
    carried = fit(inspection.metadata, tuple(dropped), MAX_METADATA_BYTES)
    return carried._replace(complete=carried.complete and inspection.complete)


def fit(metadata: Mapping[str, object], dropped: Sequence[DroppedTag], limit: int) -> Metadata:
    """Return the metadata within `limit` bytes of JSON, the largest attributes left out first."""
    if len(to_json(metadata)) <= limit:  # nearly always; measuring each attribute takes longer
        return Metadata(dict(metadata), tuple(dropped), complete=True)
    sizes = {tag: len(to_json({tag: element})) for tag, element in metadata.items()}
    excess = sum(sizes.values()) - limit
    kept, left_out = dict(metadata), list(dropped)
    for tag in sorted(sizes, key=lambda tag: (-sizes[tag], tag)):
        if excess <= 0:
            break
        excess -= sizes[tag]
        left_out.append(DroppedTag(path=tag, vr=_vr(kept.pop(tag)), length=sizes[tag]))
    return Metadata(kept, tuple(left_out), complete=False)


def fit_actions(actions: Iterable[Action], limit: int = MAX_ACTIONS_BYTES) -> tuple[Action, ...]:
    """Return the first actions whose JSON is within `limit` bytes."""
    kept: list[Action] = []
    for action in actions:
        limit -= _ACTION_BYTES + len(action.path) + len(action.action) + len(action.rule)
        if limit < 0:
            break
        kept.append(action)
    return tuple(kept)


def _vr(element: object) -> str:
    match element:
        case {"vr": str(vr)}:
            return vr
    return "UN"
