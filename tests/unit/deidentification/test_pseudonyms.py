"""Pseudonyms depend on the original, the key, the project and the kind, and on nothing else."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.dicom.deidentification import PseudonymKey
from shared.dicom.deidentification.pseudonyms import LARGEST_DAY_OFFSET, is_standard_uid

SECRET = b"a secret that is long enough"
KEY = PseudonymKey(SECRET, "project-one")
texts = st.text(min_size=1, max_size=64)


def test_known_pseudonyms_never_change() -> None:
    assert KEY.uid("1.2.3") == "2.25.75377152206201460490165067935615896101"
    assert KEY.patient_id("4711", "HOSPITAL") == "5G4GXJW4WYUJF6E6"
    assert KEY.accession_number("A1") == "4ZUYJF6XZ54QNQRS"


@given(texts)
def test_a_uid_is_a_uuid_in_decimal(original: str) -> None:
    assume(not is_standard_uid(original))
    uid = KEY.uid(original)
    assert re.fullmatch(r"2\.25\.[1-9][0-9]*", uid)
    assert len(uid) <= 64
    number = int(uid[5:])
    assert (number >> 76 & 0xF, number >> 62 & 0x3) == (8, 2)


@given(texts, texts)
def test_pseudonyms_are_equal_exactly_when_originals_are(one: str, other: str) -> None:
    assert (KEY.patient_id(one) == KEY.patient_id(other)) == (one == other)
    assert (KEY.accession_number(one) == KEY.accession_number(other)) == (one == other)


@given(texts)
def test_key_project_issuer_and_kind_separate(original: str) -> None:
    pseudonyms = {
        KEY.patient_id(original),
        KEY.patient_id(original, "ISSUER"),
        KEY.study_patient_id(original),
        KEY.accession_number(original),
        PseudonymKey(SECRET, "project-two").patient_id(original),
        PseudonymKey(SECRET[::-1], "project-one").patient_id(original),
    }
    assert len(pseudonyms) == 6


def test_a_key_has_an_id_that_tells_it_from_others_and_is_no_pseudonym() -> None:
    assert KEY.key_id == PseudonymKey(SECRET, "project-one").key_id == "d24869d22eea5678"
    assert re.fullmatch("[0-9a-f]{16}", KEY.key_id)
    others = PseudonymKey(SECRET, "project-two"), PseudonymKey(SECRET[::-1], "project-one")
    assert KEY.key_id not in {key.key_id for key in others}
    assert SECRET.hex()[:16] != KEY.key_id
    for kind in ("original", "value", "uid", "patient-id"):
        assert not KEY.token(kind, "").startswith(KEY.key_id)


def test_a_patient_without_an_id_is_known_by_the_study() -> None:
    assert KEY.patient("4711", "HOSPITAL", "1.2") == KEY.patient_id("4711", "HOSPITAL")
    assert KEY.patient("", "HOSPITAL", "1.2") == KEY.study_patient_id("1.2")
    assert KEY.patient("", "", "1.2") != KEY.patient("", "", "1.3")


@given(texts, st.integers(1, 10**12))
def test_times_of_an_instance_move_together_and_keep_their_order(uid: str, later: int) -> None:
    first = datetime(2026, 1, 2, tzinfo=UTC)
    second = first + timedelta(microseconds=later)
    moved = first + KEY.time_offset(uid), second + KEY.time_offset(uid)
    assert moved[1] - moved[0] == second - first
    assert timedelta(0) < first - moved[0] <= timedelta(days=LARGEST_DAY_OFFSET)
    assert KEY.time_offset(uid) != KEY.time_offset(f"{uid}.1")


def test_parts_do_not_run_together() -> None:
    assert KEY.patient_id("bc", "a") != KEY.patient_id("c", "ab")


@pytest.mark.parametrize(
    "uid", ["1.2.840.10008.1.2.1", "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.4.1.1"]
)
def test_uids_of_the_standard_stand(uid: str) -> None:
    assert KEY.uid(uid) == uid


def test_a_uid_that_only_looks_like_the_standards_is_replaced() -> None:
    assert KEY.uid("1.2.840.10008.5.1.4.1.1.2.4711").startswith("2.25.")


def test_the_secret_is_not_shown() -> None:
    assert "secret" not in repr(KEY)


def test_a_short_secret_is_refused_without_being_shown() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes") as raised:
        PseudonymKey(b"zebra", "project-one")
    assert "zebra" not in str(raised.value)
