"""A Cloud Storage that takes as long for the last piece of an object as for the first.

    python -m tests.benchmarks.object_server FOLDER

The emulators that can be had hash (fake-gcs-server) or rewrite (gcp-storage-emulator) all of an
object for each piece that is uploaded, and so measure themselves. This one has what the client
asks of the service for large objects and nothing more: ranged reads, resumable uploads, metadata,
lists and deletes by generation, in buckets of any name. It keeps its promises: an upload is checked
against its CRC32C and its `ifGenerationMatch`, must go on where it stopped and is not seen before
its last piece. Objects are files in FOLDER, read and written in blocks. It runs as a process of its
own, prints its port, and ends with its input.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

from shared.crc32c import extend

HOST: Final = "127.0.0.1"
PROJECT: Final = "bench"
BLOCK_BYTES: Final = 1 << 20

Json = dict[str, Any]
Key = tuple[str, str]  # bucket and name


@contextmanager
def serving_large(folder: Path) -> Iterator[dict[str, str]]:
    """One server runs within the block; yields the variables that lead clients to it."""
    argv = [sys.executable, "-m", __name__, str(folder)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        port = int(server.stdout.readline())
        try:
            yield {
                "STORAGE_EMULATOR_HOST": f"http://{HOST}:{port}",
                "GOOGLE_CLOUD_PROJECT": PROJECT,
            }
        finally:
            server.stdin.close()


class RefusedError(Exception):
    """The request is answered with this status and nothing else."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass
class Upload:
    """What came so far of an object; it is one when its generation is set."""

    key: Key
    path: Path
    match: str | None  # `ifGenerationMatch`
    given: Json
    size: int = 0
    crc: int = 0
    generation: int = 0
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def crc32c(self) -> str:
        """The checksum as the service writes it."""
        return b64encode(self.crc.to_bytes(4, "big")).decode()

    def resource(self) -> Json:
        """The object as JSON."""
        bucket, name = self.key
        return {
            "kind": "storage#object",
            "bucket": bucket,
            "name": name,
            "generation": str(self.generation),
            "metageneration": "1",
            "size": str(self.size),
            "crc32c": self.crc32c,
            "timeCreated": self.created.isoformat().replace("+00:00", "Z"),
            **{key: self.given[key] for key in ("metadata", "contentType") if self.given.get(key)},
        }


