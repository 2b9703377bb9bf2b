"""Scores Inlet's profiles, prints what came out, and writes the reports.

    python -m tests.score [--short]

Writes build/score/deid.json and build/score/deid.html; where a corpus is laid, so that the score
is the whole one, shared/dicom/deidentification/score.html and the figures in SCORE.md, too.
"""

from __future__ import annotations

import json
import re
import sys
import warnings
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Final

from tests.score.bases import CORPUS
from tests.score.cases import made_cases, real_cases, short_cases
from tests.score.engines import PROFILES
from tests.score.key import Case, Options
from tests.score.report import page
from tests.score.scoring import Score, percent, score

_ROOT: Final = Path(__file__).parents[2]
_BUILD: Final = _ROOT / "build" / "score"
_DOCUMENTATION: Final = _ROOT / "shared" / "dicom" / "deidentification"
_FIGURES: Final = re.compile(r"(?<=<!-- figures -->\n).*?(?=<!-- end of figures -->)", re.DOTALL)
_SHOWN: Final = 12


def cases(options: Options, *, short: bool) -> Iterator[Case]:
    """The objects of the whole score, or of the short one."""
    return short_cases(options) if short else chain(made_cases(options), real_cases(options))


def summed(scores: dict[str, Score]) -> dict[str, Any]:
    """The machine-readable result: the profiles' sums, and each profile's own figures."""
    each = {name: score.data() for name, score in scores.items()}
    actions = sum(data["actions"] for data in each.values())
    passed = sum(data["passed"] for data in each.values())
    return {
        "actions": actions,
        "passed": passed,
        "percent": percent(passed, actions),
        "leaks": sum(data["leaks"] for data in each.values()),
        "per_category": _summed_kinds(each, "per_category"),
        "per_action": _summed_kinds(each, "per_action"),
        "held": sum(data["held"]["objects"] for data in each.values()),
        "profiles": each,
    }


def _summed_kinds(each: dict[str, dict[str, Any]], name: str) -> dict[str, dict[str, Any]]:
    kinds = sorted({kind for data in each.values() for kind in data[name]})
    sums = {}
    for kind in kinds:
        rows = [data[name][kind] for data in each.values() if kind in data[name]]
        actions, passed = (sum(row[key] for row in rows) for key in ("actions", "passed"))
        sums[kind] = {"actions": actions, "passed": passed, "percent": percent(passed, actions)}
    return sums


def figures(scores: dict[str, Score]) -> str:
    """The table of SCORE.md."""
    lines = [
        "| profile | required actions | done | % | values left | held of objects |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, each in scores.items():
        data = each.data()
        lines.append(
            f"| {name} | {data['actions']:,} | {data['passed']:,} | {data['percent']} "
            f"| {data['leaks']} | {data['held']['objects']} of {data['objects']} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Score, print and write."""
    warnings.simplefilter("ignore")
    short = sys.argv[1:] == ["--short"]
    scores = {
        name: score(engine, cases(options, short=short), options)
        for name, (engine, options) in PROFILES.items()
    }
    whole = CORPUS.is_dir() and not short
    about = "Made-up objects and real files." if whole else "Made-up objects and pydicom's files."
    report = page(scores, PROFILES, about)
    _BUILD.mkdir(parents=True, exist_ok=True)
    (_BUILD / "deid.json").write_text(json.dumps(summed(scores), indent=1) + "\n", "utf-8")
    (_BUILD / "deid.html").write_text(report, "utf-8")
    if whole:
        _document(report, scores)
    _print(scores, whole=whole)


def _document(report: str, scores: dict[str, Score]) -> None:
    (_DOCUMENTATION / "score.html").write_text(report, "utf-8")
    guide = _DOCUMENTATION / "SCORE.md"
    text = _FIGURES.sub(lambda _: figures(scores), guide.read_text("utf-8"))
    guide.write_text(text, "utf-8")


def _print(scores: dict[str, Score], *, whole: bool) -> None:
    print(figures(scores))
    for name, each in scores.items():
        for (action, place), count in each.failing().most_common(_SHOWN):
            print(f"{name}: {count} x {action}, {place}")
        for place, count in list(each.data()["leaking"].items())[:_SHOWN]:
            print(f"{name}: {count} values left in {place}")
    if not whole:
        print("No corpus, or the short form: the documentation stays as it is.")


if __name__ == "__main__":
    main()
