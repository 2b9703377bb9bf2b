import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.pubsub.errors import InvalidArgumentError
from infra.local.pubsub.filters import MAX_DEPTH, MAX_FILTER_BYTES, Predicate, compile_filter

Written = tuple[str, Predicate]

ATTRIBUTES = {"domain": "com", "iana.org/language_tag": "en", "region": "us-east1", "1st": "x"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("attributes:domain", True),
        ("attributes:missing", False),
        ('attributes:"iana.org/language_tag"', True),
        ('attributes.domain = "com"', True),
        ('attributes.domain="com"', True),
        ('attributes.domain = "Com"', False),
        ('attributes.domain != "com"', False),
        ('attributes.domain != "org"', True),
        ('attributes.missing != "org"', True),
        ('attributes.missing = ""', False),
        ('attributes.1st = "x"', True),
        ('attributes."iana.org/language_tag" = "en"', True),
        ('hasPrefix(attributes.region, "us-")', True),
        ('hasPrefix(attributes.region, "eu-")', False),
        ('hasPrefix(attributes.missing, "")', False),
        ("NOT attributes:domain", False),
        ("-attributes:domain", False),
        ("NOT NOT attributes:domain", True),
        ("NOT -attributes:domain", True),
        ('attributes:domain AND attributes.region = "eu"', False),
        ('attributes:domain OR attributes.region = "eu"', True),
        ("NOT attributes:missing AND attributes:domain", True),
        ('attributes:domain AND (attributes.a = "b" OR NOT attributes:c)', True),
        ("(attributes:x OR attributes:y) AND attributes:domain", False),
        ('((attributes.domain = "com"))', True),
        ("\tattributes:domain\n", True),
        (r'attributes.domain = "\u0063\x6f\155"', True),
        (r'attributes.domain = "\U00000063om"', True),
        (r'attributes:"dom\"ain"', False),
    ],
)
def test_a_filter_decides_by_attributes(text: str, *, expected: bool) -> None:
    predicate = compile_filter(text)

    assert predicate is not None
    assert predicate(ATTRIBUTES) is expected


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_filter_is_none(text: str) -> None:
    assert compile_filter(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "attributes",
        "attributes:",
        "attributes.",
        "attributes.domain",
        "attributes.domain = com",
        'attributes.domain == "com"',
        "attributes.domain = 'com'",
        'attributes.domain < "com"',
        'attribute.domain = "com"',
        'data = "x"',
        'hasPrefix(attributes:domain, "c")',
        'hasPrefix(attributes.domain "c")',
        'hasSuffix(attributes.domain, "c")',
        "attributes:a attributes:b",
        "attributes:a and attributes:b",
        "attributes:a AND",
        "AND attributes:a",
        "NOT",
        "()",
        "(attributes:a",
        "attributes:a)",
        "attributes:a AND attributes:b OR attributes:c",
        "attributes:a OR attributes:b AND attributes:c",
        '"attributes":a',
        'attributes."a',
        r'attributes."\q" = "x"',
        r'attributes.a = "\ud800"',
        r'attributes.a = "\U7fffffff"',
        "attributes:a;",
        "\x00",
    ],
)
def test_what_is_not_in_the_language_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgumentError):
        compile_filter(text)


def test_the_length_is_counted_in_bytes() -> None:
    fits = f'attributes:"{"é" * ((MAX_FILTER_BYTES - 13) // 2)}"'

    assert compile_filter(fits)
    with pytest.raises(InvalidArgumentError):
        compile_filter(fits.replace("é", "éé", 1))


@pytest.mark.parametrize("opening", ["(", "-"])
def test_depth_is_bounded(opening: str) -> None:
    text = opening * (MAX_DEPTH + 1) + "attributes:a" + ")" * (MAX_DEPTH + 1)

    with pytest.raises(InvalidArgumentError, match="nested"):
        compile_filter(text)


@given(st.text(alphabet='abc attributes:.="\\()-!,NOTANDORhasPrefix\u00e9u0', max_size=80))
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    try:
        predicate = compile_filter(text)
    except InvalidArgumentError:
        return
    assert predicate is None or predicate({}) in (True, False)


KEYS = st.sampled_from(["a", "b", "c d", "é", 'q"'])
VALUES = st.sampled_from(["", "x", "xy", "\\", "\n"])


def _leaf(kind: str, key: str, value: str) -> Written:
    name, literal = json.dumps(key), json.dumps(value)
    return {
        "has": (f"attributes:{name}", lambda attributes: key in attributes),
        "is": (f"attributes.{name} = {literal}", lambda attributes: attributes.get(key) == value),
        "not": (f"attributes.{name} != {literal}", lambda a: a.get(key) != value),
        "prefix": (
            f"hasPrefix(attributes.{name}, {literal})",
            lambda a: key in a and a[key].startswith(value),
        ),
    }[kind]


def _joined(operator: str, parts: list[Written]) -> Written:
    test = all if operator == "AND" else any
    return (
        "(" + f" {operator} ".join(part[0] for part in parts) + ")",
        lambda attributes: test(part[1](attributes) for part in parts),
    )


EXPRESSIONS = st.recursive(
    st.builds(_leaf, st.sampled_from(["has", "is", "not", "prefix"]), KEYS, VALUES),
    lambda inner: (
        st.builds(_joined, st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=1, max_size=3))
        | inner.map(lambda part: (f"NOT {part[0]}", lambda a: not part[1](a)))
    ),
    max_leaves=5,
).filter(lambda expression: len(expression[0].encode()) <= MAX_FILTER_BYTES)


@given(EXPRESSIONS, st.dictionaries(KEYS, VALUES))
def test_a_written_expression_means_what_it_says(
    expression: Written, attributes: dict[str, str]
) -> None:
    text, meaning = expression

    predicate = compile_filter(text)

    assert predicate
    assert predicate(attributes) == meaning(attributes)
