"""The independent check: is an identifying value of the original still in the output?

Written apart from the profile and without its tables. It decides by name and Value Representation
what identifies, reads the written bytes with a walk of its own, and tells kinds, never values.

Coincidences, which are no findings: words of one or two letters and numbers of up to three digits;
words that name nobody; a word of letters alone that is a Code String; in the attributes that name
the equipment, a word of letters alone; in numeric values, numbers of up to five digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from itertools import groupby
from struct import Struct
from typing import Final

from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import dictionary_keyword, dictionary_VR

from shared.dicom.elements import Extent, Header, RawElement

_WORD: Final = re.compile(rb"[0-9a-z\x80-\xff]+")
_LONG_NUMBER: Final = re.compile(rb"(?<![0-9])[0-9]{6,}(?![0-9])")
_UID: Final = re.compile(rb"[0-9]+(?:\.[0-9]+){3,}")
_DAY: Final = re.compile(rb"(?<![0-9])[0-9]{8}")
_NAMING_NOBODY: Final = frozenset(
    {
        b"anon", b"anonym", b"anonymized", b"anonymised", b"anonymous", b"and", b"deidentified",
        b"for", b"name", b"none", b"not", b"null", b"patient", b"removed", b"the", b"undefined",
        b"unknown", b"unspecified", b"yes",
    }
)  # fmt: skip
_IDENTIFYING_KEYWORD: Final = re.compile(
    r"^(Arbitrary|BarcodeValue|BranchOfService|CountryOfResidence|DeviceID|DeviceLabel|MilitaryRank"
    r"|NTPSourceAddress|Originator|RadiationMachineName|RegionOfResidence|TextComments|TextString"
    r"|Topic(Author|Keywords|Subject|Title)|DestinationAE|IssuerOf\w+)$"
    r"|(Address|AddressTrial|TelephoneNumbers?|TelephoneNumberTrial|PhoneNumber|TelecomInformation"
    r"|InstitutionName|DepartmentName|StationName|EntityTitle|AETitle|InstitutionResidence"
    r"|PatientLocation|StudyLocation|StepLocation|PerformedLocation|ProcedureLocation"
    r"|EntererLocation|PatientTransportArrangements|ReligiousPreference|RecordLocator"
    r"|(Patient|Admission|Subject|SubjectReading|Site|TimePoint|TrialProtocol|TrialSeries|Study"
    r"|Procedure|ProcedureStep|Plate|Cassette|Gantry|Generator|Detector|XRaySource|Slot|Results"
    r"|Interpretation|ServiceEpisode|Network|Component|CaptureDevice|CreationDevice)ID"
    r"|PatientIDs|IDIssuer|AccessionNumber|SerialNumber|ApprovalNumber|OrderNumber\w*"
    r"|SpecimenIdentifier|ContainerIdentifier|SlideIdentifier|DeviceIdentifier|AlternateIdentifier"
    r"|PlanIdentification|OwnerName|MachineName|SponsorName|SiteName|CenterName|CommitteeName"
    r"|TrialProtocolName|((?<!Scheme)Responsible|Verifying|Performer)Organization|ModifyingSystem"
    r"|DetectorLabel|PreviousValues|PatientDataDescription)$"
)
_OF_A_DEVICE: Final = re.compile(
    r"SerialNumber$|StationName$|DeviceIdentifier$|DeviceUID$|DeviceClassUID$|DeviceLabel$"
    r"|^(Plate|Generator|Cassette|Gantry|Detector|XRaySource|XRayDetector)ID$|DeviceID$"
    r"|MachineName$|DetectorLabel$|ModifyingSystem$|Scheduled(ProcedureStep|Study)Location$|UniqueDeviceIdentifier$"
    r"|Calibration|^DateOf(Manufacture|Installation)$|^BeamHoldTransitionDateTime$"
)
_OF_AN_INSTITUTION: Final = re.compile(
    r"^Institution(Name|Address)$|^InstitutionalDepartmentName$|^ClinicalTrialSite(ID|Name)$"
    r"|^ClinicalTrialCoordinatingCenterName$|EthicsCommitteeName$|^SourceOfPreviousValues$"
)
_OF_NO_VISIT: Final = re.compile(r"Birth|Death|^GPSTimeStamp$")
_NAMING_A_KIND: Final = re.compile(r"SOPClass|Scheme|Syntax|Context|Mapping|ClassUID$")
_EQUIPMENT: Final = frozenset({0x00080070, 0x00081090, 0x00181020})
_DUMMY_DAYS: Final = (b"1900", b"0000", b"0001")
_LONG_VRS: Final = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)
_BINARY_VRS: Final = frozenset(
    {"AT", "FD", "FL", "OB", "OD", "OF", "OL", "OV", "OW", "SL", "SS", "SV", "UL", "UN", "US", "UV"}
)
_UNDEFINED: Final = 0xFFFFFFFF
_DELIMITERS: Final = 0xFFFE
_PREAMBLE: Final = 132
_SHORTEST_IN_BINARY: Final = 6
_FEW: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """What of the original may still be there, because somebody decided so."""

    full_dates: bool = False  # all days but those of births
    moved_by: int = 0  # whole days by which dates were moved: what a day becomes is no finding
    uids: bool = False
    devices: bool = False
    institutions: bool = False
    kept: Callable[[tuple[int, ...], int], bool] | None = None  # by path and tag


NOTHING_RETAINED: Final = Retained()


@dataclass(slots=True, repr=False)
class _Identifiers:
    """What identifies, as lower-case bytes in every form in which it is looked for, by kind."""

    words: dict[bytes, str] = field(default_factory=dict)
    phrases: dict[bytes, set[bytes]] = field(default_factory=dict)  # by their first words
    long: dict[bytes, dict[bytes, str]] = field(default_factory=dict)  # by their first bytes
    uids: set[bytes] = field(default_factory=set)
    days: set[bytes] = field(default_factory=set)
    moved: set[bytes] = field(default_factory=set)  # what the days become, as values of dates


def residue(
    header: Header,
    segments: Iterable[bytes | Extent],
    retained: Retained = NOTHING_RETAINED,
) -> tuple[str, ...]:
    """Kinds of identifying values of the original that the written bytes still hold, sorted.

    What is retained on purpose is no finding; everything else is.
    """
    identifiers = _collected(header, retained)
    runs = tuple(_runs(segments))
    if not _may_hold(runs, identifiers):
        return ()
    found: set[str] = set()
    for tag, vr, value in _values(header, runs):
        found |= _findings(tag, vr, value, identifiers)
    return tuple(sorted(found))


def _may_hold(runs: tuple[tuple[int, bytes], ...], known: _Identifiers) -> bool:
    """Whether an identifier's bytes occur at all; if none do, no value needs a look."""
    needles = (*known.words, *known.phrases, *known.uids, *known.days)
    if len(needles) > _FEW:
        return True
    lowered = b"\x00".join(run for _, run in runs).lower()
    return any(needle in lowered for needle in needles)


