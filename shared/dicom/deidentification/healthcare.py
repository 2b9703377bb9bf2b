"""The `DicomTagConfig` of the Cloud Healthcare API (v1beta1), read as a profile of ours.

What means the same in both is translated; the rest is refused with the reason, since a profile
that does nearly what it says is worse than none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeGuard

from pydicom.datadict import dictionary_VR, tag_for_keyword

from shared.dicom.vrs import LONG_VRS, SHORT_VRS

_KEYS: Final = frozenset({"profileType", "options", "actions"})
_OPTIONS: Final = frozenset({"primaryIds", "cleanDescriptors", "cleanImage"})
_BASIC: Final = "ATTRIBUTE_CONFIDENTIALITY_BASIC_PROFILE"
_PRIMARY_IDS: Final = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
_HEX: Final = frozenset("0123456789abcdefABCDEF")
_ACTIONS: Final = {
    "keepTag": "keep",
    "removeTag": "empty",
    "deleteTag": "remove",
    "resetTag": "dummy",
    "recurseTag": "keep",
    "regenUidTag": "uid",
    "cleanTextTag": "clean",
}
_FOR_VRS: Final = {
    "recurseTag": frozenset({"SQ"}),
    "regenUidTag": frozenset({"UI"}),
    "cleanTextTag": frozenset({"AE", "LO", "LT", "PN", "SH", "ST", "UC", "UT", "DA", "DT", "AS"}),
}


def is_tag_config(data: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether a mapping speaks the vocabulary of the Healthcare API."""
    return isinstance(data, Mapping) and ("profileType" in data or "actions" in data)


def translated(config: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    """A `DicomTagConfig` as the mapping of a profile; what cannot be done exactly is a problem."""
    if not _KEYS.issuperset(config):
        problems.append("profile: has a key that is none of profileType, options, actions")
    if config.get("profileType") != _BASIC:
        problems.append(f"profileType: only {_BASIC} is a profile of PS3.15")
    options, overrides = _options(config.get("options") or {}, problems)
    overrides += list(_overrides(config.get("actions") or [], problems))
    return {"options": options, "overrides": overrides}


def _options(options: object, problems: list[str]) -> tuple[list[str], list[dict[str, str]]]:
    if not isinstance(options, Mapping) or not _OPTIONS.issuperset(options):
        problems.append(f"options: not a mapping of {', '.join(sorted(_OPTIONS))}")
        return [], []
    if "cleanImage" in options:
        problems.append("options.cleanImage: what becomes of pixels is decided by their evidence")
    if options.get("primaryIds", "REGEN") not in {"KEEP", "REGEN"}:
        problems.append("options.primaryIds: neither KEEP nor REGEN")
    kept = _PRIMARY_IDS if options.get("primaryIds") == "KEEP" else ()
    cleaned = ["clean-descriptors"] if "cleanDescriptors" in options else []
    return cleaned, [{"keyword": keyword, "action": "keep"} for keyword in kept]


def _overrides(actions: object, problems: list[str]) -> Iterator[dict[str, str]]:
    if not isinstance(actions, list):
        problems.append("actions: not a list")
        return
    chosen: dict[str, str] = {}
    for number, action in enumerate(actions):
        place = f"actions[{number}]"
        if not isinstance(action, Mapping):
            problems.append(f"{place}: not a mapping")
            continue
        treatment = _treatment(action, place, problems)
        for at, query in enumerate(action.get("queries") or []):
            spot = f"{place}.queries[{at}]"
            match = _match(str(query))
            problem = _refusal(treatment, match) or _conflict(match, treatment, chosen)
            if problem:
                problems.append(f"{spot}: {problem}")
            elif match is not None and treatment:
                yield {**match, "action": _ACTIONS[treatment]}


def _treatment(action: Mapping[str, Any], place: str, problems: list[str]) -> str:
    named = sorted(key for key in action if key != "queries")
    if len(named) == 1 and named[0] in _ACTIONS:
        return str(named[0])
    if named == ["cleanImageTag"]:
        problems.append(f"{place}.cleanImageTag: what becomes of pixels is decided by evidence")
    else:
        problems.append(f"{place}: wants exactly one of {', '.join(_ACTIONS)}")
    return ""


def _match(query: str) -> dict[str, str] | None:
    """How a query selects: by tag, by VR or by keyword; None when by none of them."""
    if query in SHORT_VRS | LONG_VRS:
        return {"vr": query}
    if len(query) == 8 and _HEX.issuperset(query):  # noqa: PLR2004 - the digits of a tag
        return {"tag": query.lower()}
    tag = tag_for_keyword(query)
    return None if tag is None else {"tag": f"{tag:08x}"}


def _refusal(treatment: str, match: dict[str, str] | None) -> str:
    if match is None:
        return "not a tag, a keyword or a value representation"
    vr = match.get("vr") or _vr(match["tag"])
    if "tag" in match and int(match["tag"][:4], 16) & 1:
        return "a private attribute is matched by its creator, not by its block"
    if treatment == "keepTag" and vr == "SQ":
        return "a sequence is never kept unseen; recurseTag keeps it and cleans its items"
    allowed = _FOR_VRS.get(treatment)
    return "" if allowed is None or vr in allowed else f"{treatment} is not for its representation"


def _conflict(match: dict[str, str] | None, treatment: str, chosen: dict[str, str]) -> str:
    """The API applies conflicting actions one after the other, which an override cannot."""
    if match is None:
        return ""
    selector = match.get("vr") or match["tag"]
    same = {selector, _vr(match["tag"])} if "tag" in match else {selector}
    others = {
        chosen[each] for each in chosen if each in same or ("vr" in match and _vr(each) == selector)
    }
    chosen[selector] = treatment
    return "another action selects the same attribute" if others - {treatment} else ""


def _vr(tag: str) -> str:
    if len(tag) != 8:  # noqa: PLR2004 - the digits of a tag
        return ""
    try:
        return dictionary_VR(int(tag, 16)).split(" or ", maxsplit=1)[0]
    except KeyError:
        return ""
