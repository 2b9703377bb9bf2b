"""The independent check: is an identifying value of the original still in the output?

Written apart from the profile and without its tables. It decides by name and Value Representation
what identifies, reads the written bytes with a walk of its own, and tells kinds, never values.

Coincidences, which are no findings: words of one or two letters and numbers of up to three digits;
words that name nobody; a word of letters alone that is a Code String; in the attributes that name
the equipment, a word of letters alone; in numeric values, numbers of up to five digits; inside of
longer words, words of up to five letters, and words of an identifier that has no digit; days with
two digits for the year.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, cached_property, partial
from itertools import groupby, permutations, product
from struct import Struct
from typing import Final, Literal, TypeAlias

from pydicom._uid_dict import UID_dictionary
from pydicom.charset import convert_encodings, decode_bytes
from pydicom.datadict import dictionary_keyword, dictionary_VR

from shared.dicom.elements import Extent, Header, RawElement

_WORD: Final = re.compile(r"[^\W_]+")
_PART: Final = re.compile(  # a long number, and letters beside digits
    r"(?<!\d)\d{6,}(?!\d)|(?<=\d)[^\W\d_]{4,}|(?<![^\W\d_])[^\W\d_]{4,}(?=\d)"
)
_WHOLE_NUMBER: Final = re.compile(r"(?<![0-9.])0{0,32}([0-9]{6,})(?:\.0*)?(?![0-9.])")
_UID: Final = re.compile(r"(?<![0-9])[0-9]++(?:\.[0-9]++){3,}+")  # in linear time
_DAY: Final = re.compile(r"(?<![0-9])[0-9]{8}")
_LIKE_A_DAY: Final = re.compile(r"[0-9]{4}")
_DAY_OF_NUMBERS: Final = re.compile(
    r"(?<![0-9])(?=([0-9]{4}|[0-9]{1,2})[-./ :_年]([0-9]{1,2})[-./ :_月]"
    r"([0-9]{4}|[0-9]{1,2})(?![0-9]))"
)
_DAY_OF_DIGITS: Final = re.compile(r"(?<![0-9])([0-9]{2})([0-9]{2})([0-9]{4})(?![0-9])")
_MONTHS: Final = {
    "jan": 1, "feb": 2, "fev": 2, "mar": 3, "mrz": 3, "apr": 4, "avr": 4, "may": 5, "mai": 5,
    "jun": 6, "jul": 7, "aug": 8, "aou": 8, "sep": 9, "oct": 10, "okt": 10, "nov": 11, "dec": 12,
    "dez": 12,
}  # fmt: skip
_DAY_WITH_MONTH: Final = re.compile(
    rf"(?=(?:(?<![0-9])([0-9]{{1,4}})[\s.,/_-]{{0,3}}|(?<![a-z]))({'|'.join(_MONTHS)})[a-z]{{0,8}}"
    r"[\s.,/_-]{0,3}([0-9]{1,4})(?:[\s.,/_-]{1,3}([0-9]{4}))?)"
)
_LONGEST_DAY: Final = 40  # characters that a day takes at most, written out
_STROKES: Final = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "\u0131": "i", "ŋ": "n", "ŧ": "t", "þ": "th",
     "æ": "ae", "œ": "oe", "ƀ": "b", "ɨ": "i", "ʉ": "u", "ƶ": "z"}
)  # fmt: skip
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
_IDEOGRAPHS: Final = re.compile(r"[\u3400-\u9fff]{2,}|[\u3040-\u9fff]{3,}")  # or syllables
_SCHEME: Final = re.compile(r"^(mailto|tel|https?):/*")
_NAMING_NOBODY: Final = frozenset(
    {
        "1900", "19000101", "anon", "anonym", "anonymized", "anonymised", "anonymous", "and",
        "deidentified", "for", "here", "name", "none", "not", "null", "patient", "removed", "the",
        "undefined", "unknown", "unspecified", "yes",
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
_OF_A_DAY: Final = 8  # digits
_NO_DIGITS: Final = bytes({*range(256)} - {*b"0123456789\\"})
_DUMMY_DAYS: Final = ("1900", "0000", "0001")
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
_SHORTEST_INSIDE: Final = 6
_SPECIFIC_CHARACTER_SET: Final = 0x00080005
_LATIN_SETS: Final = frozenset({"", "ISO_IR 6", "ISO_IR 100", "ISO 2022 IR 6"})
_DELIMITERS_OF_TEXT: Final = {ord(character) for character in "\r\n\t\f\\^="}
_CONTENT_SEQUENCE, _CONCEPT_NAME = 0x0040A730, 0x0040A043
_CODE_MEANING, _TEXT_VALUE = 0x00080104, 0x0040A160
_NAMING_AN_IDENTIFIER: Final = re.compile(
    rb"accession number|(placer|filler) number|(person|subject|patient) id(entifier)?|login name"
    rb"|(specimen|prescription) identifier"
)
_FEW: Final = 256
_FEW_PARTS: Final = 9
_COMMON: Final = 24  # characters with which the UIDs of one device or study often begin
_DOTS_OF_A_UID: Final = 3
_OF_UIDS: Final = b"0123456789.\\ \x00"


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


@dataclass(repr=False)
class _Identifiers:
    """What identifies, without case and accents, in every form in which it is looked for."""

    encodings: tuple[tuple[str, ...], ...] = ()  # in which the original's texts may be
    is_latin: bool = True
    words: dict[str, str] = field(default_factory=dict)  # all by kind
    inside: dict[str, str] = field(default_factory=dict)  # those looked for in longer words
    phrases: dict[str, dict[str, str]] = field(default_factory=dict)  # by their first words
    needles: set[str] = field(default_factory=set)  # one of which every word or phrase has
    in_bytes: dict[str, str] = field(default_factory=dict)  # those looked for in binary values
    uids: set[str] = field(default_factory=set)
    days: set[str] = field(default_factory=set)
    moved: set[str] = field(default_factory=set)  # what the days become, as values of dates
    times: set[str] = field(default_factory=set)  # of the day, which may stand where words do
    pending: list[Callable[[_Identifiers], None]] = field(default_factory=list)
    is_ascii: bool = True  # all of it as it was written, without a shift to another set

    @cached_property
    def long(self) -> dict[bytes, dict[bytes, str]]:
        """What is looked for in binary values as bytes, by its first bytes."""
        found: dict[bytes, dict[bytes, str]] = {}
        for word, kind in self.in_bytes.items():
            for form in _as_bytes(word):
                needle = form.lower()
                if len(needle) >= _SHORTEST_IN_BINARY:
                    found.setdefault(needle[:_SHORTEST_IN_BINARY], {})[needle] = kind
        return found

    @cached_property
    def years(self) -> re.Pattern[str] | None:
        """Finds the years of the days, None when there is no day."""
        years = {day[:4] for day in self.days}
        return re.compile("|".join(years)) if years else None

    def complete(self) -> None:
        """Collect words and phrases, which are looked for only where a needle is."""
        for collect in self.pending:
            collect(self)
        self.pending.clear()
        for time in self.times:
            self.words.pop(time, None)


def residue(
    header: Header,
    segments: Iterable[bytes | Extent],
    retained: Retained = NOTHING_RETAINED,
) -> tuple[str, ...]:
    """Kinds of identifying values of the original that the written bytes still hold, sorted.

    What is retained on purpose is no finding; everything else is.
    """
    identifiers = _collected(header, retained)
    sieve = _Sieve(identifiers)
    runs = tuple(_runs(segments))
    joined = b"\n".join(run for _, run in runs)
    has_needles = sieve.narrow(joined)
    if not has_needles and sieve.tells_of_all(joined):
        return ()
    found: set[str] = set()
    seen: set[tuple[int, str, bytes]] = set()  # frames repeat what their items say
    for each in _values(header, runs):
        if each not in seen:
            seen.add(each)
            _, vr, value = each
            if not sieve.tells_of(vr, value) or (has_needles and sieve.has_needles(value)):
                identifiers.complete()
                found |= _findings(*each, identifiers)
    return tuple(sorted(found))


class _Sieve:
    """Tells without a look at words and patterns that bytes hold no identifier.

    Whatever is found has a needle or a day's digits in it, as long as all is ASCII: then the bytes
    are the text. Of other bytes nothing is told but by a look.
    """

    def __init__(self, known: _Identifiers) -> None:
        needles = {*known.needles, *(uid[:_COMMON] for uid in known.uids)}
        self._is_of_use = len(needles) <= _FEW
        self._needles = [needle.encode("ascii") for needle in needles if needle.isascii()]
        self._days = _by_year(known.days)
        self._is_ascii = known.is_ascii
        self._is_latin = known.is_latin

    def tells_of_all(self, data: bytes) -> bool:
        """Whether all values, with what stands between them, need no look without a needle."""
        is_told = self._is_of_use and self._is_latin and self._is_ascii
        return is_told and not _MAYBE_NOT_ASCII_TEXT.search(data)

    def tells_of(self, vr: str, value: bytes) -> bool:
        """Whether a value needs no look without a needle."""
        if vr in _BINARY_VRS:
            return self._is_of_use and self._is_ascii
        return self._is_of_use and value.isascii() and b"\x1b" not in value

    def narrow(self, data: bytes) -> bool:
        """Whether something is there that an identifier has; only its parts are then told of."""
        if not self._is_of_use:
            return True
        folded = _folded(data)
        self._needles = [needle for needle in self._needles if needle in folded]
        self._days = {year: days for year, days in self._days.items() if year in folded}
        return self._is_in(folded)

    def has_needles(self, data: bytes) -> bool:
        """Whether something is there that an identifier has."""
        return self._is_in(_folded(data))

    def _is_in(self, folded: bytes) -> bool:
        if any(map(folded.__contains__, self._needles)):
            return True
        written = [year for year in self._days if year in folded]
        return bool(written) and any(
            _is_written_out(year, folded) or _has_digits_of(self._days[year], folded)
            for year in written
        )


def _by_year(days: Iterable[str]) -> dict[bytes, list[str]]:
    found: dict[bytes, list[str]] = {}
    for day in days:
        found.setdefault(day[:4].encode("ascii"), []).append(day)
    return found


def _folded(data: bytes) -> bytes:
    """Without case and accents; of two bytes a character, the one that ASCII has."""
    return data.translate(_LATIN, b"\x00")


# A shift to another set; letters of full width; or beside ASCII letters, two or one on either side,
# one of UTF-8, or one of Latin-1 that without strokes is two. To start with a set makes it fast.
_MAYBE_NOT_ASCII_TEXT: Final = re.compile(
    rb"[\xc2-\xf4\xfe\x1b](?:(?<=\x1b)[$-.]|(?<=\xef)[\xbc\xbd][\x80-\xbf]"
    rb"|(?<=[A-Za-z][A-Za-z][\xc6\xde\xdf\xe6\xfe])(?!\xff)"
    rb"|(?<=[\xc6\xde\xdf\xe6\xfe])(?:[A-Za-z]|(?<=[A-Za-z][\xc6\xde\xdf\xe6\xfe]))[A-Za-z]"
    rb"|(?<=[\xc2-\xf4])[\x80-\xbf](?:(?<=[A-Za-z][A-Za-z][\xc2-\xf4][\x80-\xbf])"
    rb"|(?:[A-Za-z]|(?<=[A-Za-z][\xc2-\xf4][\x80-\xbf]))[A-Za-z]))",
)


def _is_written_out(year: bytes, data: bytes) -> bool:
    """Whether a year has letters or separators of dates beside it."""
    at = data.find(year)
    while at >= 0:
        if not _BESIDE_A_YEAR.isdisjoint((data[at - 1], data[min(at + 4, len(data) - 1)])):
            return True
        at = data.find(year, at + 4)
    return False


def _has_digits_of(days: Iterable[str], data: bytes) -> bool:
    forms = (form for day in days for form in (day, _last(day, 6, 4), _last(day, 4, 6)))
    return any(form.encode("ascii") in data for form in forms)


_OF_A_TIME: Final = 6  # digits
_BESIDE_A_YEAR: Final = frozenset(b"-./ :_,abcdefghijklmnopqrstuvwxyz")


def _last(day: str, first: int, second: int) -> str:
    """The day with its year last."""
    return day[first : first + 2] + day[second : second + 2] + day[:4]


def _lowered(code: int) -> int:
    character = chr(code)
    plain = unicodedata.normalize("NFKD", character)[0].lower().translate(_STROKES)
    return ord(plain) if character.isalpha() and plain.isascii() and len(plain) == 1 else code


_LATIN: Final = bytes(map(_lowered, range(256)))  # letters without case and accents


def _collected(header: Header, retained: Retained) -> _Identifiers:
    leaves = list[tuple[tuple[int, ...], RawElement]]()
    _gather((*header.file_meta, *header.dataset, *header.trailing), (), leaves)
    sets = {
        (element.value or b"").decode("latin-1")
        for _, element in leaves
        if element.tag == _SPECIFIC_CHARACTER_SET
    }
    encodings = tuple(found for found in map(_encodings, sets) if found)
    is_latin = all(term.strip(" \x00") in _LATIN_SETS for each in sets for term in each.split("\\"))
    found, kept = (_Identifiers(encodings, is_latin) for _ in range(2))
    together = defaultdict[tuple[_Collector, bool], list[bytes]](list)
    for collect, value, is_kept in _distinct(leaves, retained):
        if collect in _OF_ALL_VALUES:
            together[collect, is_kept].append(value)
        elif not is_kept:
            collect(value, found)
    for (collect, is_kept), values in together.items():
        collect(b"\\".join(values), kept if is_kept else found)
    # What is kept in one place tells no more in another: a UID, or the time of day in an id.
    found.uids -= kept.uids
    if retained.moved_by or retained.full_dates:
        found.times.update(_times_of_day(header.dataset))
    if retained.moved_by:
        found.moved = {_moved(day, retained.moved_by) for day in found.days}
    return found


def _distinct(
    leaves: Iterable[tuple[tuple[int, ...], RawElement]], retained: Retained
) -> Iterator[tuple[_Collector, bytes, bool]]:
    """How to collect from each value, the value, and whether it is kept; frames repeat items."""
    seen = set[tuple[int, bytes, bool]]()
    retains = retained is not NOTHING_RETAINED
    for path, element in leaves:
        tag, value = element.tag, (element.value or b"").strip(b" \x00")
        collect = _collect_identifier if tag == _TEXT_VALUE else _COLLECTORS[tag]
        is_kept = retains and _is_retained(path, tag, retained)
        if collect is not None and (tag, value, is_kept) not in seen:
            seen.add((tag, value, is_kept))
            yield collect, value, is_kept


def _times_of_day(elements: Iterable[RawElement]) -> Iterator[str]:
    """Yield the hours, minutes and seconds of the data set's own times."""
    for element in elements:
        if _dictionary(element.tag)[0] == "TM" and element.value:
            yield element.value[:_OF_A_TIME].decode("latin-1")


