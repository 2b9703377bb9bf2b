"""Laws 5 and 9 of the outside: whatever is planted, nobody hears it who must not.

Two facilities drop files of every kind, full of planted identities. Then every byte that left is
searched: events, webhooks, mails, chat texts, the log, rows of deliveries, receipts, copies.
"""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

import pytest
from google.cloud.pubsub_v1.subscriber.message import Message as Received

from infra.local import lifecycle
from infra.local.drop import Upload, drop
from infra.local.layout import ROOT, Layout
from shared.contracts.event_types import EVENT_TYPES, OF_OUTCOMES, STUCK
from shared.contracts.outcome import OutcomeKind
from tests.builders import a_directory, a_uid
from tests.e2e.conftest import Cloud
from tests.e2e.sinks import Sinks, listening_sinks
from tests.e2e.watch import log_lines, public_events, query, swept_until, until
from tests.planted import MARK, Search, planted_instance, planted_tokens

REPORT: Final = ROOT / "build" / "events" / "scan.json"
# Whose UIDs events may tell, and whose they may not; each has a patient and a study of its own.
FACILITIES: Final = {"demo-hospital": 71, "demo-institute": 72}
PSEUDONYMOUS: Final = "demo-institute"
STRANGER: Final = f"{MARK}STRANGER"  # a folder of nobody's
# Stuck uploads cannot be had on a healthy cloud, and none of these copies fails.
ABSENT: Final = {STUCK.name, OF_OUTCOMES[OutcomeKind.FAILED].name}


def _name_of(facility: str) -> str:
    """Return what stands in the names of all files of a facility."""
    return f"{MARK}NAMES{FACILITIES[facility]}"


def _image(facility: str, instance: int, **attributes: object) -> bytes:
    number = FACILITIES[facility]
    return planted_instance(
        StudyInstanceUID=a_uid(number, number),
        SeriesInstanceUID=a_uid(number, number, 1),
        SOPInstanceUID=a_uid(number, number, 1, instance),
        **attributes,
    )


def _zipped(files: Mapping[str, bytes]) -> bytes:
    held = BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return held.getvalue()


def _drop_of(facility: str) -> list[Upload]:
    """Return files of every outcome, in the order in which they are to land."""
    image, name = _image(facility, 1), _name_of(facility)
    files = {
        "image": image,
        "twin": image,
        "other version": _image(facility, 1, PatientComments=f"{MARK}OTHER"),
        "cut": _image(facility, 2)[:-20],
        "burned in": _image(facility, 3, BurnedInAnnotation="YES"),
        "notes.txt": f"{MARK}NOTES".encode(),
        "DICOMDIR": a_directory(),
        "disc.zip": _zipped({f"{name}/4": _image(facility, 4), f"{name}.txt": b"ZQNOTES"}),
        "bad/_complete.json": f'{{"version": "{MARK}NOTES"}}'.encode(),
    }
    return [Upload(name=f"{facility}/{name}/{file}", content=data) for file, data in files.items()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """All that left, by who heard it; receipts by the facility that may read them."""

    outside: Mapping[str, Sequence[bytes]]
    receipts: Mapping[str, Sequence[bytes]]
    kept: Sequence[bytes]  # what stays inside, and must hold every token
    types: frozenset[str]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    layout = Layout(tmp_path_factory.mktemp("planted") / "cloud")
    with listening_sinks(tmp_path_factory.mktemp("sinks")) as sinks:
        try:
            lifecycle.start(layout, settings=sinks.settings, targets=sinks.targets, owned=True)
            yield _all_told(layout, sinks)
        finally:
            lifecycle.stop(layout)


def _all_told(layout: Layout, sinks: Sinks) -> Told:
    cloud = Cloud(layout)
    with public_events(cloud) as events:
        for facility in FACILITIES:
            assert all(result.outcome for result in drop(cloud.clients, _drop_of(facility)))
        drop(cloud.clients, [Upload(name=f"{STRANGER}/a", content=_image("demo-hospital", 5))])
        _complete(cloud, events, times=1)
        for facility in FACILITIES:
            late = Upload(name=f"{facility}/{_name_of(facility)}/late", content=_image(facility, 6))
            drop(cloud.clients, [late])
        swept_until(cloud, lambda: _count(events, "dicom.study.reopened.v1") >= len(FACILITIES))
        _complete(cloud, events, times=2)
        _promote(cloud)
        until(lambda: _types(events) >= _expected_types())
        until(lambda: _settled(cloud, sinks, events))
    return Told(
        outside={
            "events": [_whole(event) for event in events],
            "webhooks": sinks.posts.received["webhook"],
            "chats": sinks.posts.received["chat"],
            "mails": sinks.mailbox.mails,
            "log lines": [line.encode() for line in log_lines(cloud)],
            "rows of deliveries": _rows(cloud, "imaging.deliveries"),
            "rows of copies": _rows(cloud, "research.instances"),
            "copies": _objects(cloud, "INLET_RESEARCH"),
        },
        receipts={
            facility: _objects(cloud, "INLET_RECEIPTS", f"{facility}/") for facility in FACILITIES
        },
        kept=_objects(cloud, "INLET_ARCHIVE"),
        types=_types(events),
    )


def _complete(cloud: Cloud, events: Sequence[Received], times: int) -> None:
    """Have each facility say that this was all, and wait for what it is told in turn."""
    said = json.dumps({"version": 1, "comment": f"{MARK}NOTES"}).encode()
    for facility in FACILITIES:
        name = f"{facility}/{_name_of(facility)}/_complete.json"
        drop(cloud.clients, [Upload(name=name, content=said)])
    expected = times * len(FACILITIES)
    swept_until(
        cloud,
        lambda: (
            _count(events, "dicom.study.completed.v1") >= expected
            and _count(events, "dicom.receipt.issued.v1") >= expected
        ),
    )


def _promote(cloud: Cloud) -> None:
    (row,) = query(cloud, "SELECT ObjectUri FROM imaging.instances WHERE NOT IsPrimary LIMIT 1")
    command = [sys.executable, "-m", "infra.operate", "promote", str(row["ObjectUri"])]
    environment = {**cloud.environment, "PATH": "", "HOME": str(Path.home())}
    subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)


