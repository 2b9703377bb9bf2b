"""Why an object is refused: the closed set of reasons, who can act on each, and an example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Fixer(StrEnum):
    """Who can make a later delivery succeed."""

    SENDER = "the facility, by sending it again"
    EXPORTER = "the maker of the exporting software"
    OPERATOR = "the operator, by raising a limit"
    REGISTRAR = "the operator, by registering the facility"
    NOBODY = "nobody: it is not wanted here"
    NOT_NEEDED = "nobody: nothing is wrong with it"
    RETRY = "nobody: it is tried again by itself"


@dataclass(frozen=True, slots=True)
class Reason:
    """What a reason means to the people who meet it."""

    meaning: str
    who_can_fix: Fixer
    example: str


_FORMAT: Final = {
    "not-dicom": Reason(
        "The content is not a DICOM object.", Fixer.NOBODY, "a PDF report beside the images"
    ),
    "empty-object": Reason(
        "The object has no bytes.", Fixer.SENDER, "an upload that broke off at once"
    ),
    "container-not-supported": Reason(
        "The object is an archive of a kind that is not expanded.",
        Fixer.SENDER,
        "a 7z or rar file: send zip, tar, gzip or the files in it",
    ),
    "polyglot-preamble": Reason(
        "The preamble makes the object a program or a script too (PS3.10 Section 7.5).",
        Fixer.NOBODY,
        "an image that starts with MZ",
    ),
    "no-transfer-syntax": Reason(
        "How the data set is written is neither stated nor to be told.",
        Fixer.EXPORTER,
        "compressed pixel data without File Meta Information",
    ),
    "unsupported-transfer-syntax": Reason(
        "The transfer syntax does not write a data set.", Fixer.EXPORTER, "XML encoding"
    ),
    "truncated": Reason(
        "A declared length passes the end of the object.",
        Fixer.SENDER,
        "a transfer that broke off half-way",
    ),
    "pixel-data-truncated": Reason(
        "The pixel data are shorter than rows, columns and frames make them.",
        Fixer.EXPORTER,
        "three frames stated, two stored",
    ),
    "element-overruns-item": Reason(
        "An element is longer than the item it stands in.",
        Fixer.EXPORTER,
        "an item length that was not updated",
    ),
    "malformed-element": Reason(
        "Something that is not an element stands among elements.",
        Fixer.EXPORTER,
        "an item outside a sequence",
    ),
    "malformed-sequence": Reason(
        "Something that is not an item stands among items.",
        Fixer.EXPORTER,
        "a sequence whose items have no item tags",
    ),
    "malformed-fragments": Reason(
        "Encapsulated data are not a run of fragments (PS3.5 Section A.4).",
        Fixer.EXPORTER,
        "compressed frames without item tags",
    ),
    "inflate-failed": Reason(
        "The deflated data set does not inflate.", Fixer.SENDER, "a damaged transfer"
    ),
}
_LIMIT: Final = {
    "header-too-large": Reason(
        "More bytes before the pixel data than are read.", Fixer.OPERATOR, "a 40 MiB header"
    ),
    "too-many-requests": Reason(
        "The header lies scattered over more ranges than are asked for.",
        Fixer.OPERATOR,
        "five hundred values of 10 MB each before the pixel data",
    ),
    "too-many-elements": Reason(
        "More elements than are read.", Fixer.OPERATOR, "a million empty elements"
    ),
    "nesting-too-deep": Reason(
        "Sequences nest deeper than is read.", Fixer.OPERATOR, "two hundred nested items"
    ),
    "too-many-items": Reason(
        "A sequence has more items than are read.", Fixer.OPERATOR, "a million empty items"
    ),
    "too-many-private-bytes": Reason(
        "More bytes of private elements than are read.",
        Fixer.OPERATOR,
        "a thousand private values of 60 KiB",
    ),
    "inflated-too-large": Reason(
        "The deflated header inflates to more bytes than are read.",
        Fixer.OPERATOR,
        "a header of 40 MiB, deflated",
    ),
    "inflation-ratio-too-high": Reason(
        "The deflated header inflates more than headers do.",
        Fixer.OPERATOR,
        "500 KB that inflate to 500 MB",
    ),
}
_IDENTITY: Final = {
    "identity-mismatch": Reason(
        "A UID stands twice in one data set, with different values.",
        Fixer.EXPORTER,
        "two SOP Instance UIDs",
    ),
    "missing-study-instance-uid": Reason(
        "Study Instance UID (0020,000D) is missing or empty.", Fixer.EXPORTER, "a test object"
    ),
    "missing-series-instance-uid": Reason(
        "Series Instance UID (0020,000E) is missing or empty.", Fixer.EXPORTER, "a test object"
    ),
    "missing-sop-instance-uid": Reason(
        "SOP Instance UID (0008,0018) is missing or empty.", Fixer.EXPORTER, "a test object"
    ),
    "missing-sop-class-uid": Reason(
        "SOP Class UID (0008,0016) is missing or empty.", Fixer.EXPORTER, "a test object"
    ),
    "unusable-study-instance-uid": Reason(
        "Study Instance UID (0020,000D) is not made of digits and dots, or over 64 characters.",
        Fixer.EXPORTER,
        "a study number in its place",
    ),
    "unusable-series-instance-uid": Reason(
        "Series Instance UID (0020,000E) is not made of digits and dots, or over 64 characters.",
        Fixer.EXPORTER,
        "a series name in its place",
    ),
    "unusable-sop-instance-uid": Reason(
        "SOP Instance UID (0008,0018) is not made of digits and dots, or over 64 characters.",
        Fixer.EXPORTER,
        "a hash in its place",
    ),
    "unusable-sop-class-uid": Reason(
        "SOP Class UID (0008,0016) is not made of digits and dots, or over 64 characters.",
        Fixer.EXPORTER,
        "a name of the class in its place",
    ),
}

REASONS: Final[Mapping[str, Reason]] = MappingProxyType(_FORMAT | _LIMIT | _IDENTITY)

# Not the object's fault: the delivery is tried again, and no object is refused for it.
TRIED_AGAIN: Final[Mapping[str, Reason]] = MappingProxyType(
    {
        "reading-too-slow": Reason(
            "Reading took longer than allowed.",
            Fixer.RETRY,
            "a store that answers once in ten seconds",
        ),
        "short-read": Reason(
            "The store gave fewer bytes than the object has.",
            Fixer.RETRY,
            "a connection that broke off",
        ),
    }
)
