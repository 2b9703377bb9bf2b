"""Update masks: which fields of a resource a request replaces."""

from collections.abc import Collection
from typing import TypeVar

from google.protobuf.descriptor import Descriptor
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from infra.local.pubsub.errors import InvalidArgumentError
from infra.local.pubsub.protos import Snapshot, Subscription, Topic

Resource = TypeVar("Resource", Topic, Subscription, Snapshot)


def merge(
    current: Resource, update: Resource, mask: FieldMask, mutable: Collection[str]
) -> Resource:
    """Return ``current`` with the masked fields of ``update``; both stay as they are."""
    _check(current.DESCRIPTOR, mask, mutable)
    merged = type(current)()
    merged.CopyFrom(current)
    for path in mask.paths:
        _replace(update, merged, path)
    return merged


def _replace(source: Message, target: Message, path: str) -> None:
    """Set one field of ``target`` to that of ``source``; a message left empty is unset."""
    name, _, rest = path.partition(".")
    if not rest:
        FieldMask(paths=[name]).MergeMessage(
            source, target, replace_message_field=True, replace_repeated_field=True
        )
        return
    _replace(getattr(source, name), getattr(target, name), rest)
    if not getattr(target, name).ByteSize():
        target.ClearField(name)


def _check(descriptor: Descriptor, mask: FieldMask, mutable: Collection[str]) -> None:
    kind = descriptor.name
    request = f"Update{kind}Request"
    if not mask.paths:
        raise InvalidArgumentError(
            f"The update_mask in the {request} must be set,"
            " and must contain a non-empty paths list."
        )
    for path in mask.paths:
        if not FieldMask(paths=[path]).IsValidForDescriptor(descriptor):
            raise InvalidArgumentError(
                f"Invalid update_mask provided in the {request}: '{path}' is not a known {kind}"
                " field. Note that field paths must be of the form 'push_config' rather than"
                " 'pushConfig'."
            )
        if path.partition(".")[0] not in mutable:
            raise InvalidArgumentError(
                f"Invalid update_mask provided in the {request}: the '{path}' field in the {kind}"
                " is not mutable."
            )
