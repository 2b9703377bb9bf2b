"""The search over real files notices a de-identifier that leaks, crashes or breaks references."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from shared.dicom.deidentification import PseudonymKey
from tests.benchmarks import corpus_deid
from tests.builders import a_uid, an_instance, written
from tests.score.draft import Draft
from tests.score.engines import Made, basic_profile, inlet
from tests.score.leaks import read
from tests.score.people import Person


@pytest.fixture(autouse=True)
def _no_dciodvfy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus_deid, "DCIODVFY", None)


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    return list(_study(tmp_path))


def _study(folder: Path) -> Iterator[Path]:
    """Two images of one study, the second of which is made from the first."""
    for number in (1, 2):
        dataset = read(
            an_instance(instance=number, BurnedInAnnotation="NO", PatientName="Quorra^Zyxel")
        )
        draft = Draft(name="", dataset=dataset, person=Person(0), options=frozenset())
        if number > 1:
            draft.set("SourceImageSequence.ReferencedSOPInstanceUID", a_uid(1, 1, 1, 1))
        path = folder / f"{number}.dcm"
        path.write_bytes(written(dataset))
        yield path


def test_a_whole_study_passes(paths: list[Path]) -> None:
    data = corpus_deid.run(basic_profile, paths).data()
    assert (data["files"], data["deidentified"]) == (2, 2)
    assert (data["leaking"], data["crashed"], data["references_lost"]) == (0, 0, 0)
    assert data["references_resolved"] == 1
    assert data["new_dciodvfy"] is None


def test_what_stays_is_told_by_its_attribute(paths: list[Path]) -> None:
    def leave(data: bytes) -> Made:
        copy = read(basic_profile(data).data or b"")
        copy.FilterType = "by zyxel"
        return Made(data=written(copy))

    found = corpus_deid.run(leave, paths)
    assert found.leaking == {name: ["00181160 has PatientName"] for name in ("1.dcm", "2.dcm")}


def test_who_changes_nothing_leaks_everywhere(paths: list[Path]) -> None:
    found = corpus_deid.run(lambda data: Made(data=data), paths)
    assert len(found.leaking) == 2
    kinds = {line.split()[-1] for lines in found.leaking.values() for line in lines}
    assert kinds >= {"PatientName", "PatientID", "StudyDate", "StudyInstanceUID"}


def test_what_is_raised_is_a_crash(paths: list[Path]) -> None:
    def crash(_: bytes) -> Made:
        raise ZeroDivisionError

    assert corpus_deid.run(crash, paths).crashed == {
        "1.dcm": "ZeroDivisionError",
        "2.dcm": "ZeroDivisionError",
    }


def test_references_that_no_longer_resolve_are_told(paths: list[Path]) -> None:
    numbers = count()

    def another_key_each_time(data: bytes) -> Made:
        return inlet(data, key=PseudonymKey(b"a secret of many bytes", f"{next(numbers)}"))

    data = corpus_deid.run(another_key_each_time, paths).data()
    assert (data["references_resolved"], data["references_lost"]) == (0, 1)


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PatientName", "Anonymous^Test"),  # names nobody
        ("StationName", "CT1"),  # too short
        ("StudyID", "1234"),
        ("InstitutionName", "Hospital"),  # neither is a common word: it identifies
    ],
)
def test_coincidences_are_stated(paths: list[Path], keyword: str, value: str) -> None:
    dataset = read(paths[0].read_bytes())
    setattr(dataset, keyword, value)
    known = {each.origin for each in corpus_deid.identifiers(dataset)}
    assert (keyword in known) is (keyword == "InstitutionName")