def _collected(header: Header, retained: Retained) -> _Identifiers:
    found, kept = _Identifiers(), _Identifiers()
    elements = (*header.file_meta, *header.dataset, *header.trailing)
    for path, element in _leaves(elements, ()):
        collect = _collector(element.tag)
        if collect is not None:
            into = kept if _is_retained(path, element.tag, retained) else found
            collect((element.value or b"").strip(b" \x00"), into)
    found.uids -= kept.uids  # a UID that is kept in one place tells no more in another
    if retained.moved_by:
        found.moved = {_moved(day, retained.moved_by) for day in found.days}
    return found


def _leaves(
    elements: Iterable[RawElement], path: tuple[int, ...]
) -> Iterator[tuple[tuple[int, ...], RawElement]]:
    for element in elements:
        if element.items:
            below = (*path, element.tag)
            for item in element.items:
                yield from _leaves(item.elements, below)
        if element.value:
            yield path, element


def _is_retained(path: tuple[int, ...], tag: int, retained: Retained) -> bool:
    if retained is NOTHING_RETAINED:
        return False
    if retained.kept is not None and retained.kept(path, tag):
        return True
    vr, keyword = _dictionary(tag)
    if retained.devices and _OF_A_DEVICE.search(keyword):
        return vr not in {"DA", "DT"} or not retained.moved_by
    if vr in {"DA", "DT"}:
        return retained.full_dates and not _OF_NO_VISIT.search(keyword)
    if vr == "UI":
        return retained.uids and not _is_of_no_option(path, keyword)
    return retained.institutions and bool(_OF_AN_INSTITUTION.search(keyword))


