"""Identifying values of an object, searched for in everything that is kept.

What remains after a profile by attribute is the value repeated where no rule looks: the accession
number as a procedure id, the patient's name in a label. A kept value that holds an identifier of
its own object as whole tokens is an echo. `coincidences.json` has the words that prove nothing.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations, product
from pathlib import Path
from typing import Final

from shared.dicom.deidentification.characters import (
    DEFAULT,
    Encodings,
    decoded,
    encodings_of,
    trimmed,
)
from shared.dicom.deidentification.content import CONTENT_SEQUENCES, identifying_text
from shared.dicom.deidentification.harmless import SHORTEST_BYTES, Harmless
from shared.dicom.deidentification.pseudonyms import is_standard_uid
from shared.dicom.deidentification.rules import PRIVATE_GROUP, Rules
from shared.dicom.elements import Header, RawElement

_COINCIDENCES_PATH: Final = Path(__file__).with_name("coincidences.json")
_WORD: Final = re.compile(r"[^\W_]+")
_UID: Final = re.compile(r"(?<!\d)\d++(?:\.\d++){3,}+")  # in time linear in any digits
_LIKE_A_DATE_OR_UID: Final = re.compile(r"\d{4}|\d[-./]\d")
_DATE_RUN: Final = re.compile(r"(?<!\d)(\d{8})")
_YEAR_LAST_RUN: Final = re.compile(r"(?<!\d)(\d\d)(\d\d)(\d{4})(?!\d)")
_YEAR_FIRST: Final = re.compile(r"(?<!\d)(\d{4})[-./ :_年](\d{1,2})[-./ :_月](\d{1,2})(?!\d)")
_YEAR_LAST: Final = re.compile(r"(?<!\d)(\d{1,2})[-./ :_](\d{1,2})[-./ :_](\d{4})(?!\d)")
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan", "feb fev fév", "mar mär mrz", "apr avr", "may mai", "jun", "jul",
            "aug aou aoû", "sep", "oct okt", "nov", "dec dez déc",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH: Final = rf"({'|'.join(_MONTHS)})[a-zé]{{0,8}}+"
_DAY_MONTH: Final = rf"(?<!\d)(\d{{1,2}})[\s./_-]{{0,3}}{_MONTH}[\s.,/_-]{{0,3}}(\d{{4}})"
_MONTH_DAY: Final = rf"(?<![a-zé]){_MONTH}[\s./_-]{{0,3}}(\d{{1,2}})[\s.,/_-]{{1,3}}(\d{{4}})"
_YEAR_MONTH: Final = rf"(?<!\d)(\d{{4}})[\s.,/_-]{{0,3}}{_MONTH}[\s./_-]{{0,3}}(\d{{1,2}})(?!\d)"
_SHORT_YEAR: Final = re.compile(r"(?<![\d.])(\d{1,2})([-./])(\d{1,2})\2(\d\d)(?![\d.])")
_DATE_DIGITS: Final = 8
_DUMMY_YEARS: Final = ("1900", "0000", "0001")
_PARTS: Final = re.compile(r"[^\W\d_]{4,}+|\d{6,}+")  # of a word of letters and digits
_WHOLE_NUMBER: Final = re.compile(r"[+-]?0{0,32}(\d{6,})(?:\.0*)?")
_LONG_DIGITS: Final = re.compile(r"\d{6,}")
_IDEOGRAPHS: Final = re.compile(r"[\u3400-\u9fff]{2,}|[\u3040-\u9fff]{3,}")  # or syllables
_NUL: Final = "\0"  # of what is written with two bytes a character
_VALUE_END: Final = re.compile(r"[\\\r\n]")
_SCHEME: Final = re.compile(r"(?i:mailto|tel|https?):/*")
_STROKES: Final = {
    "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "đ": "d", "ħ": "h", "\u0131": "i", "ł": "l",
    "ŋ": "n", "ø": "o", "ŧ": "t", "ƀ": "b", "ɨ": "i", "ʉ": "u", "ƶ": "z",
}  # fmt: skip
_DIGRAPHS: Final = {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"}
_SHORTEST_WORD: Final = 3
_SHORTEST_FOREIGN_WORD: Final = 2  # an ideographic name has one or two characters a part
_SHORTEST_DIGITS: Final = 4
_SHORTEST_NUMBER: Final = 6  # in a numeric value, shorter digits are measurements
_SHORTEST_INSIDE: Final = 6  # inside of longer words, shorter ones occur by chance
_MOST_WORDS: Final = 6  # of a part of a name, in all ways in which they are run together
_HEAD: Final = 2
_UID_HEAD: Final = 5  # characters with which all UIDs of a few roots begin
_ALL_BYTES: Final = bytes(range(256))
_FEW_NEEDLES: Final = 256  # up to here, searching one after the other is faster
_EQUIPMENT: Final = frozenset({0x00080070, 0x00081090, 0x00181020, 0x00189004, 0x00380101})


@dataclass(frozen=True, slots=True)
class _Coincidences:
    placeholders: frozenset[str]
    makers: frozenset[str]
    terms: frozenset[str]


@cache
def _coincidences() -> _Coincidences:
    data = json.loads(_COINCIDENCES_PATH.read_text("utf-8"))
    return _Coincidences(*(frozenset(data[name]) for name in ("placeholders", "makers", "terms")))


@dataclass(slots=True, repr=False)
class Echoes:
    """What identifies an object, in the forms in which it is searched for."""

    words: set[str] = field(default_factory=set)
    phrases: dict[str, set[str]] = field(default_factory=dict)  # by their first words
    uids: set[str] = field(default_factory=set)
    dates: set[str] = field(default_factory=set)
    harmless: Harmless = field(default_factory=Harmless)  # of the values that may be kept
    _raw: set[str] = field(default_factory=set)
    _inside: dict[str, set[str]] = field(default_factory=dict)  # long ones, by their first letters
    _judged: dict[str, bool] = field(default_factory=dict)
    _added: set[tuple[str, str]] = field(default_factory=set)
    _byte_needles: dict[bytes, list[bytes]] | None = None
    _foreign_bytes: bytes = b""  # those that none of the needles has
    _numbers: list[str] | None = None
    _uid_heads: set[bytes] | None = None

    def in_text(self, tag: int, vr: str, text: str) -> bool:
        """Whether a kept text repeats an identifier, also with NULs between its letters."""
        if _NUL in text and self.in_text(tag, vr, text.replace(_NUL, "")):
            return True
        if vr == "CS" and all(term.strip() in _coincidences().terms for term in text.split("\\")):
            return False
        if tag in _EQUIPMENT:
            words = [word for word in _words(text) if word not in _coincidences().makers]
            return self._has_words(words) or self._has_patterns(text)
        found = self._judged.get(text)
        if found is None:
            found = self._has_words(_words(text)) or self._has_patterns(text)
            self._judged[text] = found
        return found

    def told_by(self, texts: Sequence[str]) -> set[str]:
        """Parts, in small letters, of those texts of ASCII that may repeat an identifier.

        One pass for what `in_text` does with each text. More is told than that finds: also the
        first word of a phrase, and what stands inside of a word, alone.
        """
        words = set(" ".join(texts).lower().translate(_WORDS_OF_ASCII).split())
        mixed = " ".join(word for word in words if not (word.isalpha() or word.isdigit()))
        parts = words.union(_PARTS.findall(mixed))
        told = (self.words & parts) | (self.phrases.keys() & words) | self._inside_of(words)
        dated = [text for text in texts if _LIKE_A_DATE_OR_UID.search(text)]
        return told.union(text.lower() for text in dated if self._has_patterns(text))

    def without(self, text: str) -> str:
        """The text with the words and phrases that identify taken out."""
        words, spans = _words_in_place(text)
        taken = {at for at, word in enumerate(words) if self._has_words([word])}
        for at, word in enumerate(words):
            for phrase in self.phrases.get(word, ()):
                parts = phrase.split(" ")
                if words[at : at + len(parts)] == parts:
                    taken.update(range(at, at + len(parts)))
        kept, end = [], 0
        for at in sorted(taken):
            start, after = spans[at]
            kept.append(text[end:start])
            end = after
        return "".join((*kept, text[end:]))

    def has_day(self, value: str) -> bool:
        """Whether one of the days of a DA or DT identifies."""
        days = {re.sub(r"\D", "", day)[:_DATE_DIGITS] for day in value.split("\\")}
        return not (self.dates | self.words).isdisjoint(days)

    def in_number(self, text: str) -> bool:
        """Whether a value of a DS or IS is an identifier as a whole."""
        if not any(number in text for number in self._long_numbers()):
            return False
        numbers = (_WHOLE_NUMBER.fullmatch(number.strip()) for number in text.split("\\"))
        whole = {form for number in numbers if number for form in (number[0], number[1])}
        return not self.words.isdisjoint(whole) or not self.dates.isdisjoint(whole)

    def in_bytes(self, value: bytes) -> bool:
        """Whether a binary value contains a long identifier, whatever stands around it."""
        if len(value) < SHORTEST_BYTES:
            return False
        if self._has_uids(value):
            return True
        lowered, needles = value.lower(), self._needles()
        if len(needles) <= _FEW_NEEDLES:
            # Without the bytes that no needle has, there is less to search for each of them.
            rest = lowered.translate(None, self._foreign_bytes)
            found = [needle for same in needles.values() for needle in same if needle in rest]
            return any(needle in lowered for needle in found)
        windows = (lowered[at : at + SHORTEST_BYTES] for at in range(len(lowered)))
        return any(
            lowered.startswith(needle, at)
            for at, window in enumerate(windows)
            for needle in needles.get(window, ())
        )

    def _has_uids(self, value: bytes) -> bool:
        """Whether a UID is in bytes, of which few have what UIDs begin with."""
        if self._uid_heads is None:
            self._uid_heads = {uid[:_UID_HEAD].encode("ascii", "replace") for uid in self.uids}
        if not any(head in value for head in self._uid_heads):
            return False
        return not self.uids.isdisjoint(_UID.findall(value.decode("latin-1")))

    def _has_words(self, words: list[str]) -> bool:
        if not self.words.isdisjoint(words):
            return True
        if any(self._has_part(word) for word in words if not word.isdigit()):
            return True
        if self.phrases.keys().isdisjoint(words):
            return False
        first_words, joined = self.phrases.keys() & words, f" {' '.join(words)} "
        return any(f" {phrase} " in joined for word in first_words for phrase in self.phrases[word])

    def _has_part(self, word: str) -> bool:
        """Whether an identifier is run together with digits or inside of a longer word."""
        if not word.isalpha() and not self.words.isdisjoint(_PARTS.findall(word)):
            return True
        if len(word) <= _SHORTEST_INSIDE and word.isascii():
            return False
        heads = (word[at : at + _HEAD] for at in range(len(word)))
        return any(
            word.startswith(known, at)
            for at, head in enumerate(heads)
            for known in self._inside.get(head, ())
        )

    def _inside_of(self, words: set[str]) -> set[str]:
        """Those of the words that may have an identifier inside, or what they may have."""
        if len(self._inside) > _FEW_NEEDLES:
            return {*filter(self._has_part, words)}
        joined = " ".join(words)
        return {known for same in self._inside.values() for known in same if known in joined}

    def _has_patterns(self, text: str) -> bool:
        if not _LIKE_A_DATE_OR_UID.search(text):
            return False
        if self.dates and (self._has_date(text) or self._has_short_date(text)):
            return True
        return "." in text and not self.uids.isdisjoint(_UID.findall(text))

    def _has_date(self, text: str) -> bool:
        if not any(year in text for year in {date[:4] for date in self.dates}):
            return False
        dates = {*_DATE_RUN.findall(text), *_separated_dates(text)}
        return not self.dates.isdisjoint(dates)

    def _has_short_date(self, text: str) -> bool:
        short = _short_dates(text)
        return bool(short) and not short.isdisjoint(date[2:] for date in self.dates)

    def _long_numbers(self) -> list[str]:
        """The identifiers that a number can be."""
        if self._numbers is None:
            known = self.words | self.dates
            self._numbers = [w for w in known if len(w) >= _SHORTEST_NUMBER and w.isdigit()]
        return self._numbers

    def _needles(self) -> dict[bytes, list[bytes]]:
        """The long identifiers as bytes, by their first bytes."""
        if self._byte_needles is None:
            self._byte_needles = {}
            phrases = (phrase for same in self.phrases.values() for phrase in same)
            for text in {*self.words, *phrases, *self._raw, *self.dates}:
                if len(text.encode("utf-8")) >= SHORTEST_BYTES:
                    for needle in _as_bytes(text):
                        first = needle[:SHORTEST_BYTES]
                        self._byte_needles.setdefault(first, []).append(needle)
            every = (needle for same in self._byte_needles.values() for needle in same)
            self._foreign_bytes = _ALL_BYTES.translate(None, b"".join(every))
        return self._byte_needles

    def add(self, vr: str, text: str) -> None:
        """Take up an identifying value."""
        if (vr, text) in self._added:
            return
        if _NUL in text:
            self.add(vr, text.replace(_NUL, ""))
        self._added.add((vr, text))
        if vr == "PN":
            self._add_name(text)
        elif vr == "UI":
            for uid in text.split("\\"):
                if uid and not is_standard_uid(uid):
                    self.uids.add(uid)
        elif vr in {"DA", "DT"}:
            self._add_dates(text)
        else:
            for value in _VALUE_END.split(text):
                self._add_identifier(_SCHEME.sub("", value) if ":" in value else value)

    def _add_name(self, text: str) -> None:
        for name in text.split("\\"):
            groups = [[_runs(part) for part in group.split("^")] for group in name.split("=")]
            words = {word for parts in groups for runs in parts for word in runs}
            families = {word for parts in groups for word in parts[0]}
            given = {word for parts in groups for runs in parts[1:2] for word in runs} or families
            for pair in product(families, given):
                words |= {"".join(pair), "".join(pair[::-1])}
                if not any(map(_is_telling, pair)):  # as of Ng^Wu, which tell together
                    self._add_phrase(pair)
                    self._add_phrase(pair[::-1])
            self._add_words(words)
            if not name.isascii():
                self._raw.update(part for part in re.split(r"[\^= ]", name) if not part.isascii())
            for word in words:
                is_long = len(word) >= _SHORTEST_INSIDE
                if is_long or (not word.isascii() and _IDEOGRAPHS.fullmatch(word)):
                    self._add_inside(word)

    def _add_identifier(self, value: str) -> None:
        words = _words(value)
        if len(words) > 1 and self._add_phrase(words):
            self._raw.add(value.strip())
        joined = "".join(words)
        self._add_words((joined,))
        if digits := _LONG_DIGITS.findall(" ".join(words)):
            significant = (number.lstrip("0") for number in digits)
            numbers = (number for number in significant if len(number) >= _SHORTEST_NUMBER)
            self._add_words((*digits, *numbers))
        if len(joined) >= _SHORTEST_INSIDE and not joined.isalpha() and not joined.isdigit():
            self._add_inside(joined)

    def _add_phrase(self, words: Sequence[str]) -> bool:
        telling = _is_telling("".join(words))
        if telling:
            self.phrases.setdefault(words[0], set()).add(" ".join(words))
        return telling

    def _add_inside(self, word: str) -> None:
        if _is_telling(word):
            self._inside.setdefault(word[:_HEAD], set()).add(word)

    def _add_dates(self, text: str) -> None:
        for value in text.split("\\"):
            digits = re.sub(r"\D", "", value)[:_DATE_DIGITS]
            if len(digits) == _DATE_DIGITS and not digits.startswith(_DUMMY_YEARS):
                self.dates.add(digits)

    def _add_words(self, words: Iterable[str]) -> None:
        self.words.update(word for word in words if _is_telling(word))


class _Plain(dict[int, str]):
    """What becomes of each character without case, accents and strokes, as it is asked for."""

    def __missing__(self, point: int) -> str:
        decomposed = unicodedata.normalize("NFKD", chr(point))
        letters = "".join(c for c in decomposed if unicodedata.category(c)[0] != "M").casefold()
        self[point] = plain = "".join(_STROKES.get(letter, letter) for letter in letters)
        return plain


_PLAIN: Final = _Plain()
_WORDS_OF_ASCII: Final = "".join(c if c.isalnum() else " " for c in map(chr, range(128)))


def _words(text: str) -> list[str]:
    """The words without case and accents, so that Muller is found where Müller is the name."""
    return _WORD.findall(text.lower() if text.isascii() else text.translate(_PLAIN))


def _words_in_place(text: str) -> tuple[list[str], list[tuple[int, int]]]:
    """The words, and from where to where each stands in the text, its marks included."""
    letters = [character.translate(_PLAIN) for character in text]
    places = [at for at, letter in enumerate(letters) for _ in letter] + [len(text)]
    words = list(_WORD.finditer("".join(letters)))
    return [word[0] for word in words], [(places[w.start()], places[w.end()]) for w in words]


def _runs(part: str) -> set[str]:
    """The words of a part of a name, alone and with those that follow: marks are often closed up.

    A name of umlauts is also written with two letters for one.
    """
    if part.isascii():
        return _runs_of(_words(part))
    lowered = unicodedata.normalize("NFC", part).lower()
    spelt = "".join(_DIGRAPHS.get(letter, letter) for letter in lowered)
    return _runs_of(_words(part)) | _runs_of(_words(spelt))


def _runs_of(words: list[str]) -> set[str]:
    runs = set(words)
    if 1 < len(words) <= _MOST_WORDS:
        ends = combinations(range(len(words) + 1), 2)
        runs.update("".join(words[start:end]) for start, end in ends)
    return runs


def _as_bytes(text: str) -> Iterator[bytes]:
    """The text in UTF-8 and UTF-16 of either order of bytes, in small letters of ASCII.

    Of ASCII one order will do without its last byte. Other texts are also in Latin-1, if they can.
    """
    yield text.encode("utf-8").lower()
    if text.isascii():
        yield text.encode("utf-16-le").lower()[:-1]
        return
    yield from (text.encode(encoding).lower() for encoding in ("utf-16-le", "utf-16-be"))
    latin = text.encode("latin-1", "ignore")
    if len(latin) == len(text):
        yield latin.lower()


def _separated_dates(text: str) -> set[str]:
    dates = {f"{y}{m:0>2}{d:0>2}" for y, m, d in _YEAR_FIRST.findall(text)}
    for first, second, year in (*_YEAR_LAST.findall(text), *_YEAR_LAST_RUN.findall(text)):
        dates |= {f"{year}{first:0>2}{second:0>2}", f"{year}{second:0>2}{first:0>2}"}
    return dates | {f"{y}{_MONTHS[month.lower()]:02}{d:0>2}" for y, month, d in _named_dates(text)}


def _short_dates(text: str) -> set[str]:
    """Dates with two digits for the year, in all orders."""
    dates = set[str]()
    for first, _, second, third in _SHORT_YEAR.findall(text):
        dates |= {f"{third}{first:0>2}{second:0>2}", f"{third}{second:0>2}{first:0>2}"}
        dates.add(f"{first:0>2}{second:0>2}{third}")
    return dates


def _named_dates(text: str) -> Iterator[tuple[str, str, str]]:
    """Year, month's name and day."""
    day_month, month_day, year_month = _patterns_of_months()
    yield from ((year, month, day) for day, month, year in day_month.findall(text))
    yield from ((year, month, day) for month, day, year in month_day.findall(text))
    yield from year_month.findall(text)


