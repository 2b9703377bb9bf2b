"""Three made-up days of two facilities, told by the real functions: what the page's answers are of.

Nobody and nothing in it exists.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from random import Random
from typing import Any, Final

from tests.builders import a_uid, an_instance, truncated, written
from tests.integration.story import a_directory_of
from tests.questions.dose_report import Acquisition, a_dose_report
from tests.questions.protocols import (
    ABDOMEN,
    BRAIN,
    CHEST,
    CLINIC,
    CT_1,
    CT_2,
    CT_3,
    HEAD,
    HOSPITAL,
    MR,
    THORAX,
    THYROID,
    ULTRASOUND,
    X_RAY,
    Device,
    Protocol,
    Series,
)
from tests.simulation.world import World

FIRST: Final = date(2026, 1, 5)  # a Monday
DAYS: Final = 3
ASKED: Final = datetime(2026, 1, 8, 9, tzinfo=UTC)
_BETWEEN_FILES: Final = timedelta(seconds=2)
_COPIES: Final = 2  # every message is delivered so often, in random order


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A file, and when it lands."""

    at: datetime
    name: str
    data: bytes


_PLAN: Final = (
    ("02:35", CT_2, HEAD),
    ("07:20", CT_1, CHEST),
    ("08:05", X_RAY, THORAX),
    ("08:25", MR, BRAIN),
    ("08:50", CT_1, ABDOMEN),
    ("09:10", X_RAY, THORAX),
    ("09:30", CT_2, HEAD),
    ("09:45", ULTRASOUND, THYROID),
    ("10:15", CT_1, CHEST),
    ("10:40", CT_3, CHEST),
    ("11:05", X_RAY, THORAX),
    ("11:20", MR, BRAIN),
    ("13:15", CT_2, ABDOMEN),
    ("13:40", ULTRASOUND, THYROID),
    ("14:10", CT_3, ABDOMEN),
    ("14:30", X_RAY, THORAX),
    ("15:05", CT_1, CHEST),
    ("16:20", CT_3, ABDOMEN),
    ("17:45", CT_2, HEAD),
    ("21:10", CT_2, HEAD),
)
_LOST: Final = {44: 2, 57: 4}  # files of the n-th study that never came
_GAPS: Final = {22}  # studies whose thin slices miss one within
_FACTORS: Final = {27: 2.9, 58: 3.4}  # of the dose of these studies
_AGAIN: Final = {2: 6, 29: 3}  # files of these studies that are sent once more
_CORRECTED: Final = {6, 46}  # studies of which one image comes corrected


def played() -> World:
    """Everything has landed and was decided, copied, announced and written to tables in memory."""
    world = World(seed=1, copies=_COPIES)
    for sent in sorted(three_days(), key=lambda sent: (sent.at, sent.name)):
        world.clock.time = sent.at
        world.land(sent.name, sent.data)
        world.clock.time += _BETWEEN_FILES / 2
        world.run()
    return world


def three_days() -> Iterator[Sent]:
    """Every file, study by study."""
    numbers = count(1)
    for day in range(DAYS):
        for minute, device, protocol in _PLAN:
            number = next(numbers)
            begin = _at(day, minute) + timedelta(minutes=Random(number).randrange(-9, 10))
            yield from _of_study(number, begin, device, protocol)
    yield from _no_instances()


def _at(day: int, minute: str) -> datetime:
    return datetime.combine(FIRST + timedelta(days=day), time.fromisoformat(minute), UTC)


def _of_study(number: int, begin: datetime, device: Device, protocol: Protocol) -> Iterator[Sent]:
    objects = list(_objects(number, begin, device, protocol))
    folder = f"{device.facility}/{begin:%Y-%m-%d}/A{number:04}"
    files = objects[: len(objects) - _LOST.get(number, 0)]
    again = files[: _AGAIN.get(number, 0)]
    for place, data in enumerate([*files, *again], start=1):
        yield Sent(at=begin + place * _BETWEEN_FILES, name=f"{folder}/IM{place:04}", data=data)
    if number in _CORRECTED:
        data = next(_objects(number, begin, device, protocol, PatientSex="M"))
        yield Sent(at=begin + timedelta(hours=1), name=f"{folder}/IM0001", data=data)


