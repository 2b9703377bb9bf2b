"""Calm output for a person: colour where it is welcome, plain lines everywhere else."""

import os
import sys
import threading
import time
import unicodedata
from collections.abc import Mapping
from typing import Self, TextIO

WIDTH = 100

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_OUTCOME_STYLES: Mapping[str, str] = {
    "archived": "green",
    "deidentified": "green",
    "duplicate": "cyan",
    "ignored": "dim",
    "conflict": "yellow",
    "expanded": "cyan",
    "held": "yellow",
    "quarantined": "red",
    "failed": "red",
}
_ASCII = str.maketrans("─█░✓·→…—", "-#.v.>.-")
_BAR = 32


class Console:
    """Writes to one stream, fitting what that stream can show."""

    def __init__(
        self, stream: TextIO | None = None, environment: Mapping[str, str] = os.environ
    ) -> None:
        self.stream = stream or sys.stdout
        self.live = self.stream.isatty() and environment.get("TERM") != "dumb"
        self.coloured = self.live and not environment.get("NO_COLOR")
        self._unicode = (self.stream.encoding or "").lower().replace("-", "") == "utf8"

    def line(self, text: str = "") -> None:
        """Write one line."""
        encoding = self.stream.encoding or "ascii"
        fitting = text if self._unicode else text.translate(_ASCII)
        self.stream.write(fitting.encode(encoding, "replace").decode(encoding) + "\n")
        self.stream.flush()

    def heading(self, text: str) -> None:
        """Write a heading, set off by an empty line."""
        self.line()
        self.line(self.styled("bold", text))

    def styled(self, style: str, text: str) -> str:
        """The text in a style, where styles are shown."""
        if not self.coloured or style not in _STYLES:
            return text
        return f"\033[{_STYLES[style]}m{text}\033[0m"

    def paint(self, column: str, cell: str) -> str:
        """A table's cell: outcomes in their colours, everything else as it is."""
        style = _OUTCOME_STYLES.get(cell.strip(), "") if column == "Outcome" else ""
        return self.styled(style, cell)

    def progress(self, label: str, total: int) -> "Progress":
        """A progress bar, or a few plain lines where a bar cannot move."""
        return Progress(self, label, total)


class Progress:
    """How far something is; safe to advance from any thread."""

    def __init__(self, console: Console, label: str, total: int) -> None:
        self._console = console
        self._label = label
        self._total = total
        self._done = 0
        self._shown = -1
        self._drawn_at = 0.0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._draw(last=False)
        return self

    def __exit__(self, *_: object) -> None:
        self._draw(last=True)

    def advance(self, count: int = 1) -> None:
        """That many more are done."""
        with self._lock:
            self._done += count
            self._draw(last=False)

    def _draw(self, *, last: bool) -> None:
        if self._console.live:
            self._draw_bar(last=last)
        else:
            self._write_quarter()

    def _draw_bar(self, *, last: bool) -> None:
        now = time.monotonic()
        if not last and now - self._drawn_at < 1 / 30:
            return
        self._drawn_at = now
        filled = _BAR * self._done // max(self._total, 1)
        bar = self._console.styled("green", "█" * filled) + self._console.styled(
            "dim", "░" * (_BAR - filled)
        )
        text = f"\r  {self._label}  {bar}  {self._done}/{self._total}" + ("\n" if last else "")
        self._console.stream.write(text)
        self._console.stream.flush()

    def _write_quarter(self) -> None:
        quarter = 4 * self._done // max(self._total, 1)
        if quarter > self._shown:
            self._shown = quarter
            self._console.line(f"  {self._label}  {self._done}/{self._total}")


def display_width(text: str) -> int:
    """How many columns a terminal takes for a text."""
    return sum(map(_columns, text))


def clean(text: str) -> str:
    """The text without anything that a terminal would act upon."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def shortened(text: str, width: int) -> str:
    """The text within a width, its end cut off with a sign."""
    if display_width(text) <= width:
        return text
    while text and display_width(text) > width - 1:
        text = text[:-1]
    return text + "…"


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
