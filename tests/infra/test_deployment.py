import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from shared.contracts.targets import NAME
from tests.infra import access, mutations
from tests.infra.plan import Plan
from tests.infra.policies.everything import POLICIES, SOURCES
from tests.infra.terraform import EXAMPLES, INFRA, Terraform

DEPLOYED = Path(__file__).with_name("deployed.yaml")
STAGE = """\
  billing:
    description: Counts what was archived.
    trigger: {topic: outcomes}
    delivery: {ack_deadline_s: 600, min_backoff_s: 10, max_backoff_s: 600, max_attempts: 50}
    resources: {memory_mib: 512, cpu: 1, concurrency: 80, timeout_s: 540}
    environment:
      INLET_DATASET: {dataset: imaging}
"""


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


def test_the_full_example_is_everything_that_is_named(plans: Mapping[str, Plan]) -> None:
    listed: Mapping[str, list[str]] = yaml.safe_load(DEPLOYED.read_text())
    named = [address for addresses in listed.values() for address in addresses]
    planned = {re.sub(r"\[.*?\]", "", each.address) for each in plans["full"].resources}
    assert sorted(named) == sorted(planned)


def test_a_target_has_the_name_that_the_contract_says() -> None:
    assert f'"^{NAME.pattern}$"' in (INFRA / "variables.tf").read_text()


@pytest.mark.parametrize("policy", SOURCES)
def test_the_files_keep_a_policy(policy: str) -> None:
    assert list(SOURCES[policy](INFRA)) == []


def test_a_further_stage_is_one_entry(terraform: Terraform, tmp_path: Path) -> None:
    more = terraform.copied(tmp_path / "checkout")
    pipeline = more.folder / "pipeline.yaml"
    pipeline.write_text(pipeline.read_text().replace("\nfunctions:\n", f"\nfunctions:\n{STAGE}"))
    (tmp_path / "checkout" / "build" / "bundles" / "billing-0123456789abcdef.zip").touch()
    done = more.plan("small")
    assert done.status == 0, done.output
    made = [each for each in more.planned("small").resources if '["billing"]' in each.address]
    assert Counter(each.kind.removeprefix("google_") for each in made) == {
        "cloudfunctions2_function": 1,
        "cloud_run_v2_service_iam_member": 1,
        "monitoring_alert_policy": 2,
        "pubsub_subscription": 1,
        "pubsub_subscription_iam_member": 1,
        "service_account": 2,
        "service_account_iam_member": 1,
        "storage_bucket_object": 1,
    }


def test_the_page_says_who_may_do_what() -> None:
    page = access.PAGE.read_text()
    assert "<!-- access -->" in page
    assert page == access.rendered(page), "run `make infra-access`"


def test_every_check_has_a_variant_that_it_must_catch() -> None:
    named = {mutant.caught_by for mutant in mutations.mutants()}
    assert named == {*POLICIES, *SOURCES, *mutations.STEPS, "plan"}


def test_broken_variants_are_caught(terraform: Terraform) -> None:
    # A handful, others in each run; `make infra-mutations` tries all.
    chosen = mutations.handful(3)
    found = {mutant.name: caught for mutant, caught in mutations.tried(chosen, terraform)}
    assert [name for name, caught in found.items() if not caught] == []


def test_secrets_can_be_made_before_what_reads_them(terraform: Terraform) -> None:
    done = terraform.plan("small", "-target=google_secret_manager_secret.own")
    assert 'google_secret_manager_secret.own["pseudonym-key"] will be created' in done.output
    assert "google_cloudfunctions2_function" not in done.output
