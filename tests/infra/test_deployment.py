from collections.abc import Mapping

import pytest

from infra.definition import load_pipeline
from tests.infra import access, mutations
from tests.infra.plan import Plan
from tests.infra.policies.everything import POLICIES, SOURCES
from tests.infra.terraform import EXAMPLES, INFRA, Terraform


def test_the_files_are_formatted(terraform: Terraform) -> None:
    assert terraform.run("fmt", "-check", "-recursive", "-no-color").output == ""


def test_the_files_are_valid_by_the_providers_schema(terraform: Terraform) -> None:
    done = terraform.run("validate", "-no-color")
    assert done.status == 0, done.output


def test_variables_refuse_what_they_should(terraform: Terraform) -> None:
    done = terraform.run("test", "-no-color")
    assert done.status == 0, done.output
    assert "0 failed" in done.output


@pytest.mark.parametrize("example", EXAMPLES)
@pytest.mark.parametrize("policy", POLICIES)
def test_a_plan_keeps_a_policy(plans: Mapping[str, Plan], example: str, policy: str) -> None:
    assert list(POLICIES[policy](plans[example])) == []


@pytest.mark.parametrize("policy", SOURCES)
def test_the_files_keep_a_policy(policy: str) -> None:
    assert list(SOURCES[policy](INFRA)) == []


def test_a_stage_is_one_entry(plans: Mapping[str, Plan]) -> None:
    # What a stage has does not depend on which it is: no file of Terraform names a function but to
    # say what it may do.
    text = "".join(
        path.read_text()
        for path in INFRA.rglob("*.tf")
        if path.name not in {"iam.tf", "monitoring.tf"}
    )
    assert [stage for stage in load_pipeline().functions if f'"{stage}"' in text] == []
    functions = {each.values["name"] for each in plans["full"].of_kind("cloudfunctions2_function")}
    assert functions == set(load_pipeline().functions)


def test_the_page_says_who_may_do_what() -> None:
    page = access.PAGE.read_text()
    assert "<!-- access -->" in page
    assert page == access.rendered(page), "run `make infra-access`"


def test_every_check_has_a_variant_that_it_must_catch() -> None:
    named = {mutant.caught_by for mutant in mutations.mutants()}
    assert named == {*POLICIES, *SOURCES, *mutations.STEPS, "plan"}


def test_broken_variants_are_caught() -> None:
    # A handful, others in each run; `make infra-mutations` tries all.
    found = {mutant.name: caught for mutant, caught in mutations.tried(mutations.handful(3))}
    assert [name for name, caught in found.items() if not caught] == []


def test_secrets_can_be_made_before_what_reads_them(terraform: Terraform) -> None:
    done = terraform.plan("small", "-target=google_secret_manager_secret.own")
    assert 'google_secret_manager_secret.own["pseudonym-key"] will be created' in done.output
    assert "google_cloudfunctions2_function" not in done.output
