from datetime import UTC, date, datetime

import pytest

from infra.local.table import as_text, fitted, render


def test_aligns_text_left_and_numbers_right() -> None:
    assert render(("name", "n"), [("a", 5), ("long", 12345), (None, None)]) == [
        "name      n",
        "────  ─────",
        "a         5",
        "long  12345",
        "NULL   NULL",
    ]


def test_an_empty_result_shows_its_columns() -> None:
    assert render(("Facility", "n"), []) == ["Facility  n", "────────  ─"]


def test_wide_characters_take_two_columns() -> None:
    lines = render(("PN", "x"), [("山田^太郎", "a"), ("Yamada", "b")])
    assert lines[2:] == ["山田^太郎  a", "Yamada     b"]


def test_cuts_the_widest_column_to_the_width() -> None:
    lines = render(("uid", "kind"), [("1" * 60, "CT")], 30)
    assert [len(line) for line in lines] == [30, 30, 28]
    assert lines[2].startswith("1" * 23 + "…")


def test_a_table_that_cannot_fit_stays_readable() -> None:
    assert fitted([10, 10, 10], 5) == [6, 6, 6]


def test_nothing_a_terminal_would_act_upon_gets_through() -> None:
    assert render(("v",), [("\x1b[31mred\r\n",)])[2] == "�[31mred��"


def test_styles_and_paints_do_not_change_the_layout() -> None:
    lines = render(
        ("Outcome", "n"), [("held", 1)], None, lambda s, t: f"<{s}>{t}", lambda c, t: f"{c}:{t}"
    )
    assert lines == ["<bold>Outcome  n", "<dim>───────  ─", "Outcome:held     n:1"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "NULL"),
        (True, "true"),
        (b"\x01\xff", "01ff"),
        ({"a": [1, None]}, '{"a": [1, null]}'),
        ([date(2026, 1, 2)], '["2026-01-02"]'),
        (datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC), "2026-01-02 03:04:05.678"),
        (1.5, "1.5"),
    ],
)
def test_values_are_one_line(value: object, text: str) -> None:
    assert as_text(value) == text
