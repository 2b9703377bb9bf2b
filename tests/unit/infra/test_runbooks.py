"""What the runbooks tell to be typed is right as far as it can be told without a cloud."""

import re
import subprocess

import pytest

from infra.definition import Kind, load_pipeline
from infra.docs import ROOT
from infra.operate.__main__ import _parser

PAGES = ("infra/RUNBOOKS.md", "infra/README.md")
BLOCK = re.compile(r"^```(sh|console|sql)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TEXT = (ROOT / "infra" / "RUNBOOKS.md").read_text()


def _blocks(page: str, kind: str) -> list[str]:
    found = BLOCK.findall((ROOT / page).read_text())
    return [text for this, text in found if this == kind]


def _lines() -> list[str]:
    blocks = [block for page in PAGES for block in _blocks(page, "sh")]
    return [line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]


def _secrets() -> set[str]:
    functions = load_pipeline().functions.values()
    references = [each for function in functions for each in function.environment.values()]
    return {each.name for each in references if each.kind is Kind.SECRET}


@pytest.mark.parametrize("block", [block for page in PAGES for block in _blocks(page, "sh")])
def test_a_block_is_of_the_shell(block: str) -> None:
    done = subprocess.run(["bash", "-n"], input=block, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_secret_is_one_of_ours() -> None:
    lines = "\n".join(_lines())
    added = set(re.findall(r"gcloud secrets versions add ([\w-]+)", lines))
    named = set(re.findall(r"--secret=([\w-]+)", lines))
    assert added
    assert added | named <= _secrets()


def test_every_subscription_is_one_of_ours() -> None:
    pushes = {name for function in load_pipeline().functions.values() for name in function.pushes}
    sought = set(re.findall(r"pubsub subscriptions seek ([\w-]+)", "\n".join(_lines())))
    assert sought
    assert sought <= pushes


def test_every_kms_key_is_one_of_ours() -> None:
    keys = set(re.findall(r"--key=([\w-]+)|cryptoKeys/([\w-]+)", "\n".join(_lines())))
    ours = (ROOT / "infra" / "keys.tf").read_text()
    names = {name for pair in keys for name in pair if name}
    assert names
    assert all(re.search(rf"(?m)^    {name} += \[", ours) for name in names)


def test_every_target_of_make_and_every_target_of_terraform_exists() -> None:
    lines = "\n".join(_lines())
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"(?m)^make ([a-z-]+)", lines):
        assert f"\n{target}:" in makefile, target
    sources = "".join(path.read_text() for path in (ROOT / "infra").glob("*.tf"))
    for target in re.findall(r"-target='?([\w.]+)'?", lines):
        kind, _, name = target.partition(".")
        declared = f'module "{name}"' if kind == "module" else f'resource "{kind}" "{name}"'
        assert declared in sources, target


def test_every_variable_that_is_named_exists() -> None:
    declared = re.findall(r'(?m)^variable "(\w+)"', (ROOT / "infra" / "variables.tf").read_text())
    named = {
        "deletion_protection", "facilities_file", "facility_identity_providers",
        "facility_members", "key_rotation_days", "max_instances", "monthly_budget",
        "quarantine_days", "region", "secret_versions", "soft_delete_days",
    }  # fmt: skip
    assert {name for name in named if f"`{name}`" not in TEXT} == set()
    assert named <= set(declared)


def test_every_command_of_ours_is_understood() -> None:
    commands = re.findall(r"\$ python -m infra\.operate ((?:\\\n|[^\n])*)", TEXT)
    assert commands
    for command in commands:
        split = subprocess.run(
            ["bash", "-c", f"printf '%s\\n' {command}"], text=True, capture_output=True, check=True
        )
        _parser().parse_args(split.stdout.splitlines())


def test_every_runbook_says_when_how_and_what_not() -> None:
    sections = re.split(r"(?m)^## ", TEXT)[1:]
    for section in sections:
        title = section.partition("\n")[0]
        assert "**It worked** when" in section or "Rotate" in title, title
        assert "**It does not**" in section or "Restore" in title, title


def test_every_runbook_is_in_the_list() -> None:
    titles = re.findall(r"(?m)^## (.*)$", TEXT)
    anchors = {re.sub(r"[^a-z -]", "", title.lower()).replace(" ", "-") for title in titles}
    linked = set(re.findall(r"\(#([a-z-]+)\)", TEXT))
    assert linked == anchors
