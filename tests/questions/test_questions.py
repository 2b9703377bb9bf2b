"""The page for analysts shows what its questions are answered, and what its notebook draws."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.cloud.bigquery import Client

from infra.local.layout import ROOT
from tests.conftest import Environment
from tests.questions.answers import PICTURES, ask, draw, fill
from tests.questions.page import PAGE, Question, questions
from tests.warehouse import a_warehouse

PICTURE = re.compile(r'srcset="(\S+)-dark.svg">\n  <img alt="([^"]+)" src="(\S+)-light.svg">')
ANSWERED = [each for each in questions() if each.answer is not None]
OTHERS = [each for each in questions() if each.answer is None]


@pytest.fixture(autouse=True, scope="module")
def _server(bigquery_server: Environment) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        for name, value in bigquery_server.items():
            patched.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def of_nothing(
    _server: None, bigquery_server: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """What the notebook draws before anything has arrived."""
    a_warehouse(bigquery_server)
    folder = tmp_path_factory.mktemp("nothing")
    draw(bigquery_server, folder)
    return folder


@pytest.fixture(scope="module")
def warehouse(of_nothing: Path, bigquery_server: Environment) -> Client:
    assert of_nothing
    return fill(bigquery_server)


def _drawn(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_twelve_questions_are_answered() -> None:
    assert len(ANSWERED) == 12
    assert PAGE.read_text(encoding="utf-8").count("```sql\n") == len(ANSWERED) + len(OTHERS)


@pytest.mark.parametrize("question", ANSWERED, ids=lambda each: each.text)
def test_an_answer_is_what_the_warehouse_says(warehouse: Client, question: Question) -> None:
    assert ask(warehouse, question) == question.answer, "run `make questions`"


@pytest.mark.parametrize("question", ANSWERED, ids=lambda each: each.text)
def test_an_answer_is_short(question: Question) -> None:
    assert question.answer
    assert 2 < len(question.answer.splitlines()) <= 10


@pytest.mark.parametrize("question", OTHERS, ids=lambda each: each.text)
def test_what_is_not_answered_can_be_asked(warehouse: Client, question: Question) -> None:
    head, rule = ask(warehouse, question).splitlines()[:2]
    assert len(head.split()) == len(rule.split()) > 1


def test_the_pictures_are_what_the_notebook_draws(
    warehouse: Client, bigquery_server: Environment, tmp_path: Path
) -> None:
    assert warehouse
    draw(bigquery_server, tmp_path)
    assert _drawn(tmp_path) == _drawn(PICTURES), "run `make questions`"


def test_the_notebook_says_so_where_there_is_nothing(of_nothing: Path) -> None:
    drawn = _drawn(of_nothing)
    assert drawn.keys() == _drawn(PICTURES).keys()
    assert [name for name, picture in drawn.items() if ">nothing yet<" not in picture] == []
    assert [name for name, shown in _drawn(PICTURES).items() if ">nothing yet<" in shown] == []


@pytest.mark.parametrize("page", [PAGE, ROOT / "README.md"], ids=["tables", "project"])
def test_a_picture_is_there_for_both_themes_and_in_words(page: Path) -> None:
    found = PICTURE.findall(page.read_text(encoding="utf-8"))
    assert len(found) > 1
    for dark, alt, light in found:
        assert dark == light
        assert len(alt) > 60
        assert _pictures(page, light) <= set(PICTURES.iterdir())


def test_every_picture_is_on_the_page() -> None:
    names = [light for _, _, light in PICTURE.findall(PAGE.read_text(encoding="utf-8"))]
    assert set().union(*(_pictures(PAGE, name) for name in names)) == set(PICTURES.iterdir())


def _pictures(page: Path, name: str) -> set[Path]:
    return {(page.parent / f"{name}-{theme}.svg").resolve() for theme in ("dark", "light")}


def test_the_client_of_the_page_is_answered(warehouse: Client) -> None:
    assert warehouse
    (code,) = re.findall(r"## How to ask\n.*?```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "CT 1.3.6.1.4.1.99999.7.2.1.2 6\n" in done.stdout