def _objects(
    number: int, begin: datetime, device: Device, protocol: Protocol, **changes: Any
) -> Iterator[bytes]:
    attributes = _attributes(number, begin, device, protocol) | changes
    for place, series in enumerate(protocol.series, start=1):
        yield from _images(number, place, series, attributes | {"modality": device.modality})
    if protocol.dose:
        yield written(
            a_dose_report(
                _acquisitions(number, protocol),
                series=9,
                **attributes | dict.fromkeys(("BodyPartExamined", "ProtocolName")),
            )
        )


def _attributes(number: int, begin: datetime, device: Device, protocol: Protocol) -> dict[str, Any]:
    return {
        **device.attributes,
        **protocol.attributes,
        "patient": number,
        "PatientSex": "FM"[number % 2],
        "StudyDescription": protocol.name,
        "ProtocolName": protocol.name,
        "BodyPartExamined": protocol.part,
        "AccessionNumber": f"A{number:04}",
        "NumberOfStudyRelatedInstances": protocol.objects,
        "BurnedInAnnotation": "NO",
        **dict.fromkeys(("StudyDate", "SeriesDate", "AcquisitionDate"), f"{begin:%Y%m%d}"),
        **dict.fromkeys(("StudyTime", "SeriesTime", "AcquisitionTime"), f"{begin:%H%M%S}"),
    }


def _images(number: int, place: int, series: Series, attributes: dict[str, Any]) -> Iterator[bytes]:
    for image in range(1, series.images + 1):
        yield an_instance(
            rows=8,
            columns=8,
            series=place,
            instance=image,
            SeriesDescription=series.description,
            **attributes,
            **_place(number, image, series),
        )


def _place(number: int, image: int, series: Series) -> dict[str, Any]:
    """Where a slice is, in mm."""
    if not series.thickness:
        return {}
    beyond_gap = number in _GAPS and image == series.images
    return {
        "FrameOfReferenceUID": a_uid(number, 9),
        "SliceThickness": series.thickness,
        "PixelSpacing": [0.7, 0.7],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "ImagePositionPatient": [-100, -120, round(series.thickness * (image + beyond_gap), 1)],
    }


def _acquisitions(number: int, protocol: Protocol) -> Iterator[Acquisition]:
    chance = Random(number)
    for place, dose in enumerate(protocol.dose, start=1):
        ctdi_vol = dose * chance.uniform(0.8, 1.25) * _FACTORS.get(number, 1)
        yield Acquisition(
            uid=a_uid(number, 8, place),
            protocol="Scout" if dose < 1 else protocol.name,
            ctdi_vol=round(ctdi_vol, 2),
            dlp=round(ctdi_vol * 32, 1),
        )


def _no_instances() -> Iterator[Sent]:
    """What is refused or ignored: what else people put into a folder, and what broke on its way."""
    plate = an_instance(modality="CR", patient=900, rows=8, columns=8)
    unplaced = an_instance(modality="CR", patient=901, rows=8, columns=8, StudyInstanceUID=None)
    disc = a_directory_of((a_uid(41, 1, 1, 1), b"IM0001"), (a_uid(41, 1, 1, 7), b"IM0007"))
    thrown_in: Sequence[tuple[int, str, str, bytes]] = (
        (0, "08:12", f"{CLINIC}/export/report.pdf", b"%PDF-1.7 made up"),
        (0, "08:13", f"{CLINIC}/export/IM0001", truncated(plate)),
        (0, "14:41", f"{CLINIC}/export/letter.docx", b"PK made up"),
        (1, "09:02", f"{CLINIC}/export/plate-without-study", unplaced),
        (1, "09:03", f"{CLINIC}/export/empty.dcm", b""),
        (1, "11:47", f"{HOSPITAL}/console/settings.xml", b"<made-up/>"),
        (1, "15:36", f"{HOSPITAL}/console/IM0007", truncated(plate, 40)),
        (2, "08:44", f"{CLINIC}/export/preview.jpg", b"\xff\xd8\xff\xe0 made up"),
        (2, "08:45", f"{CLINIC}/export/IM0002", truncated(plate, 60)),
        (2, "08:46", f"{CLINIC}/export/IM0003", truncated(plate, 80)),
        (2, "10:31", f"{HOSPITAL}/disc/DICOMDIR", disc),
        (2, "13:22", f"{CLINIC}/export/report.pdf", b"%PDF-1.7 made up, too"),
        (2, "16:05", f"{HOSPITAL}/console/log.txt", b"made up"),
    )
    for day, minute, name, data in thrown_in:
        yield Sent(at=_at(day, minute), name=name, data=data)
