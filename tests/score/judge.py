"""Whether the required actions were done, read with pydicom from the output."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from tests.score.key import Action, Case, Check, Option, Options, Path
from tests.score.leaks import read, text_of
from tests.score.pixels import Array, first_frame, is_hidden, rest_is_kept

_STOP_WORDS: Final = frozenset({"a", "and", "at", "by", "for", "in", "of", "on", "the", "with"})
_TOKEN: Final = re.compile(r"[^\W_]+(?:[.\-@'/][^\W_]+)*")
_NUMBER: Final = re.compile(r"[+-]?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?")
_DAY: Final = re.compile(r"[0-9]{8}")
_SHORT: Final = 4
_YEAR_OF_DUMMIES: Final = 1900


def at(dataset: Dataset, path: Path) -> DataElement | None:
    """The element at the path, None where there is none.

    A sequence that pydicom reads as bytes (UN) is itself the answer: its items are in there.
    """
    *way, last = path
    for tag, number in zip(way[::2], way[1::2], strict=True):
        element = _element(dataset, tag)
        if element is None or not isinstance(element.value, Sequence):
            return element
        if len(element.value) <= number:
            return None
        dataset = element.value[number]
    return _element(dataset, last)


def _element(dataset: Dataset, tag: int) -> DataElement | None:
    if Tag(tag) not in dataset:
        return None
    try:
        return dataset[Tag(tag)]
    except (AttributeError, ValueError, TypeError):  # a value that pydicom cannot convert
        return DataElement(Tag(tag), "OB", dataset.get_item(Tag(tag)).value or b"")


def has_no_word_of(text: str, words: str) -> bool:
    """Whether none of the words is in the text, in any case of letters, even inside of words.

    Words of up to four signs count only when they stand alone.
    """
    folded = text.casefold()
    return not any(
        re.search(rf"(?<!\w){re.escape(word)}(?!\w)", folded)
        if len(word) <= _SHORT
        else word in folded
        for word in words.casefold().split()
    )


def has_all_words_of(text: str, words: str) -> bool:
    """Whether the text has every word but the stop words; numbers are compared as numbers."""
    if text == words:
        return True
    given, kept = text.split("\\"), words.split("\\")
    if len(given) == len(kept) and all(map(_NUMBER.fullmatch, (*given, *kept))):
        return [float(number) for number in given] == [float(number) for number in kept]
    folded = set(_TOKEN.findall(text.casefold()))
    return all(
        word in folded for word in _TOKEN.findall(words.casefold()) if word not in _STOP_WORDS
    )


@dataclass(slots=True)
class Pseudonyms:
    """What became of UIDs and ids over all objects; the most frequent answer is the right one."""

    _answers: dict[str, Counter[str]] = field(default_factory=dict)
    _askers: dict[str, set[str]] = field(default_factory=dict)

    def note(self, old: str, new: str) -> None:
        """Keep what one place says."""
        self._answers.setdefault(old, Counter())[new] += 1
        self._askers.setdefault(new, set()).add(old)

    def is_consistent(self, old: str, new: str) -> bool:
        """Whether a place says what most say, and no other original became the same."""
        ((most, _),) = self._answers[old].most_common(1)
        return new == most and len(self._askers[new]) == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """An output, read."""

    case: Case
    before: Dataset
    after: Dataset
    offsets: Counter[int]  # by how many days dates were shifted

    def text(self, check: Check) -> str | None:
        """The output's value, None where the attribute is gone."""
        element = at(self.after, check.path)
        if element is None:
            return None
        return (
            f"{len(element.value)} items" * bool(element.value)
            if isinstance(element.value, Sequence)
            else text_of(element.value)
        )

    def is_in_place(self, path: Path) -> bool:
        """Whether no item went from the sequences of the path: numbers mean the same items."""
        ways = [path[:end] for end in range(1, len(path), 2)]
        return all(_items(self.before, way) == _items(self.after, way) for way in ways)


def _items(dataset: Dataset, path: Path) -> int:
    element = at(dataset, path)
    is_sequence = element is not None and isinstance(element.value, Sequence)
    return len(element.value) if element is not None and is_sequence else -1


