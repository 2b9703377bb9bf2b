"""A manifest says what it says, or why it is none; and no limit is passed unnoticed."""

import json

import pytest

from shared.contracts.encoding import MAX_DECODED_BYTES, decoded
from shared.contracts.expected import MAX_EXPECTED_INSTANCES
from shared.contracts.manifest import (
    DEFAULT_MANIFEST_LIMITS,
    MANIFEST_LIMITS,
    Manifest,
    ManifestStudy,
)
from shared.contracts.message import to_json
from shared.contracts.outcome import ExpectedStudy, Outcome, OutcomeKind, Reference
from shared.errors import ContractError, LimitError, PermanentError
from tests.outcomes import an_outcome

FULL = Manifest(
    studies=(
        ManifestStudy(study_instance_uid="1.2.1", instances=120),
        ManifestStudy(study_instance_uid="1.2.2", sop_instance_uids=("1.2.2.1", "1.2.2.2")),
        ManifestStudy(study_instance_uid="1.2.3", instances=1, sop_instance_uids=("1.2.3.1",)),
        ManifestStudy(study_instance_uid="1.2.4"),
    )
)


def _read(data: object) -> Manifest:
    return Manifest.from_json(json.dumps(data).encode())


def _problems(data: object) -> list[str]:
    with pytest.raises(ContractError) as caught:
        _read(data)
    assert caught.value.reason == "invalid-manifest"
    return list(caught.value.problems)


def _of_study(**study: object) -> object:
    return {"studies": [{"study_instance_uid": "1.2"} | study]}


def test_a_manifest_survives_the_journey() -> None:
    assert Manifest.from_json(to_json(FULL.to_data())) == FULL


@pytest.mark.parametrize(
    "data", ["{}", '{"version": 1}', '{"studies": null}', '{"studies": []}', "\ufeff{}\r\n"]
)
def test_without_studies_all_was_sent(data: str) -> None:
    assert Manifest.from_json(data.encode()) == Manifest()


def test_unknown_fields_are_ignored() -> None:
    data = {"sender": "\ud800", "studies": [{"study_instance_uid": "1.2", "patient": {"id": 1}}]}
    assert _read(data) == Manifest(studies=(ManifestStudy(study_instance_uid="1.2"),))


@pytest.mark.parametrize("version", [0, 2, -1, 10**18, "one", True, 1.0, []])
def test_an_unknown_version_is_refused_alone(version: object) -> None:
    with pytest.raises(ContractError) as caught:
        _read({"version": version, "studies": [3]})
    assert caught.value.reason == "unknown-manifest-version"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"{",
        b"{} {}",
        b"\xff\xfe{\x00}\x00",
        "{}".encode("utf-16"),
        b'{"a": "\xe9"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 500 + b"]" * 500,
        b'{"version": ' + b"9" * 5_000 + b"}",
        b'{"version": NaN}',
        b'{"other": Infinity}',
        b'{"version": 1, "version": 1}',
        b'{"studies": [{"study_instance_uid": "1.2", "study_instance_uid": "1.3"}]}',
        b"null",
        b"[]",
        b'"{}"',
        b"1",
        b"{'studies': []}",
        b"\x1f\x8b\x08\x00",
    ],
)
def test_what_is_no_json_object_is_refused(data: bytes) -> None:
    with pytest.raises(ContractError) as caught:
        Manifest.from_json(data)
    assert caught.value.reason == "invalid-manifest"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"studies": {}}, "studies"),
        ({"studies": "1.2"}, "studies"),
        ({"studies": [{}]}, "studies[0].study_instance_uid"),
        (_of_study(study_instance_uid=""), "studies[0].study_instance_uid"),
        (_of_study(study_instance_uid=12), "studies[0].study_instance_uid"),
        (_of_study(study_instance_uid="../1.2"), "studies[0].study_instance_uid"),
        (_of_study(study_instance_uid="1.2\n"), "studies[0].study_instance_uid"),
        (_of_study(study_instance_uid="1" * 65), "studies[0].study_instance_uid"),
        (_of_study(study_instance_uid="\u0661.2"), "studies[0].study_instance_uid"),
        (_of_study(instances=0), "studies[0].instances"),
        (_of_study(instances=-1), "studies[0].instances"),
        (_of_study(instances=MAX_EXPECTED_INSTANCES + 1), "studies[0].instances"),
        (_of_study(instances=10**400), "studies[0].instances"),
        (_of_study(instances=1.5), "studies[0].instances"),
        (_of_study(instances=True), "studies[0].instances"),
        (_of_study(instances=[1]), "studies[0].instances"),
        (_of_study(sop_instance_uids="1.2.3"), "studies[0].sop_instance_uids"),
        (_of_study(sop_instance_uids=[3]), "studies[0].sop_instance_uids"),
        (_of_study(sop_instance_uids=[["1.2.3"]]), "studies[0].sop_instance_uids"),
        (_of_study(sop_instance_uids=["1.2.3", "x"]), "studies[0].sop_instance_uids[1]"),
        (_of_study(sop_instance_uids=["1.2.3", "1.2.3"]), "studies[0].sop_instance_uids[1]"),
        (_of_study(instances=2, sop_instance_uids=["1.2.3"]), "studies[0].instances"),
        (
            {"studies": [{"study_instance_uid": "1.2"}, {"study_instance_uid": "1.2"}]},
            "studies[1].study_instance_uid",
        ),
    ],
)
def test_a_field_that_is_not_as_it_should_be_is_named(data: object, field: str) -> None:
    assert {problem.partition(" ")[0] for problem in _problems(data)} == {field}