def _gather(
    elements: Iterable[RawElement],
    path: tuple[int, ...],
    leaves: list[tuple[tuple[int, ...], RawElement]],
) -> None:
    """Take up what identifies, and what says in which characters it is written."""
    collectors, nothing = _COLLECTORS, _COLLECTORS.telling_nothing
    for element in elements:
        tag = element.tag
        if element.items:
            below = (*path, tag)
            for item in element.items:
                _gather(item.elements, below, leaves)
                if tag == _CONTENT_SEQUENCE and _names_an_identifier(item.elements):
                    text = (each for each in item.elements if each.tag == _TEXT_VALUE)
                    leaves.extend((below, each) for each in text)
        elif tag in nothing:
            continue
        elif element.value and (tag == _SPECIFIC_CHARACTER_SET or collectors[tag] is not None):
            leaves.append((path, element))


def _names_an_identifier(content: Iterable[RawElement]) -> bool:
    """Whether a content item has text, and its concept is called as identifiers are."""
    concepts = [each for each in content if each.tag == _CONCEPT_NAME]
    return any(
        inner.tag == _CODE_MEANING and _NAMING_AN_IDENTIFIER.search((inner.value or b"").lower())
        for concept in concepts
        for code in concept.items or ()
        for inner in code.elements
    )


