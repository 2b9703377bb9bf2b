"""The views that are made from something else: from spellings, and from a view of `imaging`.

`make schemas` writes their files; a test fails when a file and this module differ.
"""

import csv
import re
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
VIEWS = HERE / "views"
CURATION = HERE / "curation"

# Views of `imaging` that researchers have, too: over copies, per key instead of per facility.
TWINS = ("series", "studies", "volume_geometry")
_OF_IMAGING = re.compile(r"^ *-- of imaging:\n.*?^ *-- of both:\n", re.DOTALL | re.MULTILINE)
_WORDS = {"`imaging.": "`research.", "Facility": "KeyId", "facility": "key"}
_CURATED = {
    "body_parts": "Body parts of PS3.16 Annex L by how devices spell them, as capitals and digits.",
    "manufacturers": "Manufacturers by how devices spell them, as capitals and digits.",
}


def derived_views() -> Mapping[str, str]:
    """Return the SQL of each derived view by its name."""
    curated = {name: _curated(name) for name in _CURATED}
    return {
        **{
            f"{dataset}.curation_{name}": sql
            for name, sql in curated.items()
            for dataset in ("imaging", "research")
        },
        **{f"research.{name}": _twin(name) for name in TWINS},
    }


def _curated(name: str) -> str:
    """Return a view of a file of spellings; its columns but the last, which says the source."""
    with (CURATION / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        (_, canonical, *_), *rows = csv.reader(file)
    lines = "\n".join(f"{spelling},{value}" for spelling, value, *_ in rows)
    return (
        f"-- {_CURATED[name]}\n"
        f"-- Made by infra/derived_views.py from infra/curation/{name}.csv.\n"
        "SELECT\n"
        "  SPLIT(line, ',')[OFFSET(0)] AS Spelling,\n"
        f"  SPLIT(line, ',')[OFFSET(1)] AS {canonical}\n"
        f"FROM UNNEST(SPLIT('''{lines}''', '\\n')) AS line\n"
    )


def _twin(name: str) -> str:
    """Return a view of `imaging` for `research`, without what is between two marks."""
    sql = _OF_IMAGING.sub("", (VIEWS / f"imaging.{name}.sql").read_text(encoding="utf-8"))
    for ours, theirs in _WORDS.items():
        sql = sql.replace(ours, theirs)
    first, _, rest = sql.partition("\n")
    return f"{first}\n-- Made by infra/derived_views.py from imaging.{name}.sql.\n{rest}"


def main() -> int:
    """Write the file of every derived view."""
    for name, sql in derived_views().items():
        (VIEWS / f"{name}.sql").write_text(sql, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
