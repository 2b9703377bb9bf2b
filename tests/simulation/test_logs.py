"""Law 5: whatever files, names, members and facilities contain, no line of a log repeats it."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from shared.contracts.message import Message
from shared.errors import TransientError
from shared.ports import Done
from shared.runtime import log
from shared.runtime.delivery import AGAIN, run
from tests.archives import gzipped, tarred, zipped
from tests.builders import UID_ROOT, a_directory, an_instance, element, part10
from tests.simulation.world import Faults, World

PLANTED = "PLANTED"
IDENTITIES = dict.fromkeys(
    [
        *("PatientName", "PatientID", "OtherPatientNames", "PatientAddress", "PatientComments"),
        *("AccessionNumber", "StudyID", "StudyDescription", "SeriesDescription", "ProtocolName"),
        *("InstitutionName", "StationName", "ReferringPhysicianName", "OperatorsName"),
        *("Manufacturer", "ManufacturerModelName", "DeviceSerialNumber", "ImageComments"),
        *("BodyPartExamined", "SequenceName", "ScanOptions", "PatientPosition"),
    ],
    PLANTED,
)


def _image(instance: int, **attributes: str) -> bytes:
    values: dict[str, Any] = IDENTITIES | attributes
    return an_instance(patient=7, instance=instance, rows=4, columns=4, **values)


def _name(text: str) -> str:
    return f"demo-hospital/{PLANTED}^{text}"


DISC = zipped(
    {
        f"{PLANTED}/1": _image(10),
        f"{PLANTED}/notes.txt": b"PLANTED notes",
        f"../{PLANTED}": _image(11),
        f"{PLANTED}.zip": zipped({f"{PLANTED}/2": _image(12), "deep.zip": zipped({PLANTED: b""})}),
        f"__MACOSX/{PLANTED}/._1": b"\x00\x05\x16\x07 PLANTED fork",
        "DICOMDIR": a_directory(),
    }
)
DROP = {
    _name("image.dcm"): _image(1),
    _name("duplicate.dcm"): _image(1),
    _name("conflict.dcm"): _image(1, PatientName="PLANTED^OTHER"),
    _name("odd modality"): _image(2, Modality=PLANTED),
    _name("odd character set"): _image(3, SpecificCharacterSet=PLANTED),
    _name("burned in"): _image(4, BurnedInAnnotation="YES"),
    _name("cut"): _image(5)[:-20],
    _name("no identity"): part10(element(0x00100010, "PN", b"PLANTED ")),
    _name("odd UID"): part10(element(0x00080018, "UI", b"PLANTED ")),
    _name("notes.txt"): b"PLANTED notes",
    _name("empty"): b"",
    _name("folder/"): b"",
    _name("DICOMDIR"): a_directory(),
    _name("disc.zip"): DISC,
    _name("damaged.zip"): DISC[:-30],
    _name("tape.tgz"): gzipped(tarred({f"{PLANTED}/3": _image(13)})),
    f"demo-hospital/gcloud/tmp/parallel_composite_uploads/see_help/{PLANTED}_0": b"PLANTED",
    f"{PLANTED}^FACILITY/image.dcm": _image(6),
    f"{PLANTED} without a facility": _image(7),
}


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], list[str]]]:
    """What a function writes, all of which the platform keeps."""

    def written() -> list[str]:
        captured = capsys.readouterr()
        return (captured.out + captured.err).splitlines()

    root, own, hook = logging.getLogger(), logging.getLogger("inlet"), threading.excepthook
    before = root.handlers, root.level, own.level
    log.configure("any", "a-project")
    yield written
    logging.captureWarnings(capture=False)
    root.handlers, threading.excepthook = before[0], hook
    root.setLevel(before[1])
    own.setLevel(before[2])


class DeployedWorld(World):
    """A world whose handlers stand behind the delivery boundary."""

    def deployed(self) -> "DeployedWorld":
        self.handlers = {
            stage: _behind_the_boundary(handle) for stage, handle in self.handlers.items()
        }
        return self


def _behind_the_boundary(handle: Callable[[Message], object]) -> Callable[[Message], None]:
    def delivered(message: Message) -> None:
        def handled() -> Done:
            done = handle(message)
            assert isinstance(done, Done)
            return done

        if run(lambda: handled) == AGAIN:
            raise TransientError("answered-again")

    return delivered


def test_nothing_that_was_planted_is_logged_or_told(lines: Callable[[], list[str]]) -> None:
    world = DeployedWorld(Faults(before=frozenset(range(5, 900, 29)))).deployed()
    for name, data in DROP.items():
        world.land(name, data)
    world.land(_name("lost"), _image(8), notified=False)
    world.clock.time += timedelta(hours=1)
    run(lambda: world.sweep)
    world.run()
    said = lines()
    assert [line for line in said if PLANTED in line.upper() or UID_ROOT in line] == []
    entries = [json.loads(line) for line in said]
    heard = {(entry["message"], entry.get("outcome"), entry.get("reason")) for entry in entries}
    assert {outcome for _, outcome, _ in heard} >= {
        *("archived", "duplicate", "conflict", "quarantined", "ignored", "expanded"),
        *("deidentified", "held"),
    }
    assert {message for message, _, _ in heard} >= {
        *("upload decided", "container expanded in part", "instance handled", "outcome indexed"),
        *("event published", "target told", "swept", "will be retried"),
    }
    events = world.topics["events"].messages
    told = [f"{message.data!r}{message.attributes}" for message in events]
    told += [str(event.to_structured()) for event in world.receiver.received]
    told.append(str(world.tables.rows["imaging.deliveries"]))
    assert [text for text in told if PLANTED in text.upper()] == []
    filed = str(world.tables.rows["research.instances"])
    copies = [stored.version.name for stored in world.store.list("research")]
    assert PLANTED not in filed
    assert [name for name in copies if PLANTED.encode() in world.store.data("research", name)] == []