def _encodings(character_set: str) -> tuple[str, ...]:
    """Python's names of the encodings, () when the character set is not known."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return tuple(convert_encodings(character_set.strip(" \x00").split("\\")))
        except LookupError:
            return ()


def _is_retained(path: tuple[int, ...], tag: int, retained: Retained) -> bool:
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


def _moved(day: str, days: int) -> str:
    try:
        moved = date(int(day[:4]), int(day[4:6]), int(day[6:])) + timedelta(days=days)
    except (ValueError, OverflowError):
        return day
    return f"{moved.year:04}{moved.month:02}{moved.day:02}"


@cache
def _dictionary(tag: int) -> tuple[str, str]:
    try:
        return dictionary_VR(tag), dictionary_keyword(tag)
    except KeyError:
        return "", ""


_Collector: TypeAlias = Callable[[bytes, _Identifiers], None]


class _Collectors(dict[int, _Collector | None]):
    """How an attribute's values identify, None when they do not, by its tag."""

    def __init__(self) -> None:
        super().__init__()
        self.telling_nothing = set[int]()  # tags of most elements, to be passed over at once

    def __missing__(self, tag: int) -> _Collector | None:
        collector = _collector(tag)
        if len(self) < _MOST_TAGS:
            self[tag] = collector
            if collector is None and tag != _SPECIFIC_CHARACTER_SET:
                self.telling_nothing.add(tag)
        return collector


