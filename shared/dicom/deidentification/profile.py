"""A profile: the Basic Profile, the options that go with it, and ordered overrides; a value.

`Profile.from_data` takes what a YAML or JSON file says, and tells every problem of it at once, by
place and never by value:

    options: [retain-longitudinal-temporal-information-modified-dates, "113105"]
    overrides:
      - {keyword: PatientSex, action: keep}
      - {tag: 60xxxxxx, action: remove}
      - {vr: UR, action: empty}
      - {path: RequestAttributesSequence.ScheduledProcedureStepID, action: hash}
      - {private_creator: SIEMENS CSA HEADER, tag: 0029xx10, action: keep}
      - {keyword: InstitutionName, action: replace, value: Trial Site}

Of the overrides that match an attribute the last one holds. They say nothing of File Meta
Information, of pixel data and of the attributes that tell what was done.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from pydicom.datadict import dictionary_VR, tag_for_keyword

from shared.dicom.deidentification.healthcare import is_tag_config, translated
from shared.dicom.deidentification.options import CODES, Option
from shared.dicom.deidentification.table import tables_digest
from shared.dicom.vrs import LONG_VRS, SHORT_VRS
from shared.errors import SettingsError

BASE: Final = "basic"
_PATTERN: Final = re.compile(r"[0-9a-fx]{8}")
_KEYS: Final = frozenset({"base", "options", "overrides", "description"})
_MATCHING: Final = ("tag", "keyword", "vr", "path")
_OVERRIDE_KEYS: Final = frozenset({*_MATCHING, "private_creator", "action", "value"})
_DATES: Final = frozenset({Option.RETAIN_FULL_DATES, Option.RETAIN_MODIFIED_DATES})
_OPTION_NAMES: Final = {name: option for option in Option for name in (option, CODES[option][0])}
_DIGEST_DIGITS: Final = 16
_LONGEST_CONSTANT: Final = 64  # an LO; a longer text is no constant


class ProfileError(SettingsError):
    """A profile cannot be used; `problems` names places of it and never values."""


class Treatment(StrEnum):
    """What an override does with an attribute."""

    KEEP = "keep"
    REMOVE = "remove"
    EMPTY = "empty"
    DUMMY = "dummy"
    UID = "uid"
    HASH = "hash"
    CLEAN = "clean"
    DATE_SHIFT = "date-shift"
    REPLACE = "replace"


_FOR_VRS: Final = {
    Treatment.UID: frozenset({"UI"}),
    Treatment.HASH: frozenset({"LO", "SH", "PN", "LT", "ST", "UC", "UT", "AE"}),
    Treatment.DATE_SHIFT: frozenset({"DA", "DT", "TM"}),
    Treatment.REPLACE: frozenset(
        {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UT"}
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What is done with the attributes that it matches, by exactly one of the four ways."""

    treatment: Treatment
    tag: str = ""  # eight hexadecimal digits, x where any digit matches
    vr: str = ""
    path: tuple[int, ...] = ()  # from the data set down, item numbers left out
    private_creator: str = ""  # with a tag, whose digits 5 and 6 are the block's
    value: str = ""  # for REPLACE

    def matches(self, tag: int, vr: str, path: tuple[int, ...] | None) -> bool:
        """Whether it holds for a standard attribute at a path, None where no override looks."""
        if self.private_creator:
            return False
        if self.path:
            return path is not None and self.path == (*path, tag)
        return self.vr == vr if self.vr else matches_tag(self.tag, tag)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The Basic Application Confidentiality Profile with options and overrides."""

    name: str
    options: frozenset[Option] = frozenset()
    overrides: tuple[Override, ...] = ()

    @property
    def digest(self) -> str:
        """What it does, whatever it is called: 16 hexadecimal digits that anybody may know.

        Made of the base, the options, the overrides in their order, and the tables at hand.
        """
        return _digest(self)

    @classmethod
    def from_data(cls, name: str, data: object) -> Profile:
        """The profile that a mapping describes, in its own words or as a `DicomTagConfig`.

        Raises:
            ProfileError: it has problems, all of which are listed.
        """
        problems: list[str] = []
        if is_tag_config(data):
            data = translated(data, problems)
        profile = _Parser(problems).profile(name, data)
        if problems:
            raise ProfileError("profile-invalid", problems)
        return profile


BASIC: Final = Profile(name=BASE)


@lru_cache(maxsize=64)
def _digest(profile: Profile) -> str:
    options, overrides = sorted(profile.options), [asdict(each) for each in profile.overrides]
    content = json.dumps([BASE, options, overrides]).encode()
    return sha256(tables_digest() + content).hexdigest()[:_DIGEST_DIGITS]


def profiles_of(data: object) -> dict[str, Profile]:
    """The profiles of a deployment by name, from a mapping of what describes each.

    Raises:
        ProfileError: they have problems, all of which are listed.
    """
    problems: list[str] = []
    found: dict[str, Profile] = {}
    named = data if isinstance(data, Mapping) and data else {}
    if not named:
        problems.append("names no profile")
    for name, described in named.items():
        try:
            found[name] = Profile.from_data(name, described)
        except ProfileError as error:
            problems += (f"{name}: {problem}" for problem in error.problems)
    if problems:
        raise ProfileError("profiles-invalid", problems)
    return found


def matches_tag(pattern: str, tag: int) -> bool:
    """Whether a tag has the digits of a pattern."""
    return all(asked in {"x", digit} for asked, digit in zip(pattern, f"{tag:08x}", strict=True))


@dataclass(slots=True)
class _Parser:
    """Collects what is wrong, and goes on."""

    problems: list[str] = field(default_factory=list)

    def profile(self, name: str, data: object) -> Profile:
        known = self._mapping(data, "profile", _KEYS)
        if known.get("base", BASE) != BASE:
            self.problems.append("base: the only base is the Basic Profile")
        return Profile(
            name=name,
            options=self._options(self._list(known, "options")),
            overrides=tuple(
                override
                for number, each in enumerate(self._list(known, "overrides"))
                if (override := self._override(each, f"overrides[{number}]")) is not None
            ),
        )

    def _mapping(self, data: object, place: str, keys: frozenset[str]) -> Mapping[str, Any]:
        if not isinstance(data, Mapping):
            self.problems.append(f"{place}: not a mapping")
            return {}
        if not keys.issuperset(data):
            self.problems.append(f"{place}: has a key that is none of {', '.join(sorted(keys))}")
        return {key: value for key, value in data.items() if key in keys}

    def _list(self, data: Mapping[str, Any], key: str) -> list[Any]:
        value = data.get(key) or []
        if isinstance(value, list | tuple):
            return list(value)
        self.problems.append(f"{key}: not a list")
        return []

    def _options(self, names: list[Any]) -> frozenset[Option]:
        found = [_OPTION_NAMES.get(str(name)) for name in names]
        self.problems += [
            f"options[{number}]: not an option of PS3.15 E.3 by name or by code of CID 7050"
            for number, option in enumerate(found)
            if option is None
        ]
        options = frozenset(option for option in found if option is not None)
        if options >= _DATES:
            self.problems.append("options: dates are either kept in full or modified, not both")
        return options

    def _override(self, data: object, place: str) -> Override | None:
        before = len(self.problems)
        known = self._mapping(data, place, _OVERRIDE_KEYS)
        treatment = self._treatment(known.get("action"), place)
        ways = [way for way in _MATCHING if way in known]
        if len(ways) != 1:
            self.problems.append(f"{place}: wants exactly one of {', '.join(_MATCHING)}")
        if len(self.problems) > before or treatment is None:
            return None
        override = Override(
            treatment=treatment,
            private_creator=self._creator(known, place),
            value=self._value(known, treatment, place),
            **self._match(ways[0], known[ways[0]], place),
        )
        self._check_vr(override, place)
        return override if len(self.problems) == before else None

    def _treatment(self, value: object, place: str) -> Treatment | None:
        if value in set(Treatment):
            return Treatment(str(value))
        self.problems.append(f"{place}.action: none of {', '.join(Treatment)}")
        return None

    def _match(self, way: str, value: object, place: str) -> dict[str, Any]:
        text = str(value)
        if way == "vr":
            if text not in SHORT_VRS | LONG_VRS:
                self.problems.append(f"{place}.vr: not a value representation")
            return {"vr": text}
        if way == "path":
            return {"path": self._path(text, f"{place}.path")}
        pattern = _pattern_of_keyword(text) if way == "keyword" else _pattern(text)
        if pattern is None:
            what = "not a keyword of PS3.6" if way == "keyword" else "not eight digits of a tag"
            self.problems.append(f"{place}.{way}: {what}")
        return {"tag": pattern or ""}

    def _path(self, text: str, place: str) -> tuple[int, ...]:
        patterns = [_pattern_of_keyword(part) or _pattern(part) for part in text.split(".")]
        if any(pattern is None or "x" in pattern for pattern in patterns):
            self.problems.append(f"{place}: has a part that is neither a keyword nor a tag")
            return ()
        return tuple(int(pattern or "", 16) for pattern in patterns)

    def _creator(self, data: Mapping[str, Any], place: str) -> str:
        creator = str(data.get("private_creator", ""))
        pattern = _pattern(str(data.get("tag", ""))) or ""
        is_private = pattern[3:4] in {*"13579bdf"}
        if is_private and not creator:
            self.problems.append(
                f"{place}: a private attribute is matched with its private_creator"
            )
        if creator and not (is_private and "x" not in pattern[:4] + pattern[6:]):
            self.problems.append(f"{place}: a private_creator wants a tag like 0029xx10")
        return creator

    def _value(self, data: Mapping[str, Any], treatment: Treatment, place: str) -> str:
        if ("value" in data) != (treatment is Treatment.REPLACE):
            self.problems.append(f"{place}: a value goes with replace, and with nothing else")
        value = str(data.get("value", ""))
        if not (value.isascii() and value.isprintable() and len(value) <= _LONGEST_CONSTANT):
            self.problems.append(f"{place}.value: not up to {_LONGEST_CONSTANT} ASCII characters")
        return value

    def _check_vr(self, override: Override, place: str) -> None:
        vr = override.vr or _dictionary_vr(override)
        allowed = _FOR_VRS.get(override.treatment)
        if vr and allowed is not None and vr not in allowed:
            self.problems.append(f"{place}.action: not for this value representation")


def _pattern(text: str) -> str | None:
    lowered = re.sub(r"[(), ]", "", text).lower()
    return lowered if _PATTERN.fullmatch(lowered) else None


def _pattern_of_keyword(keyword: str) -> str | None:
    tag = tag_for_keyword(keyword)
    return None if tag is None else f"{tag:08x}"


def _dictionary_vr(override: Override) -> str:
    tag = override.path[-1] if override.path else override.tag
    if isinstance(tag, str):
        if not tag or "x" in tag:
            return ""
        tag = int(tag, 16)
    try:
        return dictionary_VR(tag).split(" or ", maxsplit=1)[0]
    except KeyError:
        return ""
