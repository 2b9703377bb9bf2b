"""What an upload's label says counts when it is a number of instances."""

import pytest

from shared.contracts.expected import MAX_EXPECTED_INSTANCES, expected_instances

LABEL = "inlet-expected-instances"


@pytest.mark.parametrize("number", [1, 120, MAX_EXPECTED_INSTANCES])
def test_a_number_counts(number: int) -> None:
    assert expected_instances({LABEL: str(number), "other": "7"}) == number


@pytest.mark.parametrize(
    "text",
    ["", "0", "-1", "+1", "1.0", " 1", "1e3", "0x10", "many", "\u0661", "\u00b2", "1_000",
     str(MAX_EXPECTED_INSTANCES + 1), "9" * 8_000],
)  # fmt: skip
def test_what_is_no_such_number_does_not(text: str) -> None:
    assert expected_instances({LABEL: text}) is None


def test_no_label_says_nothing() -> None:
    assert expected_instances({"Inlet-Expected-Instances": "7"}) is None