_COLLECTORS: Final = _Collectors()
_MOST_TAGS: Final = 8_192


def _collector(tag: int) -> _Collector | None:
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


def _collect_days(values: bytes, into: _Identifiers) -> None:
    digits = values.translate(None, _NO_DIGITS).decode("ascii").split("\\")
    days = {day[:_OF_A_DAY] for day in digits if len(day) >= _OF_A_DAY}
    into.days |= {day for day in days if not day.startswith(_DUMMY_DAYS)}


def _collect_name(value: bytes, into: _Identifiers) -> None:
    for text in _identifying_texts(value, into):
        into.needles |= _needles_of_name(text)
        into.pending.append(partial(_collect_name_wholly, text))


def _needles_of_name(text: str) -> set[str]:
    """Words one of which is in every form of the name."""
    words = _WORD.findall(_plain(text))
    telling = {*filter(_tells, words)}
    if text.isascii() and sum(word not in telling for word in words) <= 1:
        return telling  # one word that does not tell makes no form of its own
    found = _Identifiers()
    _collect_name_wholly(text, found)
    return found.needles


def _collect_name_wholly(text: str, into: _Identifiers) -> None:
    _collect_long(text, "person-name", into)
    for form in {text, text.translate(_UMLAUTS)}:
        for name in form.split("\\"):
            _collect_words(_plain(name), into)


