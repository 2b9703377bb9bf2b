"""One Terraform for the session: its folder prepared, and the examples planned once."""

from collections.abc import Iterator, Mapping

import pytest

from tests.infra.plan import Plan
from tests.infra.terraform import EXAMPLES, Terraform, prepared


@pytest.fixture(scope="session")
def terraform() -> Iterator[Terraform]:
    with prepared() as ready:
        yield ready


@pytest.fixture(scope="session")
def plans(terraform: Terraform) -> Mapping[str, Plan]:
    found = {}
    for example in EXAMPLES:
        done = terraform.plan(example)
        assert done.status == 0, done.output
        found[example] = terraform.planned(example)
    return found
