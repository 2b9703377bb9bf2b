"""The score: all cases through an engine, every check judged, every output searched."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.score.engines import Engine
from tests.score.judge import Pseudonyms, Read, is_done, note_pseudonyms, read_output
from tests.score.key import HIDING, Action, Case, Check, Options
from tests.score.leaks import character_sets, found_in

_INDEX: Final = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """Something identifying that an output still has."""

    case: str
    needle: str
    place: str  # path without items, or `bytes`, or `pixels`


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A check, and whether it was done."""

    case: str
    check: Check
    done: bool
    before: str
    after: str


@dataclass(slots=True)
class Score:
    """All that was judged of released objects, and what was held.

    Of an object that is held the checks that hide count as done; those that keep are not judged,
    and their number is told. As the benchmark counts missing files they would have failed.
    """

    judged: list[Judged] = field(default_factory=list)
    leaks: list[Leak] = field(default_factory=list)
    objects: int = 0
    held: Counter[str] = field(default_factory=Counter)  # objects by reason
    hidden_by_holding: int = 0
    not_kept_by_holding: int = 0

    def data(self) -> dict[str, Any]:
        """The machine-readable result."""
        done = sum(each.done for each in self.judged)
        actions, passed = len(self.judged), done
        with_missing = actions + self.not_kept_by_holding
        return {
            "actions": actions,
            "passed": passed,
            "percent": percent(passed, actions),
            "leaks": len(self.leaks),
            "objects": self.objects,
            "per_category": self._by("category"),
            "per_action": self._by("action"),
            "held": {
                "objects": self.held.total(),
                "reasons": dict(self.held.most_common()),
                "actions_hidden": self.hidden_by_holding,
                "actions_not_kept": self.not_kept_by_holding,
                "percent_if_missing": percent(passed, with_missing),
            },
            "failing": [
                {"action": action, "place": place, "failed": count}
                for (action, place), count in self.failing().most_common()
            ],
            "leaking": dict(Counter(leak.place for leak in self.leaks).most_common(40)),
        }

    def failing(self) -> Counter[tuple[str, str]]:
        """How often each action failed in each kind of place."""
        return Counter(
            (str(each.check.action), each.check.place) for each in self.judged if not each.done
        )

    def _by(self, name: str) -> dict[str, dict[str, Any]]:
        actions, passed = Counter[str](), Counter[str]()
        for each in self.judged:
            kind = str(getattr(each.check, name))
            actions[kind] += 1
            passed[kind] += each.done
        return {
            kind: {
                "actions": actions[kind],
                "passed": passed[kind],
                "percent": percent(passed[kind], actions[kind]),
            }
            for kind in sorted(actions)
        }


def percent(part: int, whole: int) -> float:
    """Of a hundred, to three digits; of nothing, all."""
    return round(100 * part / whole, 3) if whole else 100.0


def score(engine: Engine, cases: Iterable[Case], options: Options) -> Score:
    """Run all cases and judge what came out."""
    result, outputs, known = Score(), list[Read](), Pseudonyms()
    for case in cases:
        result.objects += 1
        made = engine(case.data)
        if made.data is None:
            _hold(result, case, made.reason)
            continue
        output = read_output(case, made.data)
        note_pseudonyms(output, known)
        _search(result, case, made.data, output)
        outputs.append(output)
    for output in outputs:
        _judge(result, output, known, options)
    return result


def _hold(result: Score, case: Case, reason: str) -> None:
    result.held[reason] += 1
    for check in case.checks:
        if check.action in HIDING:
            result.hidden_by_holding += 1
            result.judged.append(
                Judged(case=case.name, check=check, done=True, before="", after="held")
            )
        else:
            result.not_kept_by_holding += 1


def _search(result: Score, case: Case, data: bytes, output: Read) -> None:
    encodings = character_sets(output.before)
    for needle, places in found_in(data, case.needles, encodings).items():
        result.leaks += [
            Leak(case=case.name, needle=needle, place=_INDEX.sub("", place))
            for place in sorted(places)[:1]
        ]


def _judge(result: Score, output: Read, known: Pseudonyms, options: Options) -> None:
    for check in output.case.checks:
        done = is_done(check, output, known, options)
        if not done and check.action is Action.PIXELS_HIDDEN:
            result.leaks.append(Leak(case=output.case.name, needle=check.value, place="pixels"))
        result.judged.append(
            Judged(
                case=output.case.name,
                check=check,
                done=done,
                before=check.value,
                after="" if done else (output.text(check) or "")[:80],
            )
        )
