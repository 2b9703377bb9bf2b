"""`erase`: what it is told on the command line, and what it prints."""

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from infra.definition import load_pipeline
from infra.operate.cloud import Cloud
from infra.operate.erasure import INSTANCES, LEADING, Erasure, recoverable
from infra.operate.erasure_terms import Report, Request
from infra.operate.printing import print_table
from infra.operate.reidentification import facilities_of
from shared.adapters.holdings import statements
from shared.contracts.subject import Kind, Subject
from shared.dicom.deidentification.pseudonyms import PseudonymKey
from shared.dicom.keyed import MINIMUM_SECRET_BYTES
from shared.runtime.environment import Environment

TIME_TRAVEL: Final = timedelta(days=7)  # of a table, and as long again for the platform alone


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what `erase` takes."""
    parser.add_argument("--facility", required=True, help="whose patient or study it is")
    known = parser.add_mutually_exclusive_group(required=True)
    known.add_argument("--patient", default="", metavar="ID", help="by the patient id there")
    known.add_argument("--study", default="", metavar="UID", help="one study")
    parser.add_argument("--issuer", default="", help="of the patient id, where objects name one")
    parser.add_argument(
        "--key-file", required=True, action="append", help="the secret that made copies; each"
    )
    parser.add_argument("--project", required=True, help="the project that the pseudonyms are of")
    parser.add_argument("--who", required=True, help="who asks for it")
    parser.add_argument("--reason", required=True, help="why")
    parser.add_argument("--whole", action="store_true", help="also what holds others' data, too")
    parser.add_argument("--execute", action="store_true", help="remove objects; else only count")
    parser.add_argument(
        "--execute-sql", action="store_true", help="and rows; else print statements"
    )
    parser.add_argument("--report", type=Path, help="write it there, too, as JSON")


def erase(cloud: Cloud, options: argparse.Namespace) -> int:
    """Carry it out, or rehearse it; 1 when something is left to a person."""
    env = Environment(os.environ)
    erasure = Erasure(
        cloud=cloud,
        keys=_keys(options.key_file, options.project),
        request=Request(
            subject=_subject(env, options),
            who=options.who.strip(),
            reason=options.reason.strip(),
            whole=options.whole,
        ),
    )
    rows, execute = options.execute_sql, options.execute
    report = erasure.carry_out(rows=rows) if execute else erasure.rehearse()
    stays = _stays(cloud)
    _print(report, stays, executed=options.execute)
    if options.execute and not options.execute_sql:
        _print_statements(report)
    if options.report:
        _write(options, erasure, report, stays)
    return 0 if report.clean else 1


def _keys(files: Sequence[str], project: str) -> list[PseudonymKey]:
    env = Environment({f"--key-file {number}": file for number, file in enumerate(files, start=1)})
    names = [f"--key-file {number}" for number in range(1, len(files) + 1)]
    secrets = [env.secret(name, MINIMUM_SECRET_BYTES) for name in names]
    env.check()
    return [PseudonymKey(secret, project) for secret in secrets]


def _subject(env: Environment, options: argparse.Namespace) -> Subject:
    authority = facilities_of(env).authority(options.facility)
    issuer = options.issuer or authority
    if options.study:
        return Subject(kind=Kind.STUDY, facility=options.facility, value=options.study)
    return Subject(
        kind=Kind.PATIENT,
        facility=options.facility,
        value=options.patient,
        issuer=issuer,
        by_default=issuer == authority,
    )


def _stays(cloud: Cloud) -> Mapping[str, str]:
    """Return what the platform still has, and until when."""
    now = cloud.clock.now()
    retained = max(topic.retention_s for topic in load_pipeline().topics.values())
    moments = {
        **{f"bucket {stem}": now + period for stem, period in recoverable(cloud).items() if period},
        "messages of the topics, dead letters among them": now + timedelta(seconds=retained),
        "tables, by time travel": now + TIME_TRAVEL,
        "tables, for the platform's support alone": now + 2 * TIME_TRAVEL,
    }
    return {what: f"{until:%F %T} UTC" for what, until in moments.items()}


def _print(report: Report, stays: Mapping[str, str], *, executed: bool) -> None:
    done = "removed" if executed else "would be removed"
    print_table(("place", done), sorted(report.found.items()))
    if report.left:
        print_table(("to be looked at", "count"), sorted(report.left.items()))
    for upload in report.mixed:
        print(f"with others' data, too: UploadId {upload}")
    if executed:
        print_table(("can be brought back", "until"), stays.items())


def _print_statements(report: Report) -> None:
    print("Their rows stay, and so does the erasure as begun, until somebody runs:")
    # Rows of versions lead to what still stands; the next run prints theirs.
    kept = {INSTANCES} if LEADING in report.left else set()
    for selected in (each for each in report.rows if each.table not in kept):
        for statement in statements(selected):
            print(statement)


def _write(
    options: argparse.Namespace, erasure: Erasure, report: Report, stays: Mapping[str, str]
) -> None:
    state = "done" if report.done else "begun" if options.execute else "rehearsed"
    now = erasure.cloud.clock.now()
    record = erasure.request.row(now, erasure.keys[0], state, report.found)
    document = {
        **record,
        "RecordedAt": now.isoformat(),
        "Left": dict(sorted(report.left.items())),
        "Mixed": report.mixed,
        "RecoverableUntil": stays,
    }
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    options.report.write_text(text, encoding="utf-8")
