"""A receipt as JSON: every code with what it means, so that nothing needs to be looked up."""

import json
from collections.abc import Mapping
from typing import Final

from shared.contracts.advice import Advice, advice_on
from shared.contracts.outcome import MEANINGS, OutcomeKind
from shared.contracts.reasons import UPLOAD_WARNINGS
from shared.contracts.receipt import CLOSINGS, Contents, DeviceWarning, Group, Receipt
from shared.dicom.difference import MEANINGS as DIFFERENCES
from shared.dicom.difference import Difference

SCHEMA_VERSION: Final = 1
ACCEPTED: Final = frozenset(
    {OutcomeKind.ARCHIVED, OutcomeKind.DUPLICATE, OutcomeKind.CONFLICT, OutcomeKind.EXPANDED}
)

Document = Mapping[str, object]


def document(receipt: Receipt) -> Document:
    """Return what `receipt.v1.schema.json` describes: names of files, and no value of any file."""
    summary, contents = receipt.summary, receipt.contents
    return {
        "schema_version": SCHEMA_VERSION,
        "facility": summary.facility,
        "receipt_id": summary.receipt_id,
        "revision": summary.revision,
        "issued_at": receipt.issued_at.isoformat(),
        "closing": {"code": receipt.closing.value, "meaning": CLOSINGS[receipt.closing]},
        "covers_from": receipt.stretch.covers_from.isoformat(),
        "covers_to": receipt.stretch.covers_to.isoformat(),
        "opened_at": receipt.opened_at.isoformat(),
        "closed_at": receipt.closed_at.isoformat(),
        "files": contents.files,
        "bytes": contents.size,
        "accepted": files_of(contents, *ACCEPTED),
        "refused": files_of(contents, OutcomeKind.QUARANTINED),
        "ignored": files_of(contents, OutcomeKind.IGNORED),
        "undecided": contents.undecided,
        "studies": contents.studies,
        "instances": contents.instances,
        "outcomes": [_outcome(group) for group in contents.groups if group.outcome],
        "waiting": [_names(group) for group in contents.groups if not group.outcome],
        "open_studies": contents.open_studies,
        "incomplete_studies": {
            "studies": contents.incomplete_studies,
            "listed": [
                {"file": each.name, "instances": each.instances, "expected": each.expected}
                for each in contents.incomplete
            ],
        },
        "warnings": {
            "listed": [_warning(warning) for warning in contents.warnings],
            "left_out": contents.warnings_left_out,
        },
    }


def to_json(told: Document) -> bytes:
    """Return the one spelling of a receipt; a name of a file cannot turn its text around."""
    return (json.dumps(told, indent=2, ensure_ascii=True, allow_nan=False) + "\n").encode()


def files_of(contents: Contents, *kinds: OutcomeKind) -> int:
    """Return how many files had one of these outcomes."""
    return sum(group.files for group in contents.groups if group.outcome in kinds)


def advice(group: Group) -> Advice | None:
    """Return what is to be known of why files had an outcome; None where it needs no reason."""
    return advice_on(group.reason) if group.reason else None


def difference_of(group: Group) -> str | None:
    """Return in what conflicting versions differ, in words."""
    return DIFFERENCES[Difference(group.difference)] if group.difference else None


def warning_text(warning: DeviceWarning) -> str:
    """Return what a warning means; that of a release that knew others has no words here."""
    return UPLOAD_WARNINGS.get(warning.code, "")


def _outcome(group: Group) -> Document:
    why = advice(group)
    return {
        "outcome": group.outcome,
        "meaning": MEANINGS[OutcomeKind(str(group.outcome))],
        "reason": group.reason,
        "reason_meaning": why.meaning if why else None,
        "who_can_fix": why.who_can_fix if why else None,
        "what_to_do": why.what_to_do if why else None,
        "difference": group.difference,
        "difference_meaning": difference_of(group),
        **_names(group),
    }


def _names(group: Group) -> Document:
    return {
        "files": group.files,
        "names": list(group.names),
        "names_left_out": group.files - len(group.names),
    }


def _warning(warning: DeviceWarning) -> Document:
    return {
        "manufacturer": warning.manufacturer,
        "model": warning.model,
        "code": warning.code,
        "meaning": warning_text(warning),
        "files": warning.files,
    }