class Objects:
    """What is stored, and what is on its way."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)
        self._uploads: dict[str, Upload] = {}
        self._live: dict[Key, Upload] = {}
        self._lock = threading.Lock()

    def begin(self, key: Key, match: str | None, given: Json) -> str:
        """Return the id of a new upload."""
        self._check(key, match)
        number = str(next(self._numbers))
        self._uploads[number] = Upload(key, self._folder / number, match, given)
        return number

    def upload(self, number: str) -> Upload:
        """Return an upload that is not finished."""
        if number not in self._uploads:
            raise RefusedError(404)
        return self._uploads[number]

    def finish(self, number: str, expected: str) -> Json:
        """Return the object that an upload became; `expected` is what `x-goog-hash` said."""
        upload = self.upload(number)
        if expected and expected != f"crc32c={upload.crc32c}":
            raise RefusedError(400)
        with self._lock:
            self._check(upload.key, upload.match)
            upload.generation = next(self._numbers)
            self._live[upload.key] = self._uploads.pop(number)
        return upload.resource()

    def get(self, key: Key, generation: str | None) -> Upload:
        """Return a live object."""
        found = self._live.get(key)
        if found is None or generation not in {None, str(found.generation)}:
            raise RefusedError(404)
        return found

    def names(self, bucket: str, prefix: str) -> Json:
        """Return the live objects of a bucket."""
        keys = sorted(key for key in self._live if key[0] == bucket and key[1].startswith(prefix))
        return {"kind": "storage#objects", "items": [self._live[key].resource() for key in keys]}

    def delete(self, key: Key, generation: str | None, match: str | None) -> None:
        """Forget an object and its file."""
        found = self.get(key, generation)
        self._check(key, match)
        del self._live[key]
        found.path.unlink()

    def _check(self, key: Key, match: str | None) -> None:
        found = self._live.get(key)
        if match not in {None, str(found.generation if found else 0)}:
            raise RefusedError(412)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    objects: Objects
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer metadata, a list or bytes."""
        self._answering(self._got)

    def do_POST(self) -> None:
        """Begin an upload."""
        self._answering(self._posted)

    def do_PUT(self) -> None:
        """Take a piece of an upload."""
        self._answering(self._put)

    def do_DELETE(self) -> None:
        """Delete an object."""
        self._answering(self._deleted)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Say nothing."""

    def _answering(self, answer: Callable[[], None]) -> None:
        url = urlsplit(self.path)
        self._query = {name: values[0] for name, values in parse_qs(url.query).items()}
        self._parts = [unquote(part) for part in url.path.split("/b", 1)[1].split("/")[1:]]
        try:
            answer()
        except RefusedError as error:
            self._say(error.status, {"error": {"code": error.status}})

    def _key(self) -> Key:
        bucket, _, name = self._parts
        return bucket, name

    def _got(self) -> None:
        if len(self._parts) == 1:
            self._say(200, {"kind": "storage#bucket", "name": self._parts[0]})
            return
        if len(self._parts) == 2:  # BUCKET/o
            self._say(200, self.objects.names(self._parts[0], self._query.get("prefix", "")))
            return
        found = self.objects.get(self._key(), self._query.get("generation"))
        if self._query.get("alt") == "media":
            self._send(found)
        else:
            self._say(200, found.resource())

    def _send(self, found: Upload) -> None:
        first, _, last = self.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")
        start, stop = int(first), min(int(last or found.size) + 1, found.size)
        if start >= stop:
            raise RefusedError(416)
        self.send_response(206)
        self.send_header("content-length", str(stop - start))
        self.send_header("content-range", f"bytes {start}-{stop - 1}/{found.size}")
        self.end_headers()
        with found.path.open("rb") as file:
            self.connection.sendfile(file, start, stop - start)

    def _posted(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers["content-length"])))
        given.setdefault("contentType", self.headers.get("x-upload-content-type"))
        bucket, match = self._parts[0], self._query.get("ifGenerationMatch")
        number = self.objects.begin((bucket, given["name"]), match, given)
        here = f"http://{self.headers['host']}/upload/storage/v1/b/{quote(bucket)}/o"
        self._say(200, {}, location=f"{here}?uploadType=resumable&upload_id={number}")

    def _put(self) -> None:
        number = self._query["upload_id"]
        upload = self.objects.upload(number)
        span, _, total = self.headers["content-range"].removeprefix("bytes ").partition("/")
        if span != "*" and int(span.partition("-")[0]) != upload.size:
            raise RefusedError(503)  # it goes on elsewhere than it stopped
        self._take(upload, int(self.headers["content-length"]))
        if total == str(upload.size):
            self._say(200, self.objects.finish(number, self.headers.get("x-goog-hash", "")))
        else:
            self._say(308, {}, range=f"bytes=0-{upload.size - 1}")

    def _take(self, upload: Upload, length: int) -> None:
        block = memoryview(bytearray(min(BLOCK_BYTES, length)))
        with upload.path.open("ab") as file:
            while length:
                got = self.rfile.readinto(block[:length])
                if not got:
                    raise ConnectionResetError
                part = block[:got]
                upload.crc = extend(upload.crc, bytes(part))
                file.write(part)
                upload.size, length = upload.size + got, length - got

    def _deleted(self) -> None:
        query = self._query
        self.objects.delete(self._key(), query.get("generation"), query.get("ifGenerationMatch"))
        self.send_response(204)
        self.end_headers()

    def _say(self, status: int, body: Json, **headers: str) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def main() -> None:
    """Serve until the input ends."""
    Handler.objects = Objects(Path(sys.argv[1]))
    server = ThreadingHTTPServer((HOST, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
