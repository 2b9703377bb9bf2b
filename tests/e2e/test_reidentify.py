"""The way back from a copy to its original, and a rotation's end, on the local cloud."""

import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.drop import Upload, drop
from infra.local.layout import ROOT
from shared.dicom.deidentification.profile import BASIC
from tests.builders import an_instance
from tests.e2e.conftest import Cloud
from tests.e2e.watch import query, until

PATIENT = 950
ALLOWED = {"INLET_REIDENTIFICATION": "allowed"}


def _operate(cloud: Cloud, *arguments: str, setting: dict[str, str]) -> tuple[int, str]:
    environment = {**cloud.environment, "PATH": "", "HOME": str(Path.home()), **setting}
    done = subprocess.run(
        [sys.executable, "-m", "infra.operate", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_copy_leads_to_its_original_by_the_key_alone(cloud: Cloud) -> None:
    description = "FOR REIDENTIFICATION"
    data = an_instance(
        patient=PATIENT, PatientID="PLANTED-ID", IssuerOfPatientID="CLINIC", KVP="87.5"
    )
    drop(cloud.clients, [Upload(name=f"demo-hospital/{description}", content=data)])
    copies = until(
        lambda: query(
            cloud,
            "SELECT PatientID, KeyId FROM research.instances_current "
            "WHERE JSON_VALUE(Metadata, '$.\"00180060\".Value[0]') = '87.5'",
        )
    )
    (copy,) = copies
    key_file = str(cloud.layout.secrets / "pseudonym-key")
    question = [
        *("reidentify", "--key-file", key_file, "--project", "research"),
        *("--who", "Dr. Made Up", "--reason", "a finding", "--patient", copy["PatientID"]),
    ]
    refused, said = _operate(cloud, *question, setting={})
    assert (refused, "PLANTED-ID" in said) == (2, False)
    answered, said = _operate(cloud, *question, setting=ALLOWED)
    assert answered == 0, said
    assert ["PatientID", "PLANTED-ID"] in [line.split() for line in said.splitlines()]
    (asked,) = query(cloud, "SELECT * FROM imaging.reidentifications")
    assert (asked["Pseudonym"], asked["Found"]) == (copy["PatientID"], True)
    assert asked["KeyId"] == copy["KeyId"]
    assert "PLANTED-ID" not in str(asked)
    (audited,) = query(
        cloud,
        "SELECT DISTINCT KeyId, Profile FROM imaging.deid_audit "
        "WHERE Outcome = 'deidentified' AND Facility = 'demo-hospital'",
    )
    assert (audited["KeyId"], audited["Profile"]) == (copy["KeyId"], "basic")


@pytest.mark.parametrize(
    ("option", "column"), [("--key-id", "KeyId"), ("--profile-digest", "ProfileDigest")]
)
def test_the_statement_that_is_told_removes_those_rows_alone(
    cloud: Cloud, option: str, column: str
) -> None:
    old, other = "0" * 16, "1" * 16
    for value in (old, other):
        query(
            cloud,
            f"INSERT INTO research.instances (ObjectUri, Generation, LastUpdated, {column}) "
            f"VALUES ('gs://research/made/up', 1, TIMESTAMP '2026-01-02 03:04:05+00', '{value}')",
        )
    status, said = _operate(cloud, "copies", "remove", option, old, setting={})
    assert status == 0, said
    query(cloud, said.strip().rpartition(": ")[2])
    left = query(cloud, f"SELECT {column} FROM research.instances WHERE ObjectUri LIKE '%/made/up'")
    query(cloud, f"DELETE FROM research.instances WHERE {column} = '{other}'")
    assert left == [{column: other}]


def test_copies_are_listed_by_what_made_them(cloud: Cloud) -> None:
    drop(cloud.clients, [Upload(name="demo-hospital/listed", content=an_instance(patient=951))])
    (copy, *_) = until(
        lambda: query(
            cloud,
            f"SELECT KeyId FROM research.instances_current WHERE ProfileDigest = '{BASIC.digest}'",
        )
    )
    status, said = _operate(cloud, "copies", setting={})
    assert status == 0, said
    made_by = [line.split()[:4] for line in said.splitlines()]
    assert [copy["KeyId"], "basic", BASIC.digest, "yes"] in made_by
