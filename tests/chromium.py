"""Pages in a real browser, without a window."""

import base64
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FOUND = next(filter(None, map(shutil.which, NAMES)), None)
_MEASURE = """<!DOCTYPE html><link rel=icon href="data:,"><body style="margin:0">
<iframe src="%s" style="border:0;height:900px;width:%dpx"></iframe><pre id=found></pre><script>
onload = () => {
  const page = document.querySelector("iframe").contentDocument, found = {
    width: page.documentElement.scrollWidth,
    widest: Math.max(...[...page.body.querySelectorAll("*")].map(
      each => each.getBoundingClientRect().right)),
    text: page.body.innerText,
  };
  document.getElementById("found").textContent = "MEASURED" + btoa(
    String.fromCodePoint(...new TextEncoder().encode(JSON.stringify(found)))) + "END";
};
</script>"""
_PATIENCE_S = 120


@dataclass(frozen=True)
class Look:
    """What a browser made of a page."""

    found: Mapping[str, object]
    console: list[str]
    asked: list[str]  # paths that were asked of the server


class Browser:
    """A headless browser with a profile of its own, and a server of the pages in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._asked: list[str] = []

    def look(self, page: str, width: int) -> Look:
        """Open a page as wide as that, measure it and read it."""
        (self._folder / "page.html").write_text(page, encoding="utf-8")
        (self._folder / "look.html").write_text(_MEASURE % ("page.html", width))
        with self._serving() as address:
            ran = self._run("--dump-dom", "--enable-logging=stderr", f"{address}/look.html")
        encoded = re.findall(r"MEASURED([A-Za-z0-9+/=]+)END", ran.stdout)
        assert encoded, ran.stderr
        return Look(
            found=_decoded(encoded[-1]),
            console=[line for line in ran.stderr.splitlines() if "CONSOLE" in line],
            asked=list(self._asked),
        )

    def printed(self, page: str) -> Path:
        """Print a page."""
        (self._folder / "page.html").write_text(page, encoding="utf-8")
        paper = self._folder / "page.pdf"
        with self._serving() as address:
            self._run("--no-pdf-header-footer", f"--print-to-pdf={paper}", f"{address}/page.html")
        return paper

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        return subprocess.run(
            [
                str(FOUND),
                "--headless",
                "--disable-gpu",
                "--hide-scrollbars",
                "--disable-dev-shm-usage",
                "--virtual-time-budget=10000",
                "--window-size=1400,1000",
                f"--user-data-dir={self._folder / 'profile'}",
                *sandbox,
                *arguments,
            ],
            check=True,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
        )

    @contextmanager
    def _serving(self) -> Iterator[str]:
        self._asked.clear()
        handler = partial(_Noting, self._asked, directory=str(self._folder))
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()


class _Noting(SimpleHTTPRequestHandler):
    def __init__(self, asked: list[str], *arguments: object, directory: str) -> None:
        self._asked = asked
        super().__init__(*arguments, directory=directory)  # type: ignore[arg-type]

    def log_message(self, *_: object) -> None:
        self._asked.append(self.path)


def _decoded(text: str) -> Mapping[str, object]:
    found: Mapping[str, object] = json.loads(base64.b64decode(text))
    return found
