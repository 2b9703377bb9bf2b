"""The scorer gives each de-identifier what it deserves; its key knows nothing of Inlet's rules."""

from __future__ import annotations

import ast
import io
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import UID

from shared.dicom.deidentification import PseudonymKey
from tests.score.bases import made_base
from tests.score.cases import all_places, burned_in_text, every_attribute, short_cases
from tests.score.engines import Engine, Made, basic_profile, inlet
from tests.score.key import Action, Option
from tests.score.leaks import found_in, read
from tests.score.report import page
from tests.score.scoring import Score, score

BASIC = frozenset[Option]()
DATES = frozenset({Option.MODIFIED_DATES})
KEPT = {Action.TAG_RETAINED, Action.TEXT_NOTNULL, Action.TEXT_RETAINED, Action.PIXELS_RETAINED}
INLET = "shared.dicom.deidentification"
SHIFT = timedelta(days=-371)


def percents(result: Score) -> dict[str, float]:
    return {action: row["percent"] for action, row in result.data()["per_action"].items()}


def scored(engine: Engine, options: frozenset[Option] = BASIC) -> Score:
    return score(engine, all_places(options, count=3), options)


def rewriting(change: Callable[[Dataset, Dataset], None]) -> Engine:
    """Inlet's copy, changed by someone who also has the original."""

    def engine(data: bytes) -> Made:
        made = basic_profile(data)
        assert made.data is not None
        copy = read(made.data)
        change(copy, read(data))
        return written(copy)

    return engine


def written(dataset: Dataset) -> Made:
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return Made(data=buffer.getvalue())


def unchanged(data: bytes) -> Made:
    return Made(data=data)


def empty(data: bytes) -> Made:
    original, bare = read(data), Dataset()
    bare.file_meta = original.file_meta
    for keyword in ("SourceApplicationEntityTitle", "SendingApplicationEntityTitle",
                    "PrivateInformation", "PrivateInformationCreatorUID"):  # fmt: skip
        bare.file_meta.pop(keyword, None)
    bare.file_meta.ImplementationVersionName = "NOBODY"
    bare.SOPClassUID, bare.SOPInstanceUID = original.SOPClassUID, "2.25.1"
    return written(bare)


def test_who_changes_nothing_hides_nothing() -> None:
    result = scored(unchanged)
    by_action = percents(result)
    assert {by_action[action] for action in KEPT if action in by_action} == {100.0}
    assert by_action[Action.TEXT_REMOVED] == 0.0
    assert by_action[Action.UID_CHANGED] == 0.0
    assert by_action[Action.DATE_SHIFTED] == 0.0
    assert len(result.leaks) > 50


def test_who_removes_everything_keeps_nothing() -> None:
    result = scored(empty)
    by_action = percents(result)
    assert by_action[Action.TEXT_REMOVED] == 100.0
    assert by_action[Action.DATE_SHIFTED] == 100.0
    assert by_action[Action.UID_CHANGED] == 100.0
    assert by_action[Action.TEXT_RETAINED] == 0.0
    assert by_action[Action.TAG_RETAINED] == 0.0
    assert by_action[Action.PIXELS_RETAINED] == 0.0
    assert result.leaks == []


def test_what_is_held_hides_and_is_not_said_to_keep() -> None:
    data = scored(lambda _: Made(data=None, reason="no")).data()
    assert data["held"]["reasons"] == {"no": 3}
    assert data["actions"] == data["passed"] == data["held"]["actions_hidden"] > 0
    assert KEPT & set(data["per_action"]) == set()
    expected = data["passed"] / (data["actions"] + data["held"]["actions_not_kept"])
    assert data["held"]["percent_if_missing"] == pytest.approx(100 * expected, abs=0.001)


def test_a_single_attribute_that_is_left_is_seen_twice() -> None:
    def leave(copy: Dataset, original: Dataset) -> None:
        copy.PatientComments = original.PatientComments

    best, result = scored(basic_profile), scored(rewriting(leave))
    assert failures(result) - failures(best) == {(Action.TEXT_REMOVED, "free text")}
    assert {leak.place for leak in result.leaks} - {leak.place for leak in best.leaks} == {
        "00104000"
    }


def failures(result: Score) -> set[tuple[str, str]]:
    return set(result.failing())


def test_a_required_attribute_that_is_lost_is_seen() -> None:
    def lose(copy: Dataset, _: Dataset) -> None:
        del copy.Modality, copy.StudyID
        copy.KVP = "121"

    lost = failures(scored(rewriting(lose))) - failures(scored(basic_profile))
    assert lost >= {
        (Action.TEXT_NOTNULL, "Type 1"),
        (Action.TAG_RETAINED, "Type 2"),
        (Action.TEXT_RETAINED, "DS"),
    }


def test_uids_and_ids_that_differ_between_objects_are_seen() -> None:
    calls = iter(range(100))

    def another_key_each_time(data: bytes) -> Made:
        return inlet(data, key=PseudonymKey(b"a secret of many bytes", f"{next(calls)}"))

    cases = list(all_places(BASIC, count=1)) * 3
    steady, fickle = (
        percents(score(engine, cases, BASIC)) for engine in (basic_profile, another_key_each_time)
    )
    for action in (Action.UID_CONSISTENT, Action.PATID_CONSISTENT):
        assert steady[action] == 100.0
        assert fickle[action] < 50.0
    assert fickle[Action.UID_CHANGED] == 100.0