def _is_of_no_option(path: tuple[int, ...], keyword: str) -> bool:
    """A content item's UID is of the option by its concept; outside of content there is none."""
    return keyword == "DigitalSignatureUID" or (keyword == "UID" and not path)


def _moved(day: bytes, days: int) -> bytes:
    try:
        moved = date(int(day[:4]), int(day[4:6]), int(day[6:])) + timedelta(days=days)
    except (ValueError, OverflowError):
        return day
    return b"%04d%02d%02d" % (moved.year, moved.month, moved.day)


@cache
def _dictionary(tag: int) -> tuple[str, str]:
    try:
        return dictionary_VR(tag), dictionary_keyword(tag)
    except KeyError:
        return "", ""


@cache
def _collector(tag: int) -> Callable[[bytes, _Identifiers], None] | None:
    """How the attribute's values identify, or None when they do not."""
    vr, keyword = _dictionary(tag)
    if vr == "PN":
        return _collect_name
    if vr in {"DA", "DT"}:
        return None if keyword.startswith("ContextGroup") else _collect_days
    if vr == "UI":
        return None if _NAMING_A_KIND.search(keyword) else _collect_uids
    identifying = vr == "AE" or (_IDENTIFYING_KEYWORD.search(keyword) and vr not in {"SQ", "CS"})
    return _collect_identifier if identifying else None


def _collect_days(value: bytes, into: _Identifiers) -> None:
    digits = (re.sub(rb"[^0-9]", b"", day) for day in value.split(b"\\"))
    days = (match[0] for match in map(_DAY.match, digits) if match)
    into.days |= {day for day in days if not day.startswith(_DUMMY_DAYS)}


def _collect_name(value: bytes, into: _Identifiers) -> None:
    for form in _forms(value):
        for word in _WORD.findall(form.lower()):
            if _tells(word):
                into.words[word] = "person-name"
                _collect_long(word, "person-name", into)


def _collect_uids(value: bytes, into: _Identifiers) -> None:
    uids = (uid.strip(b" \x00") for uid in value.split(b"\\"))
    into.uids |= {uid for uid in uids if uid and uid.decode("latin-1") not in UID_dictionary}


def _collect_identifier(value: bytes, into: _Identifiers) -> None:
    for form in _forms(value):
        for single in re.split(rb"[\\\r\n]", form.lower()):
            words = _WORD.findall(single)
            if not _tells(b"".join(words)):
                continue
            _collect_long(single, "identifier", into)
            if len(words) == 1:
                into.words[words[0]] = "identifier"
            else:
                into.phrases.setdefault(words[0], set()).add(b" ".join(words))


def _collect_long(needle: bytes, kind: str, into: _Identifiers) -> None:
    if len(needle) >= _SHORTEST_IN_BINARY:
        into.long.setdefault(needle[:_SHORTEST_IN_BINARY], {})[needle] = kind


def _forms(value: bytes) -> set[bytes]:
    """The value as written and in the encodings into which text is most often rewritten."""
    if value.isascii() and b"\x1b" not in value:
        return {value}
    forms = {value}
    for encoding in ("utf-8", "latin-1", "gb18030", "shift_jis", "euc_kr", "iso8859_5"):
        try:
            forms.add(value.decode(encoding).encode("utf-8"))
        except UnicodeError:
            continue
    return forms


def _tells(word: bytes) -> bool:
    if word in _NAMING_NOBODY or not word.strip(b"0"):
        return False
    return len(word) > 3 if word.isdigit() else len(word) > 2  # noqa: PLR2004 - see the module


