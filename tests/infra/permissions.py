"""The ports of the functions under the grants of a plan: what is not permitted is refused."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from shared.adapters.memory import MemoryObjectStore, MemoryTables, MemoryTopic
from shared.contracts.message import Message
from shared.contracts.objects import ObjectVersion, StoredObject
from shared.ports import DICOM, NO_LABELS, Row
from tests.infra.plan import PROJECT, Grant
from tests.infra.policies.grants import ROLES

GET: Final = "storage.objects.get"
LIST: Final = "storage.objects.list"
CREATE: Final = "storage.objects.create"
DELETE: Final = "storage.objects.delete"
PUBLISH: Final = "pubsub.topics.publish"
APPEND: Final = "bigquery.tables.updateData"
# Of the roles that are not our own: what of them the ports use.
_OTHERS: Final[Mapping[str, Sequence[str]]] = {
    "pubsub.publisher": [PUBLISH],
    "storage.objectViewer": [GET, LIST],
}
_STARTS: Final = re.compile(r'resource\.name\.startsWith\("([^"]+)"\)')
_ENDS: Final = re.compile(r'resource\.name\.endsWith\("([^"]+)"\)')

Use = tuple[str, str]  # a permission, and what it was needed on


class NotPermittedError(Exception):
    """A function did what none of its grants permits."""


@dataclass(slots=True, kw_only=True)
class Identity:
    """One function's grants, and which of their permissions it has needed."""

    name: str
    grants: Sequence[Grant]
    used: set[Use] = field(default_factory=set)

    def need(self, permission: str, on: str, name: str = "") -> None:
        """Note that a permission is needed on a resource, for the object of a name.

        Raises:
            NotPermittedError: no grant has it.
        """
        if not any(
            grant.on == on and permission in permissions(grant) and _holds(grant, on, name)
            for grant in self.grants
        ):
            raise NotPermittedError(f"{self.name} lacks {permission} on {on} for {name}")
        self.used.add((permission, on))

    @property
    def granted(self) -> set[Use]:
        """What the grants permit of what the ports can use."""
        return {(each, grant.on) for grant in self.grants for each in permissions(grant)}


def permissions(grant: Grant) -> Iterable[str]:
    """Return what a grant permits of what the ports use."""
    found = ROLES.get(grant.may) or _OTHERS.get(grant.may, ())
    return [each for each in found if each != "bigquery.tables.get"]


def _holds(grant: Grant, on: str, name: str) -> bool:
    resource = f"projects/_/buckets/{PROJECT}-{on.removeprefix('bucket ')}/objects/{name}"
    starts, ends = _STARTS.findall(grant.only), _ENDS.findall(grant.only)
    return not grant.only or resource.startswith(tuple(starts)) or resource.endswith(tuple(ends))


@dataclass(frozen=True, slots=True)
class PermittedObjects:
    """Buckets as one function may use them."""

    store: MemoryObjectStore
    identity: Identity

    def stat(self, version: ObjectVersion) -> StoredObject | None:
        """Needs to get the object."""
        self._need(GET, version.bucket, version.name)
        return self.store.stat(version)

    def find(self, bucket: str, name: str) -> StoredObject | None:
        """Needs to get the object."""
        self._need(GET, bucket, name)
        return self.store.find(bucket, name)

    def read(self, version: ObjectVersion, offset: int, length: int) -> bytes:
        """Needs to get the object."""
        self._need(GET, version.bucket, version.name)
        return self.store.read(version, offset, length)

    def copy(
        self, source: StoredObject, bucket: str, name: str, labels: Mapping[str, str]
    ) -> StoredObject | None:
        """Needs to get the one and create the other."""
        self._need(GET, source.version.bucket, source.version.name)
        self._need(CREATE, bucket, name)
        return self.store.copy(source, bucket, name, labels)

    def claim(self, bucket: str, name: str, labels: Mapping[str, str]) -> StoredObject:
        """Needs to create the object, or else to get it."""
        self._need(CREATE, bucket, name)
        self._need(GET, bucket, name)
        return self.store.claim(bucket, name, labels)

    def write(
        self,
        bucket: str,
        name: str,
        chunks: Iterable[bytes],
        labels: Mapping[str, str] = NO_LABELS,
        media_type: str = DICOM,
    ) -> StoredObject | None:
        """Needs to create the object."""
        self._need(CREATE, bucket, name)
        return self.store.write(bucket, name, chunks, labels, media_type)

    def equals(self, stored: StoredObject, chunks: Iterable[bytes]) -> bool:
        """Needs nothing: what is compared was found before."""
        return self.store.equals(stored, chunks)

    def delete(self, version: ObjectVersion) -> None:
        """Needs to delete the object."""
        self._need(DELETE, version.bucket, version.name)
        self.store.delete(version)

    def list(self, bucket: str, prefix: str = "", start: str = "") -> Iterator[StoredObject]:
        """Needs to list the bucket."""
        self._need(LIST, bucket, prefix)
        return self.store.list(bucket, prefix, start)

    def _need(self, permission: str, bucket: str, name: str) -> None:
        self.identity.need(permission, f"bucket {bucket}", name)


@dataclass(frozen=True, slots=True)
class PermittedTopic:
    """A topic as one function may use it."""

    topic: MemoryTopic
    name: str
    identity: Identity

    def publish(self, message: Message) -> None:
        """Needs to publish."""
        self.identity.need(PUBLISH, f"topic {self.name}")
        self.topic.publish(message)


@dataclass(frozen=True, slots=True)
class PermittedTables:
    """Tables as one function may use them."""

    tables: MemoryTables
    identity: Identity

    @property
    def rows(self) -> Mapping[str, Sequence[Row]]:
        """Needs nothing here: which tables a query reads is in its text."""
        return self.tables.rows

    def append(self, table: str, rows: Sequence[Row]) -> None:
        """Needs to append to the table."""
        self.identity.need(APPEND, f"table {table}")
        self.tables.append(table, rows)
