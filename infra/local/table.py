"""Tables in plain text: aligned, within a width, numbers to the right."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from numbers import Number

from infra.local.console import clean, display_width, shortened

_GAP = "  "
_NARROWEST = 6

Style = Callable[[str, str], str]
Paint = Callable[[str, str], str]


def plain(_: str, text: str) -> str:
    """The text as it is."""
    return text


def render(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    width: int | None = None,
    style: Style = plain,
    paint: Paint = plain,
) -> list[str]:
    """The lines of a table, none wider than the width where there is one.

    Args:
        columns: the heads.
        rows: the values, as many in each as there are columns.
        width: columns to fit into; wider cells are cut off.
        style: dresses the head and its rule.
        paint: dresses a padded cell, given its column's head.
    """
    values = [list(row) for row in rows]
    cells = [[clean(as_text(value)) for value in row] for row in values]
    numeric = [_is_numeric([row[index] for row in values]) for index in range(len(columns))]
    widths = fitted(
        [max(map(display_width, column)) for column in zip(columns, *cells, strict=True)], width
    )
    head, *lines = (_line(row, widths, numeric) for row in [list(columns), *cells])
    painted = (list(map(paint, columns, line)) for line in lines)
    rule = _GAP.join("─" * size for size in widths)
    return [
        style("bold", _GAP.join(head).rstrip()),
        style("dim", rule),
        *(_GAP.join(line).rstrip() for line in painted),
    ]


def as_text(value: object) -> str:
    """A value of a query's row as one line."""
    match value:
        case None:
            return "NULL"
        case bool():
            return str(value).lower()
        case bytes():
            return value.hex()
        case dict() | list():
            return json.dumps(value, ensure_ascii=False, default=as_text)
        case datetime():
            return value.isoformat(sep=" ", timespec="milliseconds").removesuffix("+00:00")
        case _:
            return str(value)


def fitted(widths: Sequence[int], limit: int | None) -> list[int]:
    """Column widths within a limit; the widest give way first."""
    sizes = list(widths)
    while limit and sum(sizes) + len(_GAP) * (len(sizes) - 1) > limit and max(sizes) > _NARROWEST:
        sizes[sizes.index(max(sizes))] -= 1
    return sizes


def _is_numeric(values: Sequence[object]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(
        isinstance(item, Number) and not isinstance(item, bool) for item in known
    )


def _line(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> list[str]:
    return [
        _padded(shortened(cell, size), size, right=right)
        for cell, size, right in zip(cells, widths, numeric, strict=True)
    ]


def _padded(text: str, width: int, *, right: bool) -> str:
    space = " " * (width - display_width(text))
    return space + text if right else text + space
