"""The cost of an object follows its header: memory and bytes read, measured from outside.

`INLET_LARGE_MIB` sets the size; `make test-large` takes a gigabyte.
"""

import io
import os
import socket
import subprocess
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from struct import pack

import pytest
import requests

from infra.definition import load_pipeline
from infra.local.endpoints import HOST, free_ports
from infra.local.functions import function_program
from infra.local.lifecycle import running_state
from infra.local.overrides import load_profile
from shared.contracts.layout import archive_name
from shared.contracts.objects import ObjectVersion
from shared.contracts.upload import Upload
from shared.dicom.identity import Identity
from tests.builders import EXPLICIT, a_dataset, written
from tests.e2e.conftest import Cloud
from tests.e2e.watch import until

MIB = 1 << 20
SIZE_MIB = int(os.environ.get("INLET_LARGE_MIB", "64"))
FRAME_BYTES = 512 * 512 * 2
MAX_RESIDENT_BYTES = 150 * MIB
MAX_READ_BYTES = 1 * MIB
BUCKET = "large-inbox"  # not watched by the cloud's own ingest


class Zeros(io.RawIOBase):
    """A header, then zeros up to a size, never all in memory."""

    def __init__(self, header: bytes, size: int) -> None:
        super().__init__()
        self._header = header
        self._size = size
        self._position = 0

    def tell(self) -> int:
        return self._position

    def read(self, size: int = -1) -> bytes:
        end = self._size if size < 0 else min(self._size, self._position + size)
        start, self._position = self._position, end
        head = self._header[start:end]
        return head + bytes(end - start - len(head))


class CountingProxy:
    """Passes connections on to a server and counts the bytes that it answers."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self.answered = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection((HOST, self._target))
            for source, sink, counted in ((client, server, False), (server, client, True)):
                threading.Thread(
                    target=self._pass_on,
                    args=(source, sink),
                    kwargs={"counted": counted},
                    daemon=True,
                ).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, *, counted: bool) -> None:
        try:
            while data := source.recv(1 << 16):
                self.answered += len(data) if counted else 0
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return


@pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists(), reason="memory is read from /proc"
)
def test_a_large_object_costs_what_its_header_costs(cloud: Cloud) -> None:
    header, size, identity = _multi_frame()
    blob = cloud.clients.storage.create_bucket(BUCKET).blob("demo-hospital/large")
    blob.upload_from_file(Zeros(header, size), size=size, checksum=None, timeout=600)
    version = ObjectVersion(bucket=BUCKET, name=blob.name, generation=int(blob.generation))
    with _own_ingest(cloud) as (address, pid, proxy):
        requests.post(address, json=_push(version), timeout=300).raise_for_status()
        resident, read = _resident(pid), proxy.answered
    _announce(cloud, version)
    archive = cloud.clients.storage.bucket(cloud.environment["INLET_ARCHIVE"])
    archived = archive.get_blob(archive_name("demo-hospital", identity))
    assert archived is not None
    assert archived.size == size
    assert not blob.exists()
    print(f"{SIZE_MIB} MiB: {resident / MIB:.0f} MiB resident, {read:,} bytes read")
    assert resident < MAX_RESIDENT_BYTES
    assert read < MAX_READ_BYTES


def _multi_frame() -> tuple[bytes, int, Identity]:
    frames = SIZE_MIB * MIB // FRAME_BYTES
    dataset = a_dataset(study=88, instance=88, rows=512, columns=512, PixelData=None)
    dataset.NumberOfFrames = frames
    header = written(dataset) + pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, frames * FRAME_BYTES)
    identity = Identity(
        study_instance_uid=dataset.StudyInstanceUID,
        series_instance_uid=dataset.SeriesInstanceUID,
        sop_instance_uid=dataset.SOPInstanceUID,
        sop_class_uid=dataset.SOPClassUID,
        transfer_syntax_uid=EXPLICIT,
    )
    return header, len(header) + frames * FRAME_BYTES, identity


@contextmanager
def _own_ingest(cloud: Cloud) -> Iterator[tuple[str, int, CountingProxy]]:
    """The deployed ingest once more, its storage behind a proxy that counts."""
    state = running_state(cloud.layout)
    assert state is not None
    proxy = CountingProxy(state.endpoints.storage)
    port = next(free_ports())
    endpoints = replace(
        state.endpoints,
        storage=proxy.port,
        functions={**state.endpoints.functions, "ingest": port},
    )
    function = load_pipeline().functions["ingest"]
    program = function_program(function, load_profile(), endpoints, cloud.layout)
    process = subprocess.Popen(
        program.argv, cwd=program.folder, env={**os.environ, **program.environment}
    )
    try:
        until(lambda: _listens(port))
        yield f"http://{HOST}:{port}/", process.pid, proxy
    finally:
        process.terminate()
        process.wait(30)
        proxy.close()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def _announce(cloud: Cloud, version: ObjectVersion) -> None:
    """Let the cloud hear of it too, so that its account of what landed stays whole."""
    message = Upload(version=version).to_message()
    topic = cloud.clients.topic("uploads")
    cloud.clients.publisher.publish(topic, message.data, **message.attributes).result(30)


def _push(version: ObjectVersion) -> dict[str, object]:
    message = Upload(version=version).to_message()
    return {
        "subscription": "projects/inlet-local/subscriptions/ingest",
        "message": {
            "data": b64encode(message.data).decode(),
            "attributes": dict(message.attributes),
            "messageId": "1",
            "publishTime": "2026-01-02T03:04:05Z",
        },
    }


def _resident(pid: int) -> int:
    """The peak of the worker, or what server and worker hold together, whichever is more."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    peak = max(_kib(child, "status", "VmHWM") for child in children)
    together = sum(_kib(each, "smaps_rollup", "Pss") for each in [str(pid), *children])
    return max(peak, together) * 1024


def _kib(pid: str, file: str, name: str) -> int:
    lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
