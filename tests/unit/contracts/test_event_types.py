"""What an event may say is decided by the list of its type, whatever it is made from."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from shared.contracts.event import PublicEvent
from shared.contracts.event_forms import Each, Field, Flag, Form, Only, Record, Text, Whole
from shared.contracts.event_types import EVENT_TYPES, FIELDS, EventType
from tests.events import every_event

FORMS: Mapping[str, Form] = {
    **{name: field.form for name, field in FIELDS.items()},
    **{kind.name: kind.record for kind in EVENT_TYPES},
    "only a text": Only("a"),
    "only a number": Only(1),
}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.text(max_size=80)
    | st.sampled_from(["1.2.3", "CT", "not-dicom", "a" * 32, "demo-hospital", "a\n"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
TEXTS = st.text(alphabet="019.abfzACT-_/:+\n ^é", max_size=70)


@pytest.mark.parametrize("name", FORMS)
@settings(max_examples=40, deadline=None)
@given(value=JSON | TEXTS)
def test_what_is_admitted_satisfies_the_schema(name: str, value: object) -> None:
    form = FORMS[name]
    admitted = form.admitted(value)
    if admitted is not None:
        Draft202012Validator(form.schema()).validate(admitted)


@pytest.mark.parametrize("form", [Flag(), Whole(), Only("a"), Only(1)])
@pytest.mark.parametrize("value", [-1, 2**63, "b", 1.5, None, [], {}, "True"])
def test_what_does_not_fit_is_not_admitted(form: Form, value: object) -> None:
    assert form.admitted(value) is None


@pytest.mark.parametrize("form", [Whole(), Only(1)])
def test_true_is_no_number(form: Form) -> None:
    assert form.admitted(value=True) is None


def test_of_many_those_that_fit_are_admitted() -> None:
    each = Each(Text(pattern="[a-z]+", longest=3))
    assert each.admitted(["a", "A", "abcd", "b\n", 1, "c"]) == ["a", "c"]
    assert each.admitted("abc") is None
    assert each.admitted({"a": "b"}) is None
    assert Each(Whole()).admitted([0, 1]) == [0, 1]


def test_a_record_has_no_other_fields_and_all_that_it_needs() -> None:
    flag = Field(number=1, description="", form=Flag())
    record = Record(required={"a": flag}, optional={"b": flag})
    assert record.admitted({"a": True, "b": 1, "c": True}) == {"a": True}
    assert record.admitted({"b": True}) is None


@pytest.mark.parametrize("event", every_event(), ids=lambda event: event.type)
def test_no_value_is_taken_for_the_version(event: PublicEvent) -> None:
    kind = next(kind for kind in EVENT_TYPES if kind.name == event.type)
    assert kind.data({**event.data, "schema_version": 7})["schema_version"] == kind.version


@pytest.mark.parametrize("kind", EVENT_TYPES, ids=lambda kind: kind.name)
def test_no_event_is_made_of_too_little(kind: EventType) -> None:
    with pytest.raises(ValueError, match=f"^an event lacks what {kind.name} requires$"):
        kind.data({"facility": "Planted^Name"})


@pytest.mark.parametrize("event", every_event(), ids=lambda event: event.type)
def test_whatever_else_is_known_changes_no_event(event: PublicEvent) -> None:
    kind = next(kind for kind in EVENT_TYPES if kind.name == event.type)
    known = dict.fromkeys(FIELDS, "PLANTED") | {"PatientName": "PLANTED"}
    assert kind.data({**known, **event.data}).keys() == event.data.keys()
