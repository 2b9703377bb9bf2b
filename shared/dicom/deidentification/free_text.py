"""Free text without what identifies: the Clean Descriptors Option (PS3.15 Section E.3.5).

Taken out are the identifiers of the object (`echoes.py`), and what has the form of a date, a
telephone number, an address of mail or web, a UID, an identifying number, or a name after a title
or a label. The rest stays in its order. What then still has letters of a script in which a name
cannot be told from the words around it is not judged.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

from shared.dicom.deidentification.echoes import Echoes

_MONTH: Final = (
    r"(?:jan(?:uary|uar|vier)?|feb(?:ruary|ruar)?|f[eé]vrier|mar(?:ch|s)?|m[aä]rz?|apr(?:il)?|avril|"
    r"ma[iy]|june?|juni|juin|july?|juli|juillet|aug(?:ust)?|ao[uû]t|sep(?:t|tember|tembre)?|"
    r"o[ck]t(?:ober|obre)?|nov(?:ember|embre)?|de[cz](?:ember)?|d[eé]cembre)\.?"
)
_CAPITAL: Final = "A-Z\\u00c0-\\u00de\\u0391-\\u03a9\\u0410-\\u042f"
# After a title up to three words that begin with a capital; "DR CHEST" names no doctor.
_TITLED: Final = (
    r"\b(?:Dr|Prof|Mr|Mrs|Ms|Herr|Frau|Mme|Mlle|Monsieur|Madame|DR\.|PROF\.|MR\.|MRS\.)\.?\s+"
    rf"(?:[{_CAPITAL}][\w'.-]*\s*){{1,3}}"
)
_LABELLED: Final = (
    r"(?i:\b(?:name|patient|patientin|nom|physician|doctor|operator|technologist|"
    r"referr(?:ed|ing) by|reported by|read by|performed by|ordered by|signed by|contact|attn|mrn|"
    r"id|acc(?:ession)?|pid|ssn|dob|born|geb|case|order)\s*(?:no|nr)?\.?\s*[:=#]\s*[^\r\n,;]{1,60})"
)
_PATTERNS: Final = (
    r"(?<![\w.+-])[\w.+-]{1,64}+@[\w-]++(?:\.[\w-]++)*+",
    r"(?i:\b(?:https?|ftp|urn|mailto):\S+|\bwww\.\S+)",
    r"\b\d+(?:\.\d+){4,}\b",  # a UID
    r"(?<!\d)(?:1[89]|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{2,6})?(?!\d)",
    r"(?<!\d)\d{4}[-./ _]\d{1,2}[-./ _]\d{1,2}(?!\d)",
    r"(?<!\d)(?<!\d[.])\d{1,2}[-./_]\d{1,2}[-./_](?:\d{4}|\d{2})(?![\d.])",
    rf"(?i:(?<!\d)\d{{4}}[\s./_-]*{_MONTH}[\s./_-]*\d{{1,2}}(?!\d))",
    rf"(?i:\b\d{{1,2}}(?:st|nd|rd|th|\.)?[\s/_-]*(?:of\s+)?{_MONTH}[\s,/_-]*(?:\d{{4}}|\d{{2}})?\b)",
    rf"(?i:\b{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?(?:\s+\d{{4}})?\b)",
    rf"(?i:\b{_MONTH}[\s,-]*\d{{4}}\b)",
    r"(?<!\w)(?:\+\d|\(0|0\d|\(?\d{3}\)?[-./ ]\d{3}[-./ ])[\d ()./-]{3,}\d(?!\w)",
    _LABELLED,
    _TITLED,
)
_TOKEN: Final = re.compile(r"(?<![\w-])[\w-]++")
_LONG_NUMBER: Final = re.compile(r"\d{6}")
_JOINED_NUMBER: Final = re.compile(r"\d{5}")
_WORD: Final = re.compile(r"[^\W_]+(?:[^\w\s]?[^\W_]+)*")
_SPACES: Final = re.compile(r"[ \t]{2,}")
_EDGES: Final = " \t\r\n,;:/-_^&+"
_JUDGED_SCRIPTS: Final = ("LATIN ", "GREEK ", "CYRILLIC ")
_UNDECODED: Final = "\ufffd"
_LINES: Final = frozenset("\t\r\n\f")


def cleaned(text: str, echoes: Echoes) -> str | None:
    """The text without what identifies, empty when nothing else was in it; None: not judged."""
    text = echoes.without(text)
    if not all(_is_judged(character) for character in set(text)):
        return None
    for pattern in _compiled():
        text = pattern.sub(" ", text)
    text = _TOKEN.sub(_without_number, text)
    text = _SPACES.sub(" ", text).strip(_EDGES)
    if not _WORD.search(text):
        return ""
    return None if echoes.in_text(0, "LT", text) else text


@cache
def _compiled() -> tuple[re.Pattern[str], ...]:
    """The patterns, on first use: most profiles need none of them, and it takes long."""
    return tuple(map(re.compile, _PATTERNS))


def _without_number(token: re.Match[str]) -> str:
    """Nothing in place of an identifying number, whatever is joined to it; a measure stays."""
    word, text = token[0], token.string
    if any(character.isalpha() for character in word):
        return " " if _JOINED_NUMBER.search(word) else word
    is_measure = (
        text[token.end() : token.end() + 1] == "." or text[token.start() - 1 : token.start()] == "."
    )
    return " " if _LONG_NUMBER.search(word) and not is_measure else word


def _is_judged(character: str) -> bool:
    if character.isascii():
        return character.isprintable() or character in _LINES
    if not character.isprintable() or character == _UNDECODED:
        return False
    return not character.isalpha() or unicodedata.name(character, "").startswith(_JUDGED_SCRIPTS)
