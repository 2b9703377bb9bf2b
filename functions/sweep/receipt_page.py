"""A receipt as a page for people: one file of HTML, without scripts and without anything elsewhere.

Names of files come from outside: they are escaped, and characters that would be invisible, or turn
the text around, are shown as their code points.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final

from functions.sweep.receipt_document import (
    ACCEPTED,
    advice,
    difference_of,
    files_of,
    warning_text,
)
from functions.sweep.receipt_style import STYLE
from shared.contracts.outcome import MEANINGS, OutcomeKind
from shared.contracts.receipt import CLOSINGS, Group, Receipt

# The one image is the page's icon, which is empty: without it a browser asks for one.
POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_UNITS: Final = ("bytes", "KB", "MB", "GB", "TB")
_THOUSAND: Final = 1000


def page(receipt: Receipt) -> str:
    """Return the page of a receipt; the same receipt, the same page."""
    facility = escape(receipt.stretch.facility)
    sections = "".join(
        (
            _head(receipt),
            _numbers(receipt),
            _refused(receipt),
            _waiting(receipt),
            _accepted(receipt),
            _studies(receipt),
            _warnings(receipt),
            _foot(receipt),
        )
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>Receipt for {facility}, {_moment(receipt.closed_at)}</title>\n"
        f"<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{sections}</main>\n</body>\n</html>\n"
    )


def shown(name: str) -> str:
    """Return a name as HTML: whole, escaped, and with nothing in it that cannot be seen."""
    return "".join(
        f'<span class="code-point">U+{ord(character):04X}</span>'
        if unicodedata.category(character) in _INVISIBLE
        else escape(character)
        for character in name
    )


def _head(receipt: Receipt) -> str:
    revised = (
        f"<p class=note>This is revision {receipt.revision}: more became known of this drop. It "
        "replaces the earlier ones.</p>\n"
        if receipt.revision > 1
        else ""
    )
    return (
        f"<header>\n<h1>Receipt for {escape(receipt.stretch.facility)}</h1>\n"
        f"<p>Files that landed from {_time(receipt.opened_at)} to {_time(receipt.closed_at)}: "
        f"{CLOSINGS[receipt.closing]}.</p>\n{revised}</header>\n"
    )


def _numbers(receipt: Receipt) -> str:
    contents = receipt.contents
    refused = files_of(contents, OutcomeKind.QUARANTINED)
    numbers = (
        ("arrived", contents.files, ""),
        ("accepted", files_of(contents, *ACCEPTED), "good"),
        ("refused", refused, "bad" if refused else ""),
        ("ignored", files_of(contents, OutcomeKind.IGNORED), ""),
        ("undecided", contents.undecided, "bad" if contents.undecided else ""),
    )
    cells = "".join(
        f'<div class="{tone}"><dd>{count:,}</dd><dt>{label}</dt></div>\n'
        for label, count, tone in numbers
    )
    return (
        '<section aria-labelledby="numbers">\n<h2 id="numbers">What arrived</h2>\n'
        f"<dl>\n{cells}</dl>\n"
        f"<p>{_size(contents.size)} were sent. Members of archives count as files, and the archive "
        f"as one. {_count(contents.instances, 'instance')} of "
        f"{_count(contents.studies, 'study', 'studies')} "
        f"{'is' if contents.instances == 1 else 'are'} in the archive because of it, or were "
        "already.</p>\n</section>\n"
    )


def _refused(receipt: Receipt) -> str:
    refused = _of(receipt, OutcomeKind.QUARANTINED)
    if not refused:
        return ""
    return (
        '<section aria-labelledby="refused">\n<h2 id="refused">Refused, and what to do</h2>\n'
        "<p>Each of these files is kept as it was sent.</p>\n"
        f"{''.join(map(_explained, refused))}</section>\n"
    )


def _explained(group: Group) -> str:
    why = advice(group)
    told = (
        f"<p>{escape(why.meaning)}</p>\n<dl class=advice>"
        f"<dt>What to do</dt><dd>{escape(why.what_to_do)}</dd>"
        f"<dt>Who can fix it</dt><dd>{_sentence(why.who_can_fix)}</dd></dl>\n"
        if why
        else ""
    )
    return (
        f"<article>\n<h3><code>{escape(group.reason or '')}</code> "
        f"<span class=count>{_count(group.files, 'file')}</span></h3>\n{told}{_names(group)}"
        "</article>\n"
    )


def _waiting(receipt: Receipt) -> str:
    waiting = [group for group in receipt.contents.groups if group.outcome is None]
    if not waiting:
        return ""
    return (
        '<section aria-labelledby="waiting">\n<h2 id="waiting">Not decided yet</h2>\n'
        "<p>Nothing is lost, and nothing is to be done: a new revision of this receipt will say "
        f"what became of them.</p>\n{''.join(map(_names, waiting))}</section>\n"
    )


def _accepted(receipt: Receipt) -> str:
    rows = [
        (
            f"<code>{escape(str(group.outcome))}</code>",
            escape(MEANINGS[OutcomeKind(str(group.outcome))]),
            _number(group.files),
            _why(group) + _names(group),
        )
        for group in _of(receipt, *sorted(ACCEPTED), OutcomeKind.IGNORED)
    ]
    if not rows:
        return ""
    head = ("Outcome", "Meaning", "Files", "Which")
    return (
        '<section aria-labelledby="accepted">\n<h2 id="accepted">Accepted or ignored</h2>\n'
        f"{_table('What became of files that were not refused', head, rows)}</section>\n"
    )


def _why(group: Group) -> str:
    texts = [difference_of(group), why.meaning if (why := advice(group)) else None]
    code = group.difference or group.reason
    told = " ".join(escape(text) for text in texts if text)
    return f"<p><code>{escape(code)}</code> {told}</p>\n" if code else ""


def _studies(receipt: Receipt) -> str:
    contents = receipt.contents
    if not contents.incomplete_studies and not contents.open_studies:
        return ""
    waiting = (
        f"<p>Of {_count(contents.open_studies, 'study', 'studies')} it is not known yet whether "
        "all has arrived.</p>\n"
        if contents.open_studies
        else ""
    )
    rows = [
        (f"<span class=name>{shown(each.name)}</span>", _number(each.instances),
         _number(each.expected))
        for each in contents.incomplete
    ]  # fmt: skip
    more = _left_out(contents.incomplete_studies - len(rows), "study", "studies")
    caption = "Studies of which fewer instances are there than were announced"
    table = _table(caption, ("One of its files", "Arrived", "Announced"), rows) if rows else ""
    return (
        '<section aria-labelledby="studies">\n<h2 id="studies">Studies that are not complete</h2>\n'
        f"{waiting}{table}{more}</section>\n"
    )


def _warnings(receipt: Receipt) -> str:
    contents = receipt.contents
    if not contents.warnings:
        return ""
    rows = [
        (
            shown(" ".join(filter(None, (each.manufacturer, each.model))))
            or "<span class=quiet>not stated</span>",
            f"<code>{escape(each.code)}</code>",
            escape(warning_text(each)),
            _number(each.files),
        )
        for each in contents.warnings
    ]
    more = _left_out(contents.warnings_left_out, "line")
    return (
        '<section aria-labelledby="warnings">\n<h2 id="warnings">Warnings by device</h2>\n'
        "<p>These files were accepted as they came. The makers of the devices can put right what "
        "is odd about them.</p>\n"
        f"{_table('Warnings by device', ('Device', 'Code', 'Meaning', 'Files'), rows)}{more}"
        "</section>\n"
    )


def _foot(receipt: Receipt) -> str:
    name = receipt.name("json").rpartition("/")[2]
    return (
        f"<footer>\n<p>Receipt <code>{receipt.stretch.receipt_id}</code>, revision "
        f"{receipt.revision}, issued {_time(receipt.issued_at)}. It says what was decided first: "
        "what is decided again later, or released, does not change it. The same as data: "
        f"<code>{name}</code> beside this page.</p>\n</footer>\n"
    )


def _of(receipt: Receipt, *kinds: str) -> list[Group]:
    order = {kind: place for place, kind in enumerate(kinds)}
    groups = [group for group in receipt.contents.groups if group.outcome in order]
    return sorted(groups, key=lambda group: (order[str(group.outcome)], -group.files))


def _names(group: Group) -> str:
    left_out = _left_out(group.files - len(group.names), "file")
    if not group.names:
        return left_out
    items = "".join(f"<li>{shown(name)}</li>\n" for name in group.names)
    return f"<ul class=names>\n{items}</ul>\n{left_out}"


def _left_out(count: int, one: str, many: str = "") -> str:
    return f"<p class=quiet>and {_count(count, one, many)} more</p>\n" if count else ""


def _table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    titles = "".join(f'<th role="columnheader" scope="col">{title}</th>' for title in head)
    body = "".join(
        '<tr role="row">'
        + "".join(
            f'<td role="cell" data-title="{title}">{cell}</td>'
            for title, cell in zip(head, row, strict=True)
        )
        + "</tr>\n"
        for row in rows
    )
    return (
        f'<table role="table">\n<caption>{caption}</caption>\n'
        f'<thead role="rowgroup"><tr role="row">{titles}</tr></thead>\n'
        f'<tbody role="rowgroup">\n{body}</tbody>\n</table>\n'
    )


def _sentence(text: str) -> str:
    return escape(f"{text[:1].upper()}{text[1:]}.")


def _number(count: int) -> str:
    return f"<span class=number>{count:,}</span>"


def _count(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def _size(size: float) -> str:
    for unit in _UNITS[:-1]:
        if size < _THOUSAND:
            return f"{size:.0f} {unit}" if unit in _UNITS[:2] else f"{size:.1f} {unit}"
        size /= _THOUSAND
    return f"{size:.1f} {_UNITS[-1]}"


def _time(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    return f'<time datetime="{utc.isoformat(timespec="seconds")}">{_moment(moment)}</time>'


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
