"""The score as a page: tables, failing kinds, an object's header and frames before and after."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pydicom.datadict import keyword_for_tag

from tests.score.cases import all_places, burned_in_text
from tests.score.engines import Engine
from tests.score.key import Case, Options
from tests.score.leaks import read, texts
from tests.score.pixels import first_frame, png
from tests.score.scoring import Judged, Score

STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --bad: #c0392b; --good: #1e8449; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 62rem; padding: 1rem; }
h1, h2, h3 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .5rem 0 1rem; min-width: 60%; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .75rem .25rem 0; text-align: left;
  vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
td { overflow-wrap: anywhere; min-width: 4rem; } td.n { overflow-wrap: normal; }
.bad { color: var(--bad); } .good { color: var(--good); }
.sums { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; margin: 1rem 0; }
.sums b { display: block; font-size: 1.7rem; font-variant-numeric: tabular-nums; }
.frames { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); }
figure { margin: 0; } figure img { image-rendering: pixelated; width: 48%; }
figcaption { font-size: .9em; }
"""
_TOLD: Final = (
    'How the score is made, and how to repeat it, is told in <a href="SCORE.md">SCORE.md</a>.'
)
_TARGET: Final = 99.95  # percent of the required actions
_LONGEST: Final = 60
_LEAKS_SHOWN: Final = 25

Profiles = Mapping[str, tuple[Engine, Options]]


def page(scores: Mapping[str, Score], profiles: Profiles, about: str) -> str:
    """The report as one HTML page that needs nothing else."""
    name, (engine, options) = next(iter(profiles.items()))
    parts = [
        "<h1>De-identification, scored</h1>",
        f"<p>{html.escape(about)} All identities are made up. {_TOLD}</p>",
        *(_profile(each, score) for each, score in scores.items()),
        f"<h2>A header before and after ({html.escape(name)})</h2>",
        _header(engine, next(all_places(options, count=2))),
        f"<h2>Frames before and after ({html.escape(name)})</h2>",
        _frames(engine, burned_in_text(options)),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>De-identification, scored</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table whose numbers stand to the right; it scrolls by itself where it is too wide."""
    rows = list(rows)
    numeric = [all(isinstance(row[at], int | float) for row in rows) for at in range(len(head))]
    top = "".join(
        f"<th{' class=n' if right else ''}>{html.escape(cell)}</th>"
        for cell, right in zip(head, numeric, strict=True)
    )
    body = "\n".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{top}</tr>\n{body}</table></div>'


def _cell(value: object) -> str:
    text = html.escape(f"{value:,}" if isinstance(value, int) else str(value))
    return f"<td class=n>{text}</td>" if isinstance(value, int | float) else f"<td>{text}</td>"


def named(path: str) -> str:
    """A path with the last attribute's keyword."""
    try:
        return f"{path} {keyword_for_tag(int(path.rsplit('.', maxsplit=1)[-1], 16))}"
    except ValueError:  # `bytes`, `pixels`
        return path


def _profile(name: str, score: Score) -> str:
    data = score.data()
    leaks, held = data["leaks"], data["held"]
    sums = (
        (_good(data["percent"] >= _TARGET), f"{data['percent']} %",
         f"of {data['actions']:,} required actions done"),
        (_good(not leaks), f"{leaks:,}", "identifying values left"),
        ("", f"{held['objects']:,} of {data['objects']:,}", "objects held, not released"),
        ("", f"{held['percent_if_missing']} %", "if what is held counted as missing"),
    )  # fmt: skip
    boxes = "".join(
        f'<div><b class="{kind}">{value}</b>{html.escape(label)}</div>'
        for kind, value, label in sums
    )
    return "\n".join(
        [
            f"<h2>Profile: {html.escape(name)}</h2>",
            f'<div class="sums">{boxes}</div>',
            table(("category", "actions", "passed", "%"), _rows(data["per_category"])),
            table(("action", "actions", "passed", "%"), _rows(data["per_action"])),
            "<h3>What failed</h3>",
            _failing(score),
            "<h3>What was left, and where</h3>",
            _leaks(score),
            "<h3>What was held</h3>",
            table(("reason", "objects"), held["reasons"].items()),
        ]
    )


def _good(yes: bool) -> str:  # noqa: FBT001 - a colour
    return "good" if yes else "bad"


def _rows(counts: Mapping[str, Mapping[str, Any]]) -> list[tuple[object, ...]]:
    return [(kind, row["actions"], row["passed"], row["percent"]) for kind, row in counts.items()]


def _failing(score: Score) -> str:
    counts = score.failing()
    if not counts:
        return "<p>Nothing.</p>"
    examples: dict[tuple[str, str], Judged] = {}
    for each in score.judged:
        if not each.done:
            examples.setdefault((str(each.check.action), each.check.place), each)
    rows = [
        (action, place, count, _short(each.before), _short(each.after))
        for (action, place), count in counts.most_common()
        for each in (examples[action, place],)
    ]
    return table(("action", "place", "failed", "planted or kept", "for example, became"), rows)


def _leaks(score: Score) -> str:
    if not score.leaks:
        return "<p>Nothing.</p>"
    first: dict[str, str] = {}
    counts: dict[str, int] = {}
    for leak in score.leaks:
        first.setdefault(leak.place, f"{leak.needle} ({leak.case})")
        counts[leak.place] = counts.get(leak.place, 0) + 1
    ordered = sorted(counts, key=lambda place: -counts[place])[:_LEAKS_SHOWN]
    rows = [(named(place), counts[place], first[place]) for place in ordered]
    return table(("place", "values", "for example"), rows)


def _header(engine: Engine, case: Case) -> str:
    made = engine(case.data)
    before, after = dict(texts(read(case.data))), dict(texts(read(made.data or b"")))
    rows = [
        (named(path), _short(before.get(path)), _short(after.get(path)))
        for path in sorted({*before, *after})
        if before.get(path) != after.get(path)
    ]
    return table(("attribute", "before", "after"), rows)


def _frames(engine: Engine, cases: Iterable[Case]) -> str:
    figures = []
    for case in cases:
        before = first_frame(read(case.data))
        made = engine(case.data)
        after = first_frame(read(made.data)) if made.data is not None else None
        right = f'<img alt="after" src="{png(after)}">' if after is not None else ""
        outcome = "released" if made.data is not None else f"held: {made.reason}"
        if before is not None:
            caption = html.escape(f"{case.name}: {outcome}")
            figures.append(
                f'<figure><img alt="before" src="{png(before)}"> {right}'
                f"<figcaption>{caption}</figcaption></figure>"
            )
    return f'<div class="frames">{"".join(figures)}</div>'


def _short(text: str | None) -> str:
    if text is None:
        return "—"
    shown = "".join(sign if sign.isprintable() else "·" for sign in text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