@cache
def _patterns_of_months() -> tuple[re.Pattern[str], ...]:
    """Compiled on first use: it takes long, and few objects have a year in a text."""
    forms = (_DAY_MONTH, _MONTH_DAY, _YEAR_MONTH)
    return tuple(re.compile(form, re.IGNORECASE) for form in forms)


def _is_telling(word: str) -> bool:
    if word in _coincidences().placeholders:
        return False
    if not word.isascii():
        return len(word) >= _SHORTEST_FOREIGN_WORD
    return len(word) >= (_SHORTEST_DIGITS if word.isdigit() else _SHORTEST_WORD)


def echoes_of(header: Header, rules: Rules) -> Echoes:
    """The identifying values of the object: every one that the profile takes away, at any depth.

    Of the values that may be kept it is told which repeat none of them.
    """
    echoes = Echoes()
    for element in header.file_meta:
        if element.vr == "AE" and element.value is not None:
            echoes.add("AE", decoded(trimmed(element.value), DEFAULT))
    _collect(header.dataset, rules, encodings_of(header.dataset), echoes)
    echoes.harmless.judge(echoes)
    return echoes


def _collect(
    elements: tuple[RawElement, ...], rules: Rules, encodings: Encodings, echoes: Echoes
) -> None:
    judged, candidates = rules.judged_by_value, echoes.harmless
    for element in elements:
        tag, value = element.tag, element.value
        if element.items is not None:
            _collect_items(element, rules, encodings, echoes)
        elif value is None or tag & PRIVATE_GROUP:
            continue
        elif element.vr == judged.get(tag, ""):
            candidates[element.vr].add(value)
        elif value and (rule := rules[tag]).echoed:
            echoes.add(rule.vr, decoded(trimmed(value), encodings))


def _collect_items(
    sequence: RawElement, rules: Rules, encodings: Encodings, echoes: Echoes
) -> None:
    below, has_content = rules.below(sequence.tag), sequence.tag in CONTENT_SEQUENCES
    for item in sequence.items or ():
        inner = encodings_of(item.elements, encodings)
        _collect(item.elements, below, inner, echoes)
        if has_content:
            text = identifying_text(item, rules.book.profile.options)
            echoes.add("LO", decoded(text, inner))