def _collect_words(name: str, into: _Identifiers) -> None:
    """The words of a name, alone and run together as far as people and devices do so."""
    parts = [group.split("^") for group in name.split("=")]
    closed = {"".join(_WORD.findall(part)) for group in parts for part in group[:2]}
    marks = re.sub(r"['`\u2019\u00b4\u02b9\u02bc]", "", name)
    single = {word for word in _WORD.findall(name) if _tells(word)}
    words = {*single, *_WORD.findall(marks), *closed}
    if len(closed) < _FEW_PARTS:
        pairs = tuple(permutations(closed, 2))
        words.update(one + other for one, other in pairs)
        for one, other in pairs:
            if not (_tells(one) or _tells(other)) and _tells(one + other):
                into.phrases.setdefault(one, {})[f"{one} {other}"] = "person-name"
                into.needles.add(max(one, other, key=len))
    into.needles |= single
    for word in filter(_tells, words):
        into.words[word] = "person-name"
        if not any(part in word for part in single):
            into.needles.add(word)
        if len(word) >= _SHORTEST_INSIDE or _IDEOGRAPHS.fullmatch(word):
            into.inside[word] = "person-name"


def _collect_uids(values: bytes, into: _Identifiers) -> None:
    uids = {uid.strip(" \x00") for uid in values.decode("latin-1").split("\\")}
    into.uids |= uids.difference(UID_dictionary, {""})


_OF_ALL_VALUES: Final = frozenset({_collect_days, _collect_uids})  # at once: there are many


def _collect_identifier(value: bytes, into: _Identifiers) -> None:
    for text in _identifying_texts(value, into):
        for single in re.split(r"[\\\r\n]", text):
            words = _WORD.findall(_SCHEME.sub("", _plain(single)))
            if words and _tells("".join(words)):
                numbers = re.findall(r"\d{6,}", " ".join(words))
                into.needles.update(numbers, (max(words, key=len),))
                into.pending.append(partial(_collect_single, single, words, numbers))


