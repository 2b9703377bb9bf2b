"""Three ways from an object that landed to its archived copy and its rows, of one signature.

All speak to the servers that the environment names, with the same client libraries.
"""

from __future__ import annotations

import json
import os
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from io import BytesIO
from typing import Any, Final, Protocol, cast

import grpc
import pydicom
from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client as BigQuery
from google.cloud.bigquery_storage_v1 import BigQueryWriteClient, types
from google.cloud.bigquery_storage_v1.services.big_query_write.transports import (
    BigQueryWriteGrpcTransport,
)
from google.cloud.storage import Blob
from google.cloud.storage import Client as Storage
from google.protobuf.descriptor_pb2 import DescriptorProto
from google.pubsub_v1 import PublisherClient, PublishRequest, PubsubMessage
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport

from functions.index.handler import Index, read
from functions.ingest.handler import Ingest
from infra.table_schemas import SCHEMAS
from shared.adapters.cloud_storage import CloudStorage
from shared.adapters.table_rows import RowWriter
from shared.contracts.message import Message
from shared.contracts.objects import ObjectVersion, StoredObject
from shared.contracts.upload import Upload
from shared.ports import Publisher, Row


class Way(Protocol):
    """From an object that landed to its archived copy and its rows."""

    @property
    def storage(self) -> Storage:
        """The client whose requests are counted."""
        ...

    def __call__(self, landed: Message) -> None:
        """Take one object in."""
        ...


ARCHIVES: Final = {"floor": "bench-archive-floor", "usual": "bench-archive-usual"}
USUAL_TABLE: Final = "bench.instances"
USUAL_HOT_COLUMNS: Final = (
    *("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"),
    *("PatientID", "Modality", "StudyDate"),
)
USUAL_COLUMNS: Final = (*USUAL_HOT_COLUMNS, "ObjectUri", "Metadata")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a port, as a handler made it."""

    name: str  # port and method
    arguments: tuple[Any, ...]


class Noting:
    """A port that notes every call and passes it on."""

    def __init__(self, name: str, port: object, calls: list[Call]) -> None:
        self._name = name
        self._port = port
        self._calls = calls

    def __getattr__(self, method: str) -> Callable[..., Any]:
        """Return the method, noting."""
        passed_on = getattr(self._port, method)

        def noted(*arguments: Any) -> Any:
            self._calls.append(Call(f"{self._name}.{method}", arguments))
            return passed_on(*arguments)

        return noted


class _Tap(threading.local):
    """A publisher that keeps a thread's latest message, which another function is to get."""

    def __init__(self, topic: Publisher) -> None:
        self._topic = topic
        self.latest = Message(data=b"")

    def publish(self, message: Message) -> None:
        self._topic.publish(message)
        self.latest = message


class Ours:
    """The handlers `ingest` and `index` from the message on, both as their `main.py` wires them.

    An upload makes three deliveries: it is decided, and both it and its outcome are indexed.
    """

    def __init__(self, ingest: Ingest, index: Index) -> None:
        self._outcomes = _Tap(ingest.outcomes)
        self._ingest = replace(ingest, outcomes=self._outcomes)
        self._index = index

    @classmethod
    def wired(cls) -> Ours:
        """Return the handlers for the cloud of the environment, which their modules read."""
        ingest: Any = import_module("functions.ingest.main")
        index: Any = import_module("functions.index.main")
        index.SCHEMAS = SCHEMAS  # which in the bundle stand beside it
        handler = ingest._make()
        # To ask first what the service itself checks is for the emulator alone.
        handler.objects._emulated = False
        return cls(handler, index._make())

    @property
    def storage(self) -> Storage:
        """The client that ingest uses."""
        return cast("CloudStorage", self._ingest.objects)._client

    def noting(self, calls: list[Call]) -> Ours:
        """Return the same handlers, which note every call of a port."""

        def noted(handler: Ingest | Index, *ports: str) -> dict[str, Any]:
            return {port: Noting(port, getattr(handler, port), calls) for port in ports}

        ingest = replace(self._ingest, **noted(self._ingest, "objects", "uploads", "outcomes"))
        return Ours(ingest, replace(self._index, **noted(self._index, "tables")))

    def __call__(self, landed: Message) -> None:
        """Decide and index what landed."""
        self._ingest(Upload.from_message(landed))
        for message in (landed, self._outcomes.latest):
            self._index(read(message))


