import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from shared.runtime import log

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    hook = threading.excepthook
    yield
    threading.excepthook = hook
    logging.captureWarnings(capture=False)


def test_another_library_is_heard_but_not_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("ingest", "p")
    logging.getLogger("urllib3").error("GET %s failed", "PLANTED^NAME")
    (line,) = capsys.readouterr().out.splitlines()
    entry = json.loads(line)
    assert (entry["severity"], entry["logger"]) == ("ERROR", "urllib3")
    assert "PLANTED" not in line


def test_an_exception_is_never_printed(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("ingest", "p")
    try:
        int("PLANTED^NAME")
    except ValueError:
        logging.getLogger("flask.app").exception("PLANTED^TOO")
    captured = capsys.readouterr()
    assert "PLANTED" not in captured.out + captured.err


def test_the_stream_is_looked_up_when_a_line_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    log.configure("ingest", "p")
    replaced = StringIO()
    monkeypatch.setattr(sys, "stdout", replaced)
    log.emit(logging.INFO, "a constant", count=1)
    assert json.loads(replaced.getvalue())["count"] == 1


def test_a_line_says_where_in_the_source_it_was_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log.configure("ingest", "p")
    log.emit(logging.INFO, "a constant")
    entry = json.loads(capsys.readouterr().out)
    assert entry["logging.googleapis.com/sourceLocation"]["file"] == "test_log.py"


def test_a_thread_that_dies_says_no_more_than_of_what(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("ingest", "p")
    thread = threading.Thread(target=lambda: int("PLANTED^NAME"))
    thread.start()
    thread.join()
    captured = capsys.readouterr()
    assert json.loads(captured.out)["error_type"] == "ValueError"
    assert "PLANTED" not in captured.out + captured.err


def test_a_warning_is_heard_but_not_quoted() -> None:
    program = (
        "import warnings; from shared.runtime import log; "
        "log.configure('ingest', 'p'); warnings.warn('PLANTED^NAME')"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(printed.stdout)["logger"] == "py.warnings"
    assert "PLANTED" not in printed.stdout + printed.stderr
