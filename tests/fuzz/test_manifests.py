"""Any bytes as a manifest are one, or are refused with a reason and no value, in bounded memory.

The short form runs with every check; INLET_FUZZ_EXAMPLES sets how many mutations the long form
makes.
"""

from __future__ import annotations

import json
import os
import random
import tracemalloc
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.ingest.turns import HEADER_MIB
from shared.contracts.expected import MAX_EXPECTED_INSTANCES
from shared.contracts.manifest import DEFAULT_MANIFEST_LIMITS, Manifest, ManifestLimits
from shared.contracts.message import to_json
from shared.contracts.reasons import MANIFEST_REASONS
from shared.dicom.identity import USABLE_UID
from shared.errors import ContractError, PermanentError

EXAMPLES: Final = int(os.environ.get("INLET_FUZZ_EXAMPLES") or 300)
LIMITS: Final = ManifestLimits(max_bytes=4_000, max_studies=5, max_instances=8)
PLANTED: Final = "Rivera^Ana"
SAMPLE: Final = json.dumps(
    {
        "version": 1,
        "sender": PLANTED,
        "studies": [
            {"study_instance_uid": "1.2.840.1", "instances": 120, "patient": PLANTED},
            {"study_instance_uid": "1.2.840.2", "sop_instance_uids": ["1.2.840.2.1", "1.2.3"]},
            {"study_instance_uid": "1.2.840.3"},
        ],
    },
    indent=1,
).encode()
PIECES: Final = (
    b"NaN", b"-0", b"1e999", b"null", b"true", b'"', b"\\", b"\\ud800", b"\x00", b"\xff",
    b"[" * 3_000, b"9" * 3_900, b"{}", b"[]", b",", b'"instances":', b'"version":2', b'"1.2.3"',
    b"\xef\xbb\xbf",
)  # fmt: skip

fuzzed = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def judge(data: bytes) -> Manifest | str:
    """Read some bytes as a manifest; check what must hold of any result."""
    try:
        manifest = Manifest.from_json(data, LIMITS)
    except PermanentError as error:
        return _judged(error)
    assert Manifest.from_json(to_json(manifest.to_data()), LIMITS) == manifest
    named = [uid for study in manifest.studies for uid in study.sop_instance_uids]
    uids = [study.study_instance_uid for study in manifest.studies] + named
    assert len(manifest.studies) <= LIMITS.max_studies
    assert len(named) <= LIMITS.max_instances
    assert len(set(uids)) == len(uids)
    assert all(map(USABLE_UID.fullmatch, uids))
    for study in manifest.studies:
        assert study.instances is None or 1 <= study.instances <= MAX_EXPECTED_INSTANCES
    return manifest


def _judged(error: PermanentError) -> str:
    assert error.reason in MANIFEST_REASONS
    assert PLANTED not in str(error)
    assert not isinstance(error, ContractError) or error.problems
    return error.reason


def mutated(chance: random.Random) -> bytes:
    """Return the sample with bytes flipped, cut, repeated, and pieces that do not belong."""
    changed = bytearray(SAMPLE)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(max(len(changed), 1))
        match chance.randrange(5):
            case 0:
                changed[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del changed[at : at + chance.randint(1, 10)]
            case 2:
                changed[at:at] = changed[at : at + chance.randint(1, 200)]
            case 3:
                changed[at:at] = chance.choice(PIECES)
            case _:
                del changed[max(at, 1) :]
    return bytes(changed)


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("1.2.3"),
    lambda inner: st.lists(inner, max_size=12)
    | st.dictionaries(
        st.sampled_from(["version", "studies", "study_instance_uid", "instances",
                         "sop_instance_uids"]) | st.text(),
        inner,
    ),
    max_leaves=25,
)  # fmt: skip


@fuzzed
@given(st.binary(max_size=2_000))
def test_any_bytes(data: bytes) -> None:
    judge(data)


@fuzzed
@given(json_values)
def test_any_json(value: object) -> None:
    judge(json.dumps(value).encode())
    judge(json.dumps({"studies": [value]}).encode())


def test_mutated_manifests() -> None:
    chance = random.Random("manifests")
    results = [judge(mutated(chance)) for _ in range(EXAMPLES * 4)]
    read = [result for result in results if isinstance(result, Manifest)]
    assert any(manifest.studies for manifest in read)
    refused = {result for result in results if isinstance(result, str)}
    assert {"invalid-manifest", "manifest-too-large", "manifest-too-many-studies"} <= refused


def _full_of(piece: bytes) -> bytes:
    """Return the largest JSON that is read whole, made of one piece again and again."""
    before, after = (
        '{"\U0001f600":['.encode(),
        b"]}",
    )  # one such character makes a text four times as wide
    room = DEFAULT_MANIFEST_LIMITS.max_bytes - len(before) - len(after)
    return before + b",".join([piece] * (room // (len(piece) + 1))) + after


@pytest.mark.parametrize(
    "piece",
    [b"{}", b'{"a":{"":1}}', b"[" * 900 + b"]" * 900],
    ids=lambda piece: piece[:12].decode(),
)
def test_the_worst_takes_no_more_memory_than_the_worst_header(piece: bytes) -> None:
    data = _full_of(piece)
    tracemalloc.start()
    try:
        Manifest.from_json(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(data) < peak < HEADER_MIB << 20