def _findings(tag: int, vr: str, value: bytes, known: _Identifiers) -> set[str]:
    if vr == "UI":
        return {"uid"} if not known.uids.isdisjoint(_UID.findall(value)) else set()
    if vr in _BINARY_VRS:
        return _findings_in_binary(value.lower(), known)
    pattern = _LONG_NUMBER if vr in {"DS", "IS"} else _WORD
    words = pattern.findall(value.lower())
    if vr == "CS" or tag in _EQUIPMENT:
        words = [word for word in words if not word.isalpha()]
    found = {known.words[word] for word in words if word in known.words}
    joined = b" %b " % b" ".join(words)
    for first in known.phrases.keys() & words:
        if any(b" %b " % phrase in joined for phrase in known.phrases[first]):
            found.add("identifier")
    days = known.days - known.moved if vr in {"DA", "DT"} else known.days
    return found | _findings_of_patterns(value, days, known)


def _findings_of_patterns(value: bytes, days: set[bytes], known: _Identifiers) -> set[str]:
    found = set()
    if not days.isdisjoint(_DAY.findall(value)):
        found.add("date")
    if not known.uids.isdisjoint(_UID.findall(value)):
        found.add("uid")
    return found


def _findings_in_binary(value: bytes, known: _Identifiers) -> set[str]:
    found = set() if known.days.isdisjoint(_DAY.findall(value)) else {"date"}
    for needles in _candidates(value, known):
        found |= {kind for needle, kind in needles.items() if needle in value}
    return found


def _candidates(value: bytes, known: _Identifiers) -> Iterator[dict[bytes, str]]:
    """The long identifiers whose first bytes the value has, in time linear in one of the two."""
    if len(known.long) <= _FEW:
        yield from (needles for first, needles in known.long.items() if first in value)
        return
    starts = {value[at : at + _SHORTEST_IN_BINARY] for at in range(len(value))}
    yield from (known.long[first] for first in known.long.keys() & starts)


def _values(
    header: Header, runs: tuple[tuple[int, bytes], ...]
) -> Iterator[tuple[int, str, bytes]]:
    """Every value in the written bytes: the preamble, the file meta, the data set's leaves."""
    _, first = runs[0]
    yield 0, "UN", first[:_PREAMBLE]
    meta_end = _PREAMBLE + 12 + int.from_bytes(first[140:144], "little")
    yield from _Walk(explicit=True, little=True).values(first[_PREAMBLE:meta_end])
    walk = _Walk(header.encoding.explicit_vr, header.encoding.little_endian)
    yield from walk.values(first[meta_end:])
    for padding, run in runs[1:]:
        yield from walk.values(run[padding:])


def _runs(segments: Iterable[bytes | Extent]) -> Iterator[tuple[int, bytes]]:
    """Each run of written bytes, and the padding with which it begins after an odd extent."""
    padding = 0
    for streamed, group in groupby(segments, lambda segment: isinstance(segment, Extent)):
        run = tuple(group)
        if streamed:
            padding = sum(part.length for part in run if isinstance(part, Extent)) & 1
        else:
            yield padding, b"".join(part for part in run if isinstance(part, bytes))


class _Walk:
    """The leaves of a run of elements, flat: an item's header is stepped over, not entered."""

    def __init__(self, explicit: bool, little: bool) -> None:  # noqa: FBT001 - of this module
        self._explicit = explicit
        mark = "<" if little else ">"
        self._tag = Struct(f"{mark}HH").unpack_from
        self._short = Struct(f"{mark}H").unpack_from
        self._long = Struct(f"{mark}L").unpack_from

    def values(self, data: bytes) -> Iterator[tuple[int, str, bytes]]:
        """Tag, VR and value of every leaf up to the end or to a value that is elsewhere."""
        position = 0
        while position + 8 <= len(data):
            group, number = self._tag(data, position)
            tag = group << 16 | number
            if group == _DELIMITERS:
                position += 8
                continue
            vr, length, position = self._header(data, position, tag)
            if vr == "SQ" or length == _UNDEFINED:
                continue
            if position + length > len(data):
                return
            yield tag, vr, data[position : position + length]
            position += length

    def _header(self, data: bytes, position: int, tag: int) -> tuple[str, int, int]:
        if not self._explicit:
            vr = _dictionary(tag)[0].split(" or ")[0]
            return vr, self._long(data, position + 4)[0], position + 8
        code = data[position + 4 : position + 6]
        vr = code.decode("latin-1")
        if code in _LONG_VRS:
            return vr, self._long(data, position + 8)[0], position + 12
        return vr, self._short(data, position + 6)[0], position + 8