@pytest.mark.parametrize("study", ["1.2", 1, [], None])
def test_a_study_that_is_no_object_is_named(study: object) -> None:
    assert "studies[1]. is not an object" in _problems(
        {"studies": [{"study_instance_uid": "1.2"}, study]}
    )


def test_every_problem_is_listed_and_no_value() -> None:
    problems = _problems(
        {
            "studies": [
                {"study_instance_uid": "SECRET", "instances": "SECRET"},
                {"study_instance_uid": "1.2", "sop_instance_uids": ["SECRET"]},
                {"SECRET": 1},
            ]
        }
    )
    assert {problem.partition(" ")[0] for problem in problems} == {
        "studies[0].study_instance_uid",
        "studies[0].instances",
        "studies[1].sop_instance_uids[0]",
        "studies[2].study_instance_uid",
    }
    assert "SECRET" not in " ".join(problems)


def _of_bytes(number: int) -> bytes:
    return b"{}".ljust(number)


def _of_studies(number: int) -> bytes:
    return to_json({"studies": [{"study_instance_uid": f"1.2.{n}"} for n in range(number)]})


def _of_instances(number: int) -> bytes:
    """Half of them in each of two studies."""
    uids = [f"1.2.{n}" for n in range(number)]
    halves = uids[: number // 2], uids[number // 2 :]
    return to_json(
        {
            "studies": [
                {"study_instance_uid": f"1.3.{n}", "sop_instance_uids": half}
                for n, half in enumerate(halves)
            ]
        }
    )


AT = {"max_bytes": _of_bytes, "max_studies": _of_studies, "max_instances": _of_instances}


@pytest.mark.parametrize("limit", MANIFEST_LIMITS, ids=lambda limit: limit.field)
def test_what_is_within_a_limit_is_read_and_what_exceeds_it_refused(limit: object) -> None:
    (row,) = [row for row in MANIFEST_LIMITS if row is limit]
    assert row.default == getattr(DEFAULT_MANIFEST_LIMITS, row.field)
    Manifest.from_json(AT[row.field](row.default))
    with pytest.raises(LimitError) as caught:
        Manifest.from_json(AT[row.field](row.default + 1))
    assert caught.value.reason == row.reason


@pytest.mark.parametrize("element", ["{}", "0", "[]", '""', '{"sop_instance_uids":[0,0]}'])
def test_what_is_no_study_counts_too(element: str) -> None:
    data = '{"studies": [' + ",".join([element] * 20_001) + "]}"
    with pytest.raises(PermanentError) as caught:
        Manifest.from_json(data.encode())
    assert caught.value.reason == "manifest-too-many-studies"


def test_the_largest_fits_a_message() -> None:
    limits = DEFAULT_MANIFEST_LIMITS
    uid = "1.{:062d}".format
    outcome = an_outcome(
        OutcomeKind.IGNORED,
        references=tuple(
            Reference(sop_instance_uid=uid(n), file_id="", study_instance_uid=uid(0))
            for n in range(limits.max_instances)
        ),
        expected=tuple(
            ExpectedStudy(study_instance_uid=uid(n), instances=MAX_EXPECTED_INSTANCES)
            for n in range(limits.max_studies)
        ),
    )
    message = outcome.to_message()
    size = len(decoded(message, "outcome"))
    assert size < 220 * limits.max_instances + 150 * limits.max_studies < MAX_DECODED_BYTES
    assert Outcome.from_message(message) == outcome
