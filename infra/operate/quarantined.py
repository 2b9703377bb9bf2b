"""What of somebody's stands in the quarantine: what is readable is read, the rest searched."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from struct import pack
from typing import Any, Final, NamedTuple

from infra.operate.cloud import Cloud
from infra.operate.kept import Held, Selection
from infra.operate.scope import Scope
from shared.contracts.objects import StoredObject
from shared.contracts.provenance import upload_event_id
from shared.contracts.subject import Kind, Subject
from shared.dicom.limits import DEFAULT_LIMITS
from shared.dicom.metadata import to_dicom_json
from shared.dicom.reader import read_header
from shared.dicom.recognition import DICOM_KINDS, RECOGNITION_BYTES, recognise
from shared.errors import PermanentError
from shared.object_source import ObjectSource
from shared.ports import ObjectStore

MANIFEST: Final = "manifest"  # the reason under which one that could be read is kept
SEARCHED_BYTES: Final = 1024 * 1024  # of what cannot be read: identities stand in front
_PATIENT_ID: Final = "00100020"
_ISSUER: Final = "00100021"
_STUDY: Final = "0020000D"
_RECORDS: Final = "00041220"  # Directory Record Sequence
_ELEMENTS: Final[Mapping[Kind, tuple[bytes, bytes, bytes]]] = {  # tag, VR, padding
    Kind.PATIENT: (pack("<HH", 0x0010, 0x0020), b"LO", b" "),
    Kind.STUDY: (pack("<HH", 0x0020, 0x000D), b"UI", b"\0"),
}


class _Person(NamedTuple):
    """Who an object, or a record of a directory, is of."""

    patient_id: str
    issuer: str
    study: str


@dataclass(slots=True, kw_only=True)
class Standing:
    """What is theirs, what is others' too, and how much could not be read."""

    own: list[StoredObject] = field(default_factory=list)
    mixed: list[StoredObject] = field(default_factory=list)
    unreadable: int = 0
    upload_ids: set[str] = field(default_factory=set)  # under which what is theirs was sent
    names: set[str] = field(default_factory=set)
    containers: set[str] = field(default_factory=set)  # in which it came, by `upload_id`


def standing(cloud: Cloud, subject: Subject, scope: Scope, *, whole: bool) -> Standing:
    """Return what a facility's part of the quarantine has of somebody's that no row leads to.

    Args:
        cloud: whose quarantine it is.
        subject: who it is.
        scope: what the account knows of; that is looked for there and not here.
        whole: what holds others' data, too, counts as theirs.
    """
    found = Standing()
    facility = Selection(facility=subject.facility)
    known = scope.kept_whole | {each.target_uri for each in scope.lists}
    needles = _needles(subject, scope.studies)
    for held in map(Held.of, cloud.objects.list(cloud.quarantine)):
        if not facility.has(held) or held.stored.uri in known:
            continue
        persons = _persons(cloud.objects, held.stored)
        if persons is None:
            _search(cloud.objects, needles, held, found, whole=whole)
        elif any(_is(subject, person) for person in persons):
            if whole or not any(_is_other(subject, person) for person in persons):
                _add(found, held)
            else:
                found.mixed.append(held.stored)
    return found


def _add(found: Standing, held: Held) -> None:
    found.own.append(held.stored)
    if held.sent:
        found.upload_ids.add(upload_event_id(held.sent.version))
        found.names.add(held.sent.version.name)
        if held.sent.path is not None:
            found.containers.add(upload_event_id(held.sent.root))


def _search(
    objects: ObjectStore,
    needles: re.Pattern[bytes],
    held: Held,
    found: Standing,
    *,
    whole: bool,
) -> None:
    head = objects.read(held.stored.version, 0, SEARCHED_BYTES)
    if not needles.search(head):
        found.unreadable += held.reason != MANIFEST  # the account tells of it
    elif whole or recognise(head[:RECOGNITION_BYTES], held.stored.size) in DICOM_KINDS:
        _add(found, held)
    else:
        found.mixed.append(held.stored)


def _needles(subject: Subject, studies: Iterable[str]) -> re.Pattern[bytes]:
    """Return what finds the element that names them, as it is encoded, or a study's UID as text.

    Source: PS3.5 Section 7.1.
    """
    tag, vr, padding = _ELEMENTS[subject.kind]
    value = subject.value.encode(errors="surrogateescape")
    value += padding * (len(value) % 2)
    explicit, implicit = vr + pack("<H", len(value)), pack("<I", len(value))
    elements = (re.escape(tag + length + value) for length in (explicit, implicit))
    texts = (rb"(?<![0-9.])" + re.escape(uid.encode()) + rb"(?![0-9.])" for uid in studies)
    return re.compile(b"|".join([*elements, *texts]), re.DOTALL)


def _persons(objects: ObjectStore, stored: StoredObject) -> Sequence[_Person] | None:
    """Return who an object is of, a directory by its records; None when it cannot be read."""
    try:
        header = read_header(ObjectSource(objects, stored), DEFAULT_LIMITS)
        metadata: Any = to_dicom_json(header, DEFAULT_LIMITS).json
    except PermanentError:
        return None
    records = metadata.get(_RECORDS, {}).get("Value", [])
    return [_person(each) for each in (metadata, *records)]


def _person(attributes: Mapping[str, Any]) -> _Person:
    values = (
        attributes.get(tag, {}).get("Value") or [""] for tag in (_PATIENT_ID, _ISSUER, _STUDY)
    )
    return _Person(*(str(value[0]) for value in values))


def _is(subject: Subject, person: _Person) -> bool:
    return subject.has(subject.facility, *person)


def _is_other(subject: Subject, person: _Person) -> bool:
    """Return whether somebody else, or another study, is named."""
    named = person.patient_id if subject.kind is Kind.PATIENT else person.study
    return bool(named) and not _is(subject, person)
