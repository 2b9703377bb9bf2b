"""Cloud Storage as an `ObjectStore`.

fake-gcs-server does not enforce `ifGenerationMatch` on rewrite and resumable upload, and its
delete ignores the generation. Against it (`STORAGE_EMULATOR_HOST`) the same conditions are
checked first, under a lock; the service itself needs neither the lock nor the extra request.
"""

import base64
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from google.api_core.exceptions import NotFound, PreconditionFailed, RequestRangeNotSatisfiable
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Blob, Client
from google.cloud.storage.exceptions import DataCorruption
from google.cloud.storage.retry import DEFAULT_RETRY
from requests import Session
from requests.adapters import HTTPAdapter

from shared.adapters.chunks import ChunkReader, fingerprint
from shared.adapters.vendor_errors import translated
from shared.contracts.objects import ObjectVersion, StoredObject
from shared.errors import TransientError
from shared.ports import DICOM, NO_LABELS

UPLOAD_CHUNK_BYTES = 8 * 1024 * 1024
TIMEOUT_S = 60.0
# The client's own retry covers blips; longer outages are Pub/Sub's to redeliver.
RETRY = DEFAULT_RETRY.with_timeout(30.0)
# Else the client looks each bucket up in a thread, for traces that nobody takes: functions may not.
NO_LOOK_UPS = "DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA"


