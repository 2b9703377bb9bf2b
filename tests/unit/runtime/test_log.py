import json
import logging
import sys
from io import StringIO

import pytest

from shared.runtime import log


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