def test_uids_that_become_one_are_seen() -> None:
    def merge(copy: Dataset, _: Dataset) -> None:
        copy.SOPInstanceUID = copy.StudyInstanceUID = copy.SeriesInstanceUID = UID("2.25.7")
        copy.file_meta.MediaStorageSOPInstanceUID = UID("2.25.7")

    failing = failures(scored(rewriting(merge)))
    assert {place for action, place in failing if action == Action.UID_CONSISTENT} >= {
        "SOPInstanceUID",
        "StudyInstanceUID",
        "SeriesInstanceUID",
    }


def moved(copy: Dataset, original: Dataset, *, by: timedelta) -> None:
    for keyword in ("StudyDate", "PatientBirthDate", "SeriesDate", "ContentDate"):
        day = date.fromisoformat(original[keyword].value) + by
        setattr(copy, keyword, f"{day:%Y%m%d}")


def test_days_must_move_equally_far() -> None:
    def evenly(copy: Dataset, original: Dataset) -> None:
        moved(copy, original, by=SHIFT)

    def unevenly(copy: Dataset, original: Dataset) -> None:
        moved(copy, original, by=SHIFT)
        copy.PatientBirthDate = "19440101"

    places = [
        {place for action, place in failures(scored(rewriting(each), DATES))
         if action == Action.DATE_SHIFTED}
        for each in (evenly, unevenly)
    ]  # fmt: skip
    assert places[1] - places[0] == {"Patient's Birth Date"}


@pytest.mark.parametrize(
    ("rows", "columns", "hidden", "retained"),
    [
        pytest.param((24, 34), (4, 52), 100.0, 100.0, id="box"),
        pytest.param((0, 64), (0, 64), 100.0, 0.0, id="everything"),
        pytest.param((44, 64), (0, 64), 0.0, 0.0, id="elsewhere"),
        pytest.param((0, 0), (0, 0), 0.0, 100.0, id="nothing"),
    ],
)
def test_pixels_must_be_hidden_in_their_box_alone(
    rows: tuple[int, int], columns: tuple[int, int], hidden: float, retained: float
) -> None:
    case = list(burned_in_text(BASIC))[1]
    assert case.burned is not None
    assert (case.burned.row, case.burned.column) == (24, 4)

    def blank(data: bytes) -> Made:
        dataset = read(data)
        pixels = np.frombuffer(dataset.PixelData, "<u2").reshape(64, 64).copy()
        pixels[slice(*rows), slice(*columns)] = 0
        dataset.PixelData = pixels.tobytes()
        return written(dataset)

    found = percents(score(blank, [case], BASIC))
    assert (found[Action.PIXELS_HIDDEN], found[Action.PIXELS_RETAINED]) == (hidden, retained)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_what_is_written_in_any_encoding_is_found(encoding: str) -> None:
    dataset = read(made_base(0).data)
    dataset.add_new(0x00282000, "OB", "of Чернозубов.".encode(encoding))
    made = written(dataset)
    assert made.data is not None
    assert set(found_in(made.data, ["Чернозубов", "Xylandroth"])) == {"Чернозубов"}


def test_a_number_inside_a_longer_one_is_no_finding() -> None:
    dataset = read(made_base(0).data)
    dataset.SeriesDescription, dataset.StudyDescription = "94418829", "AB4418829"
    made = written(dataset)
    assert made.data is not None
    assert found_in(made.data, ["4418829"]) == {"4418829": {"00081030"}}


def test_every_attribute_is_planted_once() -> None:
    cases = list(every_attribute(BASIC, every=40, depths=1))
    assert len(cases) > 5
    assert all(len(case.checks) > 12 for case in cases)


def test_a_score_of_inlet_in_short() -> None:
    result = score(basic_profile, short_cases(BASIC), BASIC)
    by_action = percents(result)
    whole = {*KEPT, Action.UID_CHANGED, Action.UID_CONSISTENT, Action.PATID_CONSISTENT}
    assert {by_action[action] for action in whole} == {100.0}
    assert by_action[Action.DATE_SHIFTED] == 100.0
    assert result.data()["percent"] > 99.0
    assert result.held.total() < result.objects / 4


def test_the_page_tells_what_failed_and_what_is_left() -> None:
    result = scored(unchanged)
    text = page({"nothing": result}, {"nothing": (basic_profile, BASIC)}, "Made-up objects.")
    assert text.count("data:image/png;base64,") > len(list(burned_in_text(BASIC)))
    assert "<td>text_removed</td><td>free text</td>" in text
    assert "00100010 PatientName" in text


def test_the_key_knows_nothing_of_the_rules() -> None:
    for path in Path(__file__).parent.glob("*.py"):
        imported = {
            node.module or ""
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.ImportFrom)
        }
        ours = {name for name in imported if name.startswith("shared.dicom.")}
        if path.name == "engines.py" or path.name.startswith("test_"):
            assert not {name for name in ours if name.startswith(f"{INLET}.")}
        else:
            assert ours <= {"shared.dicom.validation.modules"}, path.name