class CloudStorage:
    """Buckets of Cloud Storage, or of an emulator where `STORAGE_EMULATOR_HOST` names one."""

    def __init__(self, project: str, connections: int = 80) -> None:
        self._emulated = bool(os.environ.get("STORAGE_EMULATOR_HOST"))
        credentials = AnonymousCredentials() if self._emulated else None
        os.environ.setdefault(NO_LOOK_UPS, "true")
        self._client = Client(project=project, credentials=credentials)
        pool = HTTPAdapter(pool_connections=4, pool_maxsize=connections)
        for scheme in ("https://", "http://"):
            self._client._http.mount(scheme, pool)  # noqa: SLF001 - the documented way to size it
        _read_environment_once(self._client._http, self._client._connection.API_BASE_URL)  # noqa: SLF001
        self._emulator_lock = threading.Lock()

    def stat(self, version: ObjectVersion) -> StoredObject | None:
        """Return what is known of a generation, or None when it is gone."""
        return self._load(self._blob(version))

    def find(self, bucket: str, name: str) -> StoredObject | None:
        """Return the live generation of a name, or None."""
        return self._load(self._client.bucket(bucket).blob(name))

    def read(self, version: ObjectVersion, offset: int, length: int) -> bytes:
        """Return the bytes of a range of exactly this generation, as they are stored."""
        try:
            with translated("storage"):
                data: bytes = self._blob(version).download_as_bytes(
                    start=offset,
                    end=offset + length - 1,
                    raw_download=True,
                    single_shot_download=True,  # else 8 KiB at a time, for twice the CPU time
                    checksum=None,  # there is none for a range
                    timeout=TIMEOUT_S,
                    retry=RETRY,
                )
                return data
        except TransientError as error:
            if isinstance(error.__cause__, RequestRangeNotSatisfiable):
                return b""
            raise

    def copy(
        self, source: StoredObject, bucket: str, name: str, labels: Mapping[str, str]
    ) -> StoredObject | None:
        """Copy a generation server-side; return None when the name is taken."""
        target = self._client.bucket(bucket).blob(name)
        target.metadata = dict(labels)
        target.content_type = DICOM
        with self._creating(bucket, name) as free:
            if not free or not self._rewrite(self._blob(source.version), target):
                return None
        copied = _stored(target)
        if (copied.crc32c, copied.size) != (source.crc32c, source.size):
            raise TransientError("storage-copy-differs")
        return copied

    def claim(self, bucket: str, name: str, labels: Mapping[str, str]) -> StoredObject:
        """Return an empty object that has labels, or what had the name before."""
        blob = self._client.bucket(bucket).blob(name)
        blob.metadata = dict(labels)
        with self._creating(bucket, name) as free:
            if free and self._upload_empty(blob):
                return _stored(blob)
        there = self.find(bucket, name)
        if there is None:
            raise TransientError("storage-changed-meanwhile")
        return there

    def _upload_empty(self, blob: Blob) -> bool:
        """Return True when made, False when the name is taken."""
        with translated("storage"):
            try:
                blob.upload_from_string(
                    b"", if_generation_match=0, timeout=TIMEOUT_S, retry=RETRY, checksum="crc32c"
                )
            except PreconditionFailed:
                return False
        return True

    def write(
        self,
        bucket: str,
        name: str,
        chunks: Iterable[bytes],
        labels: Mapping[str, str] = NO_LABELS,
        media_type: str = DICOM,
    ) -> StoredObject | None:
        """Write a new object in one pass; return None when the name is taken."""
        blob = self._client.bucket(bucket).blob(name, chunk_size=UPLOAD_CHUNK_BYTES)
        blob.metadata = dict(labels) or None
        blob.content_type = media_type
        with self._creating(bucket, name) as free:
            if not free or not self._upload(blob, ChunkReader(chunks)):
                return None
        return _stored(blob)

    def _upload(self, blob: Blob, reader: ChunkReader) -> bool:
        """Return True when uploaded, False when the name is taken."""
        with translated("storage"):
            try:
                blob.upload_from_file(
                    reader,
                    content_type=blob.content_type,
                    if_generation_match=0,
                    timeout=TIMEOUT_S,
                    retry=RETRY,
                    checksum="crc32c",
                )
            except PreconditionFailed:
                return False
            except DataCorruption as error:
                raise TransientError("storage-write-differs") from error
            except ValueError as error:
                # A chunk was kept in part: the library wants to go back, and a stream cannot.
                raise TransientError("storage-upload-broken") from error
        return True

    def equals(self, stored: StoredObject, chunks: Iterable[bytes]) -> bool:
        """Return whether an object has exactly these bytes, by size and checksum."""
        return fingerprint(chunks) == (stored.size, stored.crc32c)

    def delete(self, version: ObjectVersion) -> None:
        """Delete exactly this generation; one that is gone is deleted already."""
        if self._emulated and self.stat(version) is None:
            return
        with translated("storage"):
            try:
                self._blob(version).delete(
                    if_generation_match=version.generation, timeout=TIMEOUT_S, retry=RETRY
                )
            except (NotFound, PreconditionFailed):
                return

    def list(self, bucket: str, prefix: str = "", start: str = "") -> Iterator[StoredObject]:
        """Yield the live objects of a bucket in the order of their names, from a name on."""
        with translated("storage"):
            for blob in self._client.list_blobs(
                bucket, prefix=prefix, start_offset=start or None, timeout=TIMEOUT_S
            ):
                yield _stored(blob)

    def _blob(self, version: ObjectVersion) -> Blob:
        return self._client.bucket(version.bucket).blob(version.name, generation=version.generation)

    def _load(self, blob: Blob) -> StoredObject | None:
        with translated("storage"):
            try:
                blob.reload(timeout=TIMEOUT_S, retry=RETRY)
            except NotFound:
                return None
        return _stored(blob)

    def _rewrite(self, source: Blob, target: Blob) -> bool:
        """Return True when copied, False when the target's name is taken."""
        token: str | None = None
        with translated("storage"):
            try:
                while True:
                    token, _, _ = target.rewrite(
                        source, token=token, if_generation_match=0, timeout=TIMEOUT_S, retry=RETRY
                    )
                    if token is None:
                        return True
            except PreconditionFailed:
                return False

    @contextmanager
    def _creating(self, bucket: str, name: str) -> Iterator[bool]:
        """Yield whether the name may be tried; the service itself decides when it is written."""
        if not self._emulated:
            yield True
            return
        with self._emulator_lock:
            yield self.find(bucket, name) is None


def _read_environment_once(session: Session, url: str) -> None:
    """Have a session take proxies and certificates from the environment now.

    It would with every request, which takes a tenth of the request's CPU time.
    """
    found = session.merge_environment_settings(url, {}, None, None, None)
    session.proxies, session.verify = found["proxies"], found["verify"]
    session.trust_env = False


def _stored(blob: Blob) -> StoredObject:
    return StoredObject(
        version=ObjectVersion(
            bucket=blob.bucket.name, name=blob.name, generation=int(blob.generation)
        ),
        size=int(blob.size),
        crc32c=base64.b64decode(blob.crc32c).hex(),
        created=blob.time_created,
        md5=base64.b64decode(blob.md5_hash).hex() if blob.md5_hash else None,
        labels=dict(blob.metadata or {}),
    )
