"""One Terraform for the session: its folder prepared, and the examples planned once."""

from collections.abc import Iterator, Mapping

import pytest

from tests.infra.plan import Plan
from tests.infra.provider import serving
from tests.infra.terraform import EXAMPLES, Terraform, checkout


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terraform]:
    # A path with a space, as people have them.
    folder = tmp_path_factory.mktemp("a checkout")
    with serving() as provider:
        ready = Terraform(folder=checkout(folder), data=folder, provider=provider)
        done = ready.run("init", "-no-color", "-input=false", "-backend=false")
        assert done.status == 0, done.output
        yield ready


@pytest.fixture(scope="session")
def plans(terraform: Terraform) -> Mapping[str, Plan]:
    found = {}
    for example in EXAMPLES:
        done = terraform.plan(example)
        assert done.status == 0, done.output
        found[example] = terraform.planned(example)
    return found
