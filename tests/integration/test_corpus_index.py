"""Real files into real tables: all is there once, as it is in the files, and nobody is named.

The short form of `make corpus-index`, on files that pydicom ships.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shared.ports import Row, RowSink
from tests.benchmarks import corpus_index
from tests.benchmarks.corpus_index import found
from tests.benchmarks.settled import settled
from tests.builders import a_uid, an_instance
from tests.conftest import Environment
from tests.score.bases import SHIPPED, real_paths

ODD = (
    *(
        "DICOMDIR",
        "test-SR.dcm",
        "reportsi.dcm",
        "liver_1frame.dcm",
        "waveform_ecg.dcm",
        "rtplan.dcm",
    ),
    *("rtdose.dcm", "rtstruct.dcm", "image_dfl.dcm", "badVR.dcm", "empty_charset_LEI.dcm"),
    *("chrH31.dcm", "chrX1.dcm", "priv_SQ.dcm", "CT_small.dcm", "MR_small.dcm", "MR_truncated.dcm"),
    *("ExplVR_BigEndNoMeta.dcm", "no_meta.dcm", "nested_priv_SQ.dcm"),
)
EVERY = 16
WORD = "Zyxelquorra"


@pytest.fixture(autouse=True, scope="module")
def _server(bigquery_server: Environment) -> Any:
    with pytest.MonkeyPatch.context() as patched:
        for name, value in bigquery_server.items():
            patched.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def report(_server: None, bigquery_server: Environment) -> Mapping[str, Any]:
    shipped = list(real_paths(SHIPPED))
    by_name = {path.name: path for path in shipped}
    odd = [by_name[name] for name in ODD]
    again = [by_name["CT_small.dcm"]] * 3  # two of them to one facility
    return found(settled([*odd, *shipped[::EVERY], *again], bigquery_server, seed=1))


def test_every_accepted_instance_is_there_once(report: Mapping[str, Any]) -> None:
    details = report["details"]
    assert (details["missing"], details["never_accepted"], details["repeated"]) == ([], [], [])
    assert report["accepted"] == report["current_rows"] > 20
    assert {"archived", "duplicate", "quarantined", "ignored"} < details["outcomes"].keys()
    assert details["deliveries"] > 9 * report["accepted"]


def test_the_account_adds_up(report: Mapping[str, Any]) -> None:
    assert report["details"]["account"] == []


def test_every_view_runs(report: Mapping[str, Any]) -> None:
    assert report["details"]["failed_views"] == {}
    assert report["views"] == report["views_ok"] > 10


@pytest.mark.parametrize("column", corpus_index.GOLDEN)
def test_a_column_holds_what_pydicom_reads(report: Mapping[str, Any], column: str) -> None:
    details = report["details"]
    assert details["differing_values"][column] == []
    assert (
        details["equal_values"][column] + len(details["unreadable_values"][column])
        == (report["current_rows"])
    )


def test_research_identifies_nobody(report: Mapping[str, Any]) -> None:
    assert report["details"]["leaks"] == []
    assert report["details"]["research_values"] > 1000


@dataclass(frozen=True, slots=True)
class _Worse:
    """Tables that lose an instance and its account, misread the rest, and tell whose copies are."""

    tables: RowSink

    def append(self, table: str, rows: Sequence[Row]) -> None:
        kept = [row for row in rows if row.get("SOPInstanceUID") != a_uid(1, 1, 1, 1)]
        changes: dict[str, object] = {}
        if table == "research.instances":
            changes = {"StationName": WORD.upper()}
        elif table == "imaging.instances":
            changes = {"Rows": 17}
        self.tables.append(table, [{**row, **changes} for row in kept])


def test_what_is_wrong_is_found(bigquery_server: Environment, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        content = an_instance(instance=number, PatientName=WORD, BurnedInAnnotation="NO")
        (tmp_path / str(number)).write_bytes(content)
    it = settled(sorted(tmp_path.iterdir()), bigquery_server, seed=1, worse=_Worse)
    it.client.delete_table("imaging.open_uploads")
    current = it.rows("imaging.instances_current")
    counted = corpus_index.wrong(corpus_index.accepted(it), current)
    assert counted["missing"] == [f"demo-hospital {a_uid(1, 1, 1, 1)}"]
    assert corpus_index.account(it) == ["demo-hospital 2026-01-02"]
    shown, failed = corpus_index.views(it, ["imaging.open_uploads", "imaging.landed_current"])
    assert (list(shown), list(failed)) == (["imaging.landed_current"], ["imaging.open_uploads"])
    compared = corpus_index.golden(it, current)
    assert [column for column, kinds in compared.items() if "differing" in kinds] == ["Rows"]
    _, told = corpus_index.leaks(it, ["research.instances"])
    assert told == ["research.instances: 00081010 has PatientName"]
