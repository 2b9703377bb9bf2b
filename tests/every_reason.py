"""A drop in which every code occurs that `ingest` may give."""

from datetime import timedelta
from typing import Any

from functions.index import rows
from shared.contracts.outcome import Finding, Outcome, OutcomeKind
from shared.contracts.reasons import UPLOAD_REASONS, UPLOAD_WARNINGS
from shared.contracts.receipt import Receipt
from shared.dicom.difference import Difference
from tests.issuing import Issuing, a_decision, a_file

FACILITY = "demo-hospital"
IGNORED = frozenset({"folder-marker", "upload-part", "dicomdir", "manifest", "resource-fork"})
NASTY = (
    'a<b>&amp;"quoted"\'.dcm',
    "\u202egnp.exe\u2066.dcm",
    "tab\tnew\nline\x1b[31m.dcm",
    "folders/" * 20 + "deep.dcm",
    "Ünïcödé/名前/файл.dcm",
    "javascript:alert(1)//</li><script>alert(1)</script>",
)
PLANTED = ("Planted^Name", "PLANTED-ID", "PLANTED-STATION", "PLANTED-SERIAL")


def every_outcome(issuing: Issuing) -> list[Outcome]:
    """One file for each reason, three of some, all differences, all warnings, ill-named files."""
    moment, number = issuing.clock.time, 0
    outcomes: list[Outcome] = []

    def add(name: str, kind: OutcomeKind, **changes: Any) -> None:
        nonlocal number
        number += 1
        last = changes.get("reason") == "manifest"
        landed = moment + timedelta(seconds=500 if last else number % 300)
        stored = a_file(f"{FACILITY}/{name}", landed, number)
        outcomes.append(a_decision(stored, kind, **changes))

    for reason in UPLOAD_REASONS:
        kind = OutcomeKind.IGNORED if reason in IGNORED else OutcomeKind.QUARANTINED
        for copy in range(30 if reason == "truncated" else 1):
            add(f"scanner/{reason}-{copy}", kind, reason=reason)
    for difference in Difference:
        add(f"again/{difference}", OutcomeKind.CONFLICT, difference=difference.value)
    for place, code in enumerate(UPLOAD_WARNINGS):
        add(
            f"warned/{code}",
            OutcomeKind.ARCHIVED,
            findings=(Finding(code=code, path=""),),
            metadata=_header("Made Up Devices", f"Model {place % 3}"),
        )
    for name in NASTY:
        add(name, OutcomeKind.QUARANTINED, reason="not-dicom")
    add("twice.dcm", OutcomeKind.DUPLICATE)
    add("all.zip", OutcomeKind.EXPANDED)
    return outcomes


def _header(manufacturer: str, model: str) -> dict[str, object]:
    values = {
        "00080070": ("LO", manufacturer),
        "00081090": ("LO", model),
        "00080060": ("CS", "CT"),
        "00100020": ("LO", PLANTED[1]),
        "00081010": ("SH", PLANTED[2]),
        "00181000": ("LO", PLANTED[3]),
    }
    plain = {tag: {"vr": vr, "Value": [value]} for tag, (vr, value) in values.items()}
    return {**plain, "00100010": {"vr": "PN", "Value": [{"Alphabetic": PLANTED[0]}]}}


def dropped(issuing: Issuing) -> Receipt:
    """Drop all of that, and a file that waits; return the receipt once it is issued."""
    outcomes = every_outcome(issuing)
    issuing.land(*(outcome.source for outcome in outcomes))
    issuing.land(a_file(f"{FACILITY}/waits.dcm", issuing.clock.time))
    issuing.decide(*outcomes)
    archived = [each for each in outcomes if each.kind is OutcomeKind.ARCHIVED]
    issuing.tables.append("imaging.instances", [rows.instance(each) for each in archived])
    declared = {
        "EventId": "study",
        "Facility": FACILITY,
        "StudyInstanceUID": "1.2.3",
        "Revision": 1,
        "Change": "completed",
        "DeclaredAt": issuing.clock.time,
        "Instances": 59,
        "ExpectedInstances": 120,
    }
    issuing.tables.append("imaging.study_changes", [declared])
    issuing.hear(["study"])
    issuing.clock.time += timedelta(hours=1)
    issuing.run()
    (receipt,) = issuing.latest()
    return receipt