def _settled(cloud: Cloud, sinks: Sinks, events: Sequence[Received]) -> bool:
    """Return whether every event is told to every target that wants it."""
    ids = {event.attributes["ce-id"] for event in events}
    rows = query(cloud, "SELECT EventId, Target FROM imaging.deliveries WHERE Result = 'delivered'")
    told = {(row["Target"], row["EventId"]) for row in rows}
    everything = {(target, each) for target in ("router", "room", "office") for each in ids}
    return told >= everything and len(sinks.mailbox.mails) >= len(ids)


def _types(events: Sequence[Received]) -> frozenset[str]:
    return frozenset(event.attributes["ce-type"] for event in events)


def _count(events: Sequence[Received], event_type: str) -> int:
    told = (event for event in events if event.attributes["ce-type"] == event_type)
    return len({event.attributes["ce-id"] for event in told})


def _expected_types() -> set[str]:
    return {event_type.name for event_type in EVENT_TYPES} - ABSENT


def _whole(event: Received) -> bytes:
    attributes = json.dumps(dict(event.attributes), ensure_ascii=False)
    return b"\n".join([event.data, attributes.encode(), event.ordering_key.encode()])


def _rows(cloud: Cloud, table: str) -> list[bytes]:
    rows = query(cloud, f"SELECT * FROM {table}")
    return [json.dumps(row, default=str, ensure_ascii=False).encode() for row in rows]


def _objects(cloud: Cloud, bucket: str, prefix: str = "") -> list[bytes]:
    """Return each object of a bucket, its name and its labels."""
    found = cloud.clients.storage.list_blobs(cloud.environment[bucket], prefix=prefix)
    return [f"{blob.name}\n{blob.metadata}\n".encode() + blob.download_as_bytes() for blob in found]


def _names() -> list[str]:
    return [*map(_name_of, FACILITIES), STRANGER]


def _uids() -> list[str]:
    """Return the UIDs that only the facility itself may be told."""
    number = FACILITIES[PSEUDONYMOUS]
    series = a_uid(number, number, 1)
    return [a_uid(number, number) + end for end in (",", '"', "/")] + [f"{series}.", f'{series}"']


def _leaks(search: Search, pieces: Sequence[bytes]) -> set[str]:
    return set(search.found(b"\n".join(pieces)))


def test_every_type_of_event_is_told(told: Told) -> None:
    assert told.types == _expected_types()


def test_the_search_finds_what_is_kept_inside(told: Told) -> None:
    tokens = planted_tokens()
    assert _leaks(Search(tuple(tokens)), told.kept) == set(tokens)


def test_nobody_hears_what_was_planted(told: Told) -> None:
    values = [*planted_tokens(), f"{MARK}OTHER", f"{MARK}NOTES"]
    tokens = [*values, *_names(), *_uids()]
    search = Search.of(tokens)
    found = {sink: _leaks(search, pieces) for sink, pieces in told.outside.items()}
    inside = Search.of([*values, STRANGER])
    for facility, pieces in told.receipts.items():
        others = [_name_of(other) for other in FACILITIES if other != facility]
        own = Search((*inside.tokens, *others, *(_uids() if facility != PSEUDONYMOUS else [])))
        found[f"receipts of {facility}"] = _leaks(own, pieces)
    everything = {
        **told.outside,
        **{f"receipts of {of}": of_it for of, of_it in told.receipts.items()},
    }
    scanned = {sink: sum(map(len, pieces)) for sink, pieces in everything.items()}
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(
        json.dumps(
            {
                "planted": len(tokens),
                "bytes_scanned": sum(scanned.values()),
                "found": sum(map(len, found.values())),
                "by_sink": scanned,
            },
            indent=2,
        )
    )
    assert all(scanned.values()), scanned
    assert found == {sink: set() for sink in everything}


def test_a_receipt_names_its_own_files(told: Told) -> None:
    for facility, pieces in told.receipts.items():
        assert _leaks(Search((_name_of(facility),)), pieces)
