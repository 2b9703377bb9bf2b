import csv
import re

import pytest

from infra.derived_views import CURATION, VIEWS, derived_views

FILES = sorted(path.stem for path in CURATION.glob("*.csv"))


def _rows(name: str) -> list[dict[str, str]]:
    with (CURATION / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_files_are_what_the_code_makes() -> None:
    made = derived_views()
    assert {name: (VIEWS / f"{name}.sql").read_text() for name in made} == made


@pytest.mark.parametrize("name", FILES)
def test_a_spelling_stands_once_as_it_is_looked_up(name: str) -> None:
    spellings = [row["Spelling"] for row in _rows(name)]
    assert [each for each in spellings if each != re.sub(r"[\W_]", "", each).upper()] == []
    assert sorted(set(spellings)) == sorted(spellings)


@pytest.mark.parametrize(
    ("name", "column"), [("body_parts", "BodyPart"), ("manufacturers", "Manufacturer")]
)
def test_a_canonical_name_is_a_spelling_of_itself(name: str, column: str) -> None:
    known = {row["Spelling"]: row[column] for row in _rows(name)}
    canonical = {row[column] for row in _rows(name)}
    assert {each: known.get(re.sub(r"[\W_]", "", each).upper()) for each in canonical} == {
        each: each for each in canonical
    }


@pytest.mark.parametrize("name", FILES)
def test_no_name_has_what_separates_names_in_the_view(name: str) -> None:
    values = {value for row in _rows(name) for column, value in row.items() if column != "Source"}
    assert [value for value in values if not re.fullmatch(r"[\w .-]+", value)] == []


def test_a_twin_reads_only_its_own_dataset() -> None:
    for name, sql in derived_views().items():
        assert set(re.findall(r"`(\w+)\.", sql)) <= {name.partition(".")[0]}
