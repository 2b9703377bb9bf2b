import pytest

from infra.local.pubsub.errors import InvalidArgumentError
from infra.local.pubsub.names import parse_name, parse_project


@pytest.mark.parametrize("short", ["abc", "a-b_c.d~e+f%g", "Z99", "a" * 255, "Google-topic"])
def test_a_valid_name_has_a_project_and_an_id(short: str) -> None:
    assert parse_name("topics", f"projects/my-project/topics/{short}") == ("my-project", short)


@pytest.mark.parametrize(
    "short", ["", "ab", "1abc", "-abc", "a b c", "goog-abc", "a/bc", "a" * 256, "abc\n", "äbc"]
)
def test_an_invalid_id_is_refused_in_the_emulators_words(short: str) -> None:
    name = f"projects/p/topics/{short}"

    with pytest.raises(InvalidArgumentError) as caught:
        parse_name("topics", name)

    assert str(caught.value) == f"Invalid [topics] name: (name={name})"


@pytest.mark.parametrize(
    "name", ["", "abc", "projects/p/subscriptions/abc", "projects//topics/abc"]
)
def test_the_path_must_be_of_the_collection(name: str) -> None:
    with pytest.raises(InvalidArgumentError):
        parse_name("topics", name)


def test_a_project_name_gives_its_id() -> None:
    assert parse_project("projects/example.com:p") == "example.com:p"


@pytest.mark.parametrize("name", ["", "p", "projects/", "projects/a/b"])
def test_anything_else_is_not_a_project(name: str) -> None:
    with pytest.raises(InvalidArgumentError):
        parse_project(name)