def read_output(case: Case, data: bytes) -> Read:
    """Read an output and see by how much its dates were shifted."""
    result = Read(case=case, before=read(case.data), after=read(data), offsets=Counter())
    for check in case.checks:
        if check.action is Action.DATE_SHIFTED and result.is_in_place(check.path):
            days = _shift(check.value, result.text(check))
            if days is not None:
                result.offsets[days] += 1
    return result


def _shift(before: str, after: str | None) -> int | None:
    """By how many days; None of what is no day, or is a dummy of the year 1900."""
    first, second = _date(before), _date(after or "")
    if first is None or second is None or second.year == _YEAR_OF_DUMMIES:
        return None
    return (second - first).days


def _date(text: str) -> date | None:
    found = _DAY.match(text)
    try:
        return date.fromisoformat(found[0]) if found else None
    except ValueError:
        return None


def note_pseudonyms(output: Read, known: Pseudonyms) -> None:
    """Keep what became of the output's UIDs and ids."""
    for check in output.case.checks:
        if check.action in {Action.UID_CONSISTENT, Action.PATID_CONSISTENT}:
            new = output.text(check)
            if new and output.is_in_place(check.path):
                known.note(f"{check.action} {check.value}", new)


def is_done(check: Check, output: Read, known: Pseudonyms, options: Options) -> bool:
    """Whether the required action was done."""
    return _JUDGES[check.action](check, output, known, options)


def _tag_retained(check: Check, output: Read, *_: object) -> bool:
    return output.text(check) is not None


def _text_notnull(check: Check, output: Read, *_: object) -> bool:
    return bool(output.text(check))


def _text_retained(check: Check, output: Read, *_: object) -> bool:
    return has_all_words_of(output.text(check) or "", check.value)


def _text_removed(check: Check, output: Read, *_: object) -> bool:
    element = at(output.after, check.path)
    if element is not None and isinstance(element.value, Sequence):
        words = "\n".join(str(item) for item in element.value)
        return has_no_word_of(words, check.value)
    text = output.text(check) or ""
    narrow = text.replace("\x00", "")  # of two bytes a sign, as bytes may have it
    return has_no_word_of(f"{text}\n{narrow}", check.value)


def _date_shifted(check: Check, output: Read, _: Pseudonyms, options: Options) -> bool:
    text = output.text(check) or ""
    if check.value in text:
        return False
    shift = _shift(check.value, text)
    if Option.MODIFIED_DATES not in options or shift is None or not output.is_in_place(check.path):
        return True
    ((most, _count),) = output.offsets.most_common(1) or [(0, 0)]
    return most != 0 and shift == most


def _uid_changed(check: Check, output: Read, *_: object) -> bool:
    return check.value not in (output.text(check) or "")


def _consistent(check: Check, output: Read, known: Pseudonyms, _: Options) -> bool:
    new = output.text(check)
    if not output.is_in_place(check.path):
        return True
    return not new or known.is_consistent(f"{check.action} {check.value}", new)


def _pixels_hidden(_: Check, output: Read, *__: object) -> bool:
    burned = output.case.burned
    before, after = _frames(output)
    return burned is None or before is None or after is None or is_hidden(before, after, burned)


def _pixels_retained(_: Check, output: Read, *__: object) -> bool:
    before, after = output.before.get("PixelData"), output.after.get("PixelData")
    if output.case.burned is None or before == after:
        return bool(before == after)
    first, second = _frames(output)
    if first is None or second is None:
        return False
    return rest_is_kept(first, second, output.case.burned)


def _frames(output: Read) -> tuple[Array | None, Array | None]:
    return first_frame(output.before), first_frame(output.after)


_Judge = Callable[[Check, Read, Pseudonyms, Options], bool]
_JUDGES: Final[dict[Action, _Judge]] = {
    Action.TAG_RETAINED: _tag_retained,
    Action.TEXT_NOTNULL: _text_notnull,
    Action.TEXT_RETAINED: _text_retained,
    Action.TEXT_REMOVED: _text_removed,
    Action.DATE_SHIFTED: _date_shifted,
    Action.UID_CHANGED: _uid_changed,
    Action.UID_CONSISTENT: _consistent,
    Action.PATID_CONSISTENT: _consistent,
    Action.PIXELS_HIDDEN: _pixels_hidden,
    Action.PIXELS_RETAINED: _pixels_retained,
}
