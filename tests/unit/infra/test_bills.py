"""What is shipped: pinned as in the lock, listed in a bill, under licences that were read."""

import json
import re
from email.message import Message
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from infra.definition import load_pipeline
from infra.requirements import ROOT, read_lock
from infra.sbom import bill, licence, licences, packages, write_all

STAGES = list(load_pipeline().functions)
SHIPPED = [f"functions/{stage}/requirements.txt" for stage in STAGES]
# What was read and is compatible with Apache-2.0 as the functions use it: unmodified, installed
# from its own package. MPL-2.0 is certifi's list of certificates.
ALLOWED = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "MIT", "MIT-0",
           "MPL-2.0", "PSF-2.0", "Zlib"}  # fmt: skip
MPL = {"certifi", "orjson"}


def _terms(expression: str) -> set[str]:
    return set(re.split(r" AND | OR |[()]", expression)) - {""}


@pytest.mark.parametrize("name", [*SHIPPED, "requirements.lock"])
def test_only_licences_that_were_read_are_shipped(name: str) -> None:
    found = licences((ROOT / name).read_text())
    assert {package: said for package, said in found.items() if not _terms(said) <= ALLOWED} == {}
    assert {package for package, said in found.items() if "MPL" in said} <= MPL


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_package_tells_its_licence(name: str) -> None:
    lock = (ROOT / name).read_text()
    assert set(licences(lock)) == set(read_lock(lock))


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_shipped_is_pinned_as_in_the_lock(name: str) -> None:
    whole = read_lock((ROOT / "requirements.lock").read_text())
    shipped = read_lock((ROOT / name).read_text())
    assert {package: whole.get(package) for package in shipped} == shipped
    assert all("--hash=sha256:" in pins for pins in shipped.values())


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_nothing_is_installed_without_a_hash(name: str) -> None:
    pins = read_lock((ROOT / name).read_text())
    assert [package for package, pin in pins.items() if "--hash=sha256:" not in pin] == []


def test_bills_are_the_same_twice_and_name_their_bundles(tmp_path: Path) -> None:
    first, second = write_all(tmp_path / "a"), write_all(tmp_path / "b")
    assert [each.read_bytes() for each in first] == [each.read_bytes() for each in second]
    assert [each.name for each in first] == [f"{stage}.cdx.json" for stage in STAGES]
    for path in first:
        component = json.loads(path.read_text())["metadata"]["component"]
        (bundle,) = path.parent.glob(f"{component['bom-ref']}-*.zip")
        assert component["hashes"][0]["content"][:16] in bundle.name


@pytest.mark.parametrize("stage", STAGES)
def test_a_bill_has_every_pin_and_each_once(stage: str) -> None:
    lock = (ROOT / "functions" / stage / "requirements.txt").read_text()
    document = json.loads(json.dumps(bill(load_pipeline().functions[stage], "0" * 64)))
    listed = [(each["name"], each["version"]) for each in document["components"]]
    pinned = re.findall(r"(?m)^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock)
    assert listed == sorted(pinned)
    assert document["dependencies"][0]["dependsOn"] == [
        each["bom-ref"] for each in document["components"]
    ]
    hashes = sum(len(each["externalReferences"][0]["hashes"]) for each in document["components"])
    assert hashes == lock.count("--hash=sha256:")


class _Saying(Distribution):
    """A package that says this of itself."""

    def __init__(self, *headers: tuple[str, str]) -> None:
        self._message = Message()
        for name, value in headers:
            self._message[name] = value

    @property
    def metadata(self) -> Message:  # type: ignore[override]
        return self._message

    def read_text(self, filename: str) -> str | None:
        raise NotImplementedError(filename)

    def locate_file(self, path: object) -> Path:
        raise NotImplementedError(path)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([("License-Expression", "MIT"), ("License", "GPL")], "MIT"),
        ([("Classifier", "License :: OSI Approved :: MIT License"), ("License", "x")], "MIT"),
        (
            [
                ("Classifier", "License :: OSI Approved :: BSD License"),
                ("Classifier", "License :: OSI Approved :: Apache Software License"),
            ],
            "Apache-2.0 OR BSD-3-Clause",
        ),
        ([("License", "GPL-3.0-only\nall of its text")], "GPL-3.0-only"),
        ([], ""),
    ],
)
def test_a_licence_is_what_the_package_says(said: list[tuple[str, str]], expected: str) -> None:
    assert licence(_Saying(*said)) == expected
    assert (_terms(expected) <= ALLOWED) is (expected != "GPL-3.0-only")


def test_what_is_not_installed_has_no_bill() -> None:
    with pytest.raises(KeyError):
        packages("no-such-package==1 \\\n    --hash=sha256:" + "0" * 64 + "\n")
