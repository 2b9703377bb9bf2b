"""Two days of some facilities, told by a real `ingest`: what the views must tell apart."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from shared.adapters.memory import ManualClock, MemoryObjectStore, MemoryTopic
from shared.contracts.facilities import Facilities
from shared.contracts.message import Message
from shared.contracts.objects import StoredObject
from shared.contracts.outcome import Outcome
from shared.contracts.upload import Upload
from tests.archives import zipped
from tests.builders import IMPLICIT, a_uid, an_instance, element, item, padded, part10, sequence
from tests.ingest import an_ingest

FIRST = Facilities.from_data({"h": {"archive_prefix": "hospital"}, "l": {"conflicts": "last"}})
LATER = Facilities.from_data(
    {"h": {"archive_prefix": "hospital"}, "l": {"conflicts": "last"}, "late": {}}
)
TEXT = b"no image at all"


def small(**attributes: Any) -> bytes:
    """An image of a few bytes."""
    return an_instance(rows=4, columns=4, **attributes)


def a_directory_of(*files: tuple[str, bytes]) -> bytes:
    """A DICOMDIR that names instances and their files."""
    records = (
        item(element(0x00041500, "CS", file_id) + element(0x00041511, "UI", padded(uid)))
        for uid, file_id in files
    )
    return part10(sequence(0x00041220, *records))


@dataclass
class Story:
    """One `ingest` on memory twins; everything that it and the inbox announce is kept."""

    clock: ManualClock = field(default_factory=ManualClock)
    topic: MemoryTopic = field(default_factory=MemoryTopic)
    uploads: MemoryTopic = field(default_factory=MemoryTopic)
    lost: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.store = MemoryObjectStore(self.clock.now)
        self.know(FIRST)

    @property
    def messages(self) -> list[Message]:
        """What `index` is told, but for what was lost."""
        told = [*self.topic.messages, *self.uploads.messages]
        return [message for message in told if message.data not in self.lost]

    def know(self, facilities: Facilities) -> None:
        """From now on other facilities are registered."""
        self.ingest = an_ingest(
            self.store, self.clock, self.topic, self.uploads, facilities=facilities
        )

    def announce(self, name: str, data: bytes) -> Upload:
        """The inbox announces an object."""
        self.clock.time += timedelta(minutes=1)
        stored = self.store.put("inbox", name, data)
        upload = Upload(version=stored.version, landed_at=stored.created)
        self.uploads.publish(upload.to_message())
        return upload

    def land(self, name: str, data: bytes) -> Outcome:
        """An object lands and is decided."""
        return self.deliver(self.announce(name, data))

    def deliver(self, upload: Upload) -> Outcome:
        """What is announced is decided."""
        self.clock.time += timedelta(minutes=1)
        self.ingest(Upload.from_message(upload.to_message()))
        return Outcome.from_message(self.topic.messages[-1])

    def lose(self, messages: Sequence[Message]) -> None:
        """`index` is never told."""
        self.lost |= {message.data for message in messages}

    def again(self, outcome: Outcome, **changes: Any) -> Outcome:
        """What is kept is announced and decided again."""
        upload = Upload.of_kept(self.kept(outcome), **changes)
        self.uploads.publish(upload.to_message())
        return self.deliver(upload)

    def kept(self, outcome: Outcome) -> StoredObject:
        """The object that an outcome left, with its labels."""
        assert outcome.target is not None
        kept = self.store.find(outcome.target.version.bucket, outcome.target.version.name)
        assert kept is not None
        return kept

    def unpack(self, name: str, data: bytes) -> None:
        """A container lands, and so do its members."""
        known = len(self.uploads.messages) + 1
        self.land(name, data)
        for message in self.uploads.messages[known:]:
            self.deliver(Upload.from_message(message))


def tell() -> Story:
    """Everything happens, in the order in which it is written here."""
    story = Story()
    for chapter in (_versions, _refusals, _medium, _studies, _undecided):
        chapter(story)
    return story


def _versions(story: Story) -> None:
    story.land("h/1-first", small(instance=1, NumberOfStudyRelatedInstances=4))
    story.land("h/1-again", small(instance=1, NumberOfStudyRelatedInstances=4))
    story.land("h/1-changed", small(instance=1, PatientSex="F"))
    story.land("h/2-first", small(instance=2))
    changed = story.land("h/2-promoted", small(instance=2, StationName="OTHER"))
    story.again(changed, promoted_at=story.clock.now())
    story.land("h/3-first", small(instance=3))
    story.land("h/3-other-study", small(study=2, instance=3, SOPInstanceUID=a_uid(1, 1, 1, 3)))
    story.land("l/1-first", small(instance=1))
    story.land("l/1-last", small(instance=1, StationName="OTHER"))
    story.land("l/5", small(instance=5))


def _refusals(story: Story) -> None:
    story.clock.time += timedelta(days=1)
    story.again(story.land("h/text", TEXT))
    late, text = story.land("late/image", small(instance=4)), story.land("late/text", TEXT)
    story.land("nobody/text", TEXT)
    story.land("h/folder/", b"")
    story.know(LATER)
    story.again(late)
    story.again(text)


def _medium(story: Story) -> None:
    story.land(
        "h/DICOMDIR",
        a_directory_of(
            (a_uid(1, 1, 1, 3), b"IMAGES\\IM3 "),
            (a_uid(1, 1, 1, 9), b"IMAGES\\IM9 "),
            (a_uid(1, 1, 1, 10), b"IMAGES\\IM10"),
            (a_uid(1, 1, 1, 4), b"IMAGES\\IM4 "),  # another facility has it
        ),
    )
    story.land("h/empty/DICOMDIR", a_directory_of())
    files = {
        "DICOMDIR": a_directory_of((a_uid(1, 1, 1, 5), b"IM5 "), (a_uid(1, 1, 1, 6), b"IM6 ")),
        "IM5": small(instance=5),
        "README": TEXT,
        "../outside": TEXT,
    }
    story.unpack("h/disc.zip", zipped(files))


def _studies(story: Story) -> None:
    """One study in which some attributes differ, one beside it in which none does."""
    common: dict[str, Any] = {"study": 7, "StudyDescription": None}
    placed = {"ImagePositionPatient": [0, 0, 0], "FrameOfReferenceUID": a_uid(7)}
    named = [
        {"series": 1, "instance": 1, "PatientSex": "F", "SeriesDescription": "AXIAL", **placed},
        {"series": 1, "instance": 2, "PatientSex": "", "SeriesDescription": "CORONAL"},
        {"series": 1, "instance": 3, "ImagePositionPatient": [0, 0, 1], "PatientSex": "F"},
        {"series": 2, "instance": 1, "modality": "MR", "PatientSex": "F", "StationName": "MR1"},
        {"series": 2, "instance": 2, "modality": "MR", "PatientSex": "F"},
    ]
    named[0] |= {"transfer_syntax": IMPLICIT, "PhotometricInterpretation": "MONOCHROME1"}
    named[1] |= {"PixelRepresentation": 1, "PatientAge": "065Y", "SeriesDate": "20240201"}
    named[2] |= {"BodyPartExamined": "HEAD", "ManufacturerModelName": "Model"}
    named[3]["StudyDescription"] = "HEAD"
    named[3]["NumberOfStudyRelatedInstances"] = 6
    named[4]["PatientName"] = "Other^One"
    for number, attributes in enumerate(named):
        story.land(f"h/study/{number}", small(**(common | attributes)))
    for number in range(2):
        story.land(f"h/palette/{number}", _palette(number))


def _palette(number: int) -> bytes:
    return part10(
        element(0x00080016, "UI", padded("1.2.840.10008.5.1.4.39.1"))
        + element(0x00080018, "UI", padded(a_uid(0, 39, number)))
        + element(0x00080070, "LO", b"MAKER %d " % number)
    )


def _undecided(story: Story) -> None:
    """Nothing was heard of these: not yet, or what was said is lost."""
    story.announce("h/waits", TEXT)
    story.announce("no folder", TEXT)
    story.land("h/late.zip", zipped({"IM7": small(instance=7)}))
    told = len(story.topic.messages)
    unheard = story.land("h/unheard", small(instance=8))
    story.lose(story.topic.messages[told:])
    story.uploads.publish(Upload.of_kept(story.kept(unheard)).to_message())
    story.land("h/unheard-changed", small(instance=8, StationName="OTHER"))
    story.clock.time += timedelta(days=1)
    announced = len(story.uploads.messages)
    story.land("l/unannounced", small(instance=9))
    story.lose(story.uploads.messages[announced:])