def _collect_single(written: str, words: list[str], numbers: list[str], into: _Identifiers) -> None:
    joined = "".join(words)
    _collect_long(written, "identifier", into)
    into.words.update((number, "identifier") for number in numbers if _tells(number))
    into.words[joined] = "identifier"
    if len(words) > 1:
        into.phrases.setdefault(words[0], {})[" ".join(words)] = "identifier"
    elif len(joined) >= _SHORTEST_INSIDE and not joined.isalpha() and not joined.isdigit():
        into.inside[joined] = "identifier"


def _collect_long(text: str, kind: str, into: _Identifiers) -> None:
    """Words of names and whole identifiers, as binary values may have them."""
    words = _WORD.findall(text) if kind == "person-name" else (text,)
    into.in_bytes.update(
        (form, kind) for word in words for form in (word, _plain(word)) if _tells(form)
    )


def _as_bytes(word: str) -> set[bytes]:
    """In UTF-8, UTF-16 and Latin-1; zeros between ASCII letters are left out where it matters."""
    if word.isascii():
        return {word.encode("ascii")}
    forms = {word.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")}
    return forms | {word.encode("latin-1", "ignore")}


def _identifying_texts(value: bytes, into: _Identifiers) -> set[str]:
    into.is_ascii = into.is_ascii and value.isascii() and b"\x1b" not in value
    return _texts(value, into.encodings)


def _texts(value: bytes, encodings: Iterable[tuple[str, ...]]) -> set[str]:
    """The value in the object's encodings, and in those into which text is most often rewritten."""
    if b"\x00" in value:  # between words, or of two bytes a character
        return _texts(value.replace(b"\x00", b" "), encodings) | _texts(
            value.replace(b"\x00", b""), encodings
        )
    if value.isascii() and b"\x1b" not in value:
        return {value.decode("ascii")}
    texts = {value.decode("latin-1")}
    for encoding in (*encodings, ("utf-8",)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                texts.add(decode_bytes(value, encoding, _DELIMITERS_OF_TEXT))
            except (UnicodeError, LookupError):
                continue
    return texts


def _plain(text: str) -> str:
    """Without case, accents and strokes."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    letters = "".join(c for c in decomposed if not unicodedata.category(c).startswith("M"))
    return letters.casefold().translate(_STROKES)


def _tells(word: str) -> bool:
    if word in _NAMING_NOBODY or not word.strip("0"):
        return False
    if not word.isascii():
        return len(word) > 1
    return len(word) > 3 if word.isdigit() else len(word) > 2  # noqa: PLR2004 - see the module


def _findings(tag: int, vr: str, value: bytes, known: _Identifiers) -> set[str]:
    if vr == "UI" and not value.translate(None, _OF_UIDS):
        uids = _UID.findall(value.decode("latin-1"))
        return {"uid"} if not known.uids.isdisjoint(uids) else set()
    if vr in _BINARY_VRS:
        return _findings_in_binary(value.lower(), known)
    found = set[str]()
    for text in _texts(value, known.encodings):
        plain = _plain(text)
        if vr in {"DS", "IS"}:
            found |= _findings_in_words(_WHOLE_NUMBER.findall(plain), known)
        else:
            found |= _findings_in_text(tag, vr, plain, known)
        found |= _findings_of_patterns(vr, plain, known)
    return found


def _findings_in_words(words: Iterable[str], known: _Identifiers) -> set[str]:
    return {known.words[word] for word in words if word in known.words}


def _findings_in_text(tag: int, vr: str, text: str, known: _Identifiers) -> set[str]:
    words = _WORD.findall(text)
    parts = _PART.findall(text)
    inside = {kind for word, kind in known.inside.items() if word in text}
    if vr == "CS" or tag in _EQUIPMENT:
        words, parts = ([w for w in each if not w.isalpha()] for each in (words, parts))
        inside = set()
    found = _findings_in_words((*words, *parts), known) | inside
    joined = f" {' '.join(words)} "
    for first in known.phrases.keys() & words:
        phrases = known.phrases[first].items()
        found |= {kind for phrase, kind in phrases if f" {phrase} " in joined}
    return found


def _findings_of_patterns(vr: str, text: str, known: _Identifiers) -> set[str]:
    if not _LIKE_A_DAY.search(text) and text.count(".") < _DOTS_OF_A_UID:
        return set()
    if vr in {"DA", "DT"}:
        days = {*_DAY.findall(text)} & (known.days - known.moved)
    else:
        near = tuple(_near_years(text, known.years))
        written = (day for part in near for day in (*_DAY.findall(part), *_written_days(part)))
        days = known.days.intersection(written)
    found = {"date"} if days else set()
    return found | ({"uid"} if not known.uids.isdisjoint(_UID.findall(text)) else set())


def _near_years(text: str, years: re.Pattern[str] | None) -> Iterator[str]:
    """The parts of a text in which a day of these years can be: of numbers, few have any."""
    start = end = 0
    for year in years.finditer(text) if years else ():
        if year.start() - _LONGEST_DAY > end:
            yield text[start:end]
            start = year.start() - _LONGEST_DAY
        end = year.end() + _LONGEST_DAY
    yield text[start:end]


def _written_days(text: str) -> Iterator[str]:
    """Days as people write them: numbers in the usual orders, and with the names of months."""
    for first, second, third in (*_DAY_OF_NUMBERS.findall(text), *_DAY_OF_DIGITS.findall(text)):
        if len(first) > len(third):
            yield f"{first}{second:0>2}{third:0>2}"
        else:
            yield from (f"{third}{second:0>2}{first:0>2}", f"{third}{first:0>2}{second:0>2}")
    for before, name, after, year in _DAY_WITH_MONTH.findall(text):
        month = f"{_MONTHS[name]:02}"
        yield from (f"{year}{month}{after:0>2}", f"{after}{month}{before:0>2}")
        yield f"{before}{month}{after:0>2}"


def _findings_in_binary(value: bytes, known: _Identifiers) -> set[str]:
    """What bytes hold, of one byte or two a character."""
    found = set[str]()
    for written in {value, value.replace(b"\x00", b"")}:
        found |= _findings_of_patterns("UN", written.decode("latin-1"), known)
        for needles in _candidates(written, known):
            found |= {kind for needle, kind in needles.items() if needle in written}
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


class _Headers(dict[bytes, tuple[int, str, int, int | None]]):
    """Eight bytes of a header -> tag, VR, bytes of the header, length or None if it follows.

    A delimiter, or an item's header, has no VR and encloses what is after it, as a sequence does.
    """

    def __init__(self, explicit: bool, little: bool) -> None:  # noqa: FBT001 - of this module
        super().__init__()
        self._explicit = explicit
        mark = "<" if little else ">"
        self._tag, self._short, self._long = (Struct(mark + each) for each in ("HH", "H", "L"))

    def __missing__(self, data: bytes) -> tuple[int, str, int, int | None]:
        if len(self) >= _MOST_HEADERS:
            self.clear()
        self[data] = header = self._header(data)
        return header

    def _header(self, data: bytes) -> tuple[int, str, int, int | None]:
        group, number = self._tag.unpack_from(data)
        tag = group << 16 | number
        if group == _DELIMITERS:
            return tag, "", 8, _UNDEFINED
        if not self._explicit:
            vr = _dictionary(tag)[0].split(" or ")[0]
            return tag, vr, 8, self._long.unpack_from(data, 4)[0]
        code = data[4:6]
        vr = code.decode("latin-1")
        if code in _LONG_VRS:
            return tag, vr, 12, None
        return tag, vr, 8, self._short.unpack_from(data, 6)[0]


_HEADERS: Final = {each: _Headers(*each) for each in product((True, False), repeat=2)}
_MOST_HEADERS: Final = 8_192


class _Walk:
    """The leaves of a run of elements, flat: an item's header is stepped over, not entered."""

    def __init__(self, explicit: bool, little: bool) -> None:  # noqa: FBT001 - of this module
        self._headers = _HEADERS[explicit, little]
        self._order: Literal["little", "big"] = "little" if little else "big"

    def values(self, data: bytes) -> Iterator[tuple[int, str, bytes]]:
        """Tag, VR and value of every leaf up to the end or to a value that is elsewhere."""
        position, end, headers = 0, len(data), self._headers
        while position + 8 <= end:
            tag, vr, size, length = headers[data[position : position + 8]]
            position += size
            if length is None:
                length = int.from_bytes(data[position - 4 : position], self._order)
            if vr == "SQ" or length == _UNDEFINED:
                continue
            stop = position + length
            if stop > end:
                return
            yield tag, vr, data[position:stop]
            position = stop