class Floor:
    """The calls of the services that `Ours` made once, for every object again, and nothing else.

    Payloads are those that were noted; names and generations are those of the object.
    """

    def __init__(self, project: str, calls: list[Call]) -> None:
        self.storage = Storage(project=project, credentials=AnonymousCredentials())
        self._archive = self.storage.bucket(ARCHIVES["floor"])
        channel = grpc.insecure_channel(os.environ["PUBSUB_EMULATOR_HOST"])
        self._publisher = PublisherClient(transport=PublisherGrpcTransport(channel=channel))
        self._project = project
        self._streams: dict[str, RawStream] = {}
        self._calls = [self._prepared(call) for call in calls]

    def __call__(self, landed: Message) -> None:
        """Make every call about one object."""
        version = Upload.from_message(landed).version
        blob = self.storage.bucket(version.bucket).blob(version.name, generation=version.generation)
        for make in self._calls:
            make(blob)

    def _prepared(self, call: Call) -> Callable[[Blob], object]:
        """Return the call for any object.

        Raises:
            KeyError: the handlers make a call that is not known here.
        """
        return _FLOOR_CALLS[call.name](self, *call.arguments)

    def _stat(self, _version: ObjectVersion) -> Callable[[Blob], object]:
        return lambda blob: blob.reload()

    def _read(self, _version: ObjectVersion, offset: int, length: int) -> Callable[[Blob], object]:
        last = offset + length - 1
        return lambda blob: blob.download_as_bytes(
            start=offset, end=last, raw_download=True, checksum=None
        )

    def _claim(self, _bucket: str, name: str, labels: Labels) -> Callable[[Blob], object]:
        def make(blob: Blob) -> None:
            claim = self._archive.blob(f"{blob.name}/{name}")
            claim.metadata = labels
            claim.upload_from_string(b"", if_generation_match=0, checksum="crc32c")

        return make

    def _copy(
        self, _source: StoredObject, _bucket: str, name: str, labels: Labels
    ) -> Callable[[Blob], object]:
        def make(blob: Blob) -> None:
            target = self._archive.blob(f"{blob.name}/{name}")
            target.metadata = labels
            target.content_type = "application/dicom"
            target.rewrite(blob, if_generation_match=0)

        return make

    def _delete(self, _version: ObjectVersion) -> Callable[[Blob], object]:
        return lambda blob: blob.delete(if_generation_match=blob.generation)

    def _publish(self, message: Message) -> Callable[[Blob], object]:
        topic = PublisherClient.topic_path(self._project, "outcomes")

        def make(_blob: Blob) -> None:
            published = PubsubMessage(data=message.data, attributes=message.attributes)
            self._publisher.publish(PublishRequest(topic=topic, messages=[published]))

        return make

    def _append(self, table: str, rows: Sequence[Row]) -> Callable[[Blob], object]:
        fields = json.loads((SCHEMAS / f"{table}.json").read_text())["fields"]
        writer = RowWriter(table, fields)
        serialized = [writer.serialize(row) for row in rows]
        name = _stream_name(self._project, table)
        stream = self._streams.setdefault(table, RawStream(name, writer.descriptor))
        return lambda _blob: stream.append(serialized)


Labels = Mapping[str, str]
_FLOOR_CALLS: Final[dict[str, Callable[..., Callable[[Blob], object]]]] = {
    "objects.stat": Floor._stat,
    "objects.read": Floor._read,
    "objects.claim": Floor._claim,
    "objects.copy": Floor._copy,
    "objects.delete": Floor._delete,
    "outcomes.publish": Floor._publish,
    "tables.append": Floor._append,
}


class RawStream:
    """The default stream of a table, over the generated client."""

    def __init__(self, name: str, descriptor: DescriptorProto) -> None:
        channel = grpc.insecure_channel(os.environ["BIGQUERY_STORAGE_EMULATOR_HOST"])
        transport = BigQueryWriteGrpcTransport(channel=channel)
        self._client = BigQueryWriteClient(transport=transport)
        self._name = name
        self._schema: types.ProtoSchema | None = types.ProtoSchema(proto_descriptor=descriptor)
        self._requests: queue.SimpleQueue[types.AppendRowsRequest] = queue.SimpleQueue()
        self._responses: Any = None

    def append(self, rows: list[bytes]) -> None:
        """Return once rows are confirmed."""
        data = types.AppendRowsRequest.ProtoData(
            writer_schema=self._schema, rows=types.ProtoRows(serialized_rows=rows)
        )
        self._requests.put(types.AppendRowsRequest(write_stream=self._name, proto_rows=data))
        if self._schema:
            self._responses = self._client.append_rows(requests=iter(self._requests.get, None))
            self._schema = None
        assert not next(self._responses).error.code


class Usual:
    """One function that does it all, as it is usually written.

    It downloads the object, has pydicom read it, inserts a row with all metadata, uploads the
    object to where it is kept, or with `moves` has the service copy it, and deletes it.
    """

    def __init__(self, project: str, *, moves: bool) -> None:
        self.storage = Storage(project=project, credentials=AnonymousCredentials())
        self._bigquery = BigQuery(project=project, credentials=AnonymousCredentials())
        self._archive = self.storage.bucket(ARCHIVES["usual"])
        self._moves = moves

    def __call__(self, landed: Message) -> None:
        """Take one object in."""
        bucket = self.storage.bucket(landed.attributes["bucketId"])
        blob = bucket.blob(landed.attributes["objectId"])
        data = blob.download_as_bytes()
        dataset = pydicom.dcmread(BytesIO(data))
        name = f"{dataset.StudyInstanceUID}/{dataset.SeriesInstanceUID}/{dataset.SOPInstanceUID}"
        self._insert(dataset, name)
        if self._moves:
            bucket.copy_blob(blob, self._archive, name)
        else:
            copy = self._archive.blob(name)
            copy.upload_from_string(data, content_type="application/dicom")
        blob.delete()

    def _insert(self, dataset: pydicom.Dataset, name: str) -> None:
        del dataset.PixelData
        row = {
            **{column: str(dataset.get(column, "")) for column in USUAL_HOT_COLUMNS},
            "ObjectUri": f"gs://{self._archive.name}/{name}",
            "Metadata": json.dumps(dataset.to_json_dict()),
        }
        errors = self._bigquery.insert_rows_json(f"{self._bigquery.project}.{USUAL_TABLE}", [row])
        assert not errors


def _stream_name(project: str, table: str) -> str:
    dataset, _, name = table.partition(".")
    return f"projects/{project}/datasets/{dataset}/tables/{name}/streams/_default"
