import io

import pytest

from infra.local.console import Console, clean, display_width, shortened
from infra.local.logs import readable


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def _terminal(encoding: str = "utf-8") -> Terminal:
    return Terminal(io.BytesIO(), encoding=encoding, newline="")


def _written(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def test_colours_where_they_are_welcome() -> None:
    assert Console(_terminal(), {}).styled("bold", "x") == "\033[1mx\033[0m"


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colours_where_they_are_not(environment: dict[str, str]) -> None:
    assert Console(_terminal(), environment).styled("bold", "x") == "x"


def test_no_colours_without_a_terminal() -> None:
    assert Console(io.StringIO(), {}).styled("red", "x") == "x"


def test_a_stream_without_unicode_gets_other_signs() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Console(stream, {}).line("── é …")
    assert _written(stream) == "-- ? .\n"


def test_a_bar_moves_on_a_terminal() -> None:
    stream = _terminal()
    with Console(stream, {"NO_COLOR": "1"}).progress("dropping", 2) as progress:
        progress.advance(2)
    text = _written(stream)
    assert text.startswith("\r  dropping  ░")
    assert text.endswith("2/2\n")


def test_a_few_lines_stand_for_the_bar_elsewhere() -> None:
    stream = io.StringIO()
    with Console(stream, {}).progress("dropping", 100) as progress:
        for _ in range(100):
            progress.advance()
    assert [line.split()[-1] for line in stream.getvalue().splitlines()] == [
        "0/100",
        "25/100",
        "50/100",
        "75/100",
        "100/100",
    ]


def test_nothing_to_do_is_shown_as_done() -> None:
    stream = io.StringIO()
    with Console(stream, {}).progress("dropping", 0):
        pass
    assert stream.getvalue() == "  dropping  0/0\n"


def test_text_is_measured_and_cut_in_columns() -> None:
    assert display_width("山a\u0301") == 3
    assert shortened("山田太郎", 5) == "山田…"
    assert shortened("short", 5) == "short"
    assert clean("a\tb") == "a�b"


def test_a_log_line_for_a_person() -> None:
    console = Console(io.StringIO(), {})
    line = '{"severity":"INFO","stage":"ingest","message":"decided","outcome":"archived","size":7}'
    assert readable(line, "ingest", console) == (
        "INFO     ingest      decided  outcome=archived size=7"
    )
    assert readable("plain \x1b text", "storage", console) == "         storage     plain � text"
    assert readable('["json"]', "storage", console).endswith('["json"]')
