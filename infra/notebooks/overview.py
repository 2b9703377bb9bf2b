# %% [markdown]
"""# What arrives, at a glance.

Four pictures of a warehouse: when files arrive and what becomes of them, what the archive holds,
why files are refused, and how much dose the CT scanners give.

Run it as a script (`make notebook`), or open it with Jupyter and jupytext, where `. .local/env` was
said before for the local cloud. Elsewhere it asks the BigQuery of your own credentials.
"""

# %%
import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.rcsetup import cycler
from matplotlib.ticker import LogLocator

LOCAL = "BIGQUERY_EMULATOR_HOST" in os.environ
PICTURES = Path(os.environ.get("INLET_PICTURES", "build/pictures"))

Rows = Sequence[Mapping[str, Any]]

client = bigquery.Client(credentials=AnonymousCredentials() if LOCAL else None)

# %% [markdown]
"""Each picture is drawn for dark and for light pages, as wide as a phone: colours differ in
lightness, too, and the background is its own."""

# %%
COLOURS = {
    "dark": ("#58a6ff", "#f0883e", "#6e7681", "#39c5cf", "#bc8cff"),
    "light": ("#0550ae", "#e16f24", "#8c959f", "#1b7c83", "#8250df"),
}
THEMES = {
    "dark": {"paper": "#0d1117", "ink": "#f0f6fc", "line": "#3d444d"},
    "light": {"paper": "#ffffff", "ink": "#1f2328", "line": "#d1d9e0"},
}
STYLE = {
    "figure.figsize": (4.2, 2.8),
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "figure.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "inlet",  # the same rows give the same bytes
}
UNDATED = {"Date": None, "Creator": None}
OF_INK = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
OF_PAPER = ("figure.facecolor", "axes.facecolor", "savefig.facecolor")


def style(theme: str) -> dict[Any, Any]:
    """How matplotlib draws for a theme."""
    look = THEMES[theme]
    inks = dict.fromkeys(OF_INK, look["ink"]) | dict.fromkeys(OF_PAPER, look["paper"])
    cycle = cycler(color=COLOURS[theme])
    return {**STYLE, **inks, "grid.color": look["line"], "axes.prop_cycle": cycle}


def picture(name: str, title: str, sql: str, plot: Callable[[Axes, Rows], None]) -> Figure:
    """Draw what a query answers, once for each theme; return one, for Jupyter to show."""
    rows = list(client.query(sql).result())
    PICTURES.mkdir(parents=True, exist_ok=True)
    for theme in THEMES:
        with plt.style.context(["default", style(theme)]):
            figure, axes = plt.subplots()
            figure.suptitle(title, x=0.02, horizontalalignment="left")
            if rows:
                plot(axes, rows)
            else:
                axes.text(0.5, 0.5, "nothing yet", ha="center", transform=axes.transAxes)
            figure.savefig(PICTURES / f"{name}-{theme}.svg", metadata=UNDATED)
            plt.close(figure)
    return figure


# %% [markdown]
"""## When do files arrive, and what becomes of them?"""

# %%
ARRIVALS = """
SELECT EXTRACT(HOUR FROM LandedAt) AS Hour,
  CASE Outcome WHEN 'archived' THEN 'archived' WHEN 'quarantined' THEN 'refused' ELSE 'other' END
    AS Fate,
  COUNT(*) AS Files
FROM imaging.uploads_current GROUP BY Hour, Fate ORDER BY Hour
"""


def arrivals(axes: Axes, rows: Rows) -> None:
    """Stack the outcomes of each hour."""
    below = [0] * 24
    for fate in ("archived", "refused", "other"):
        files = {row["Hour"]: row["Files"] for row in rows if row["Fate"] == fate}
        heights = [files.get(hour, 0) for hour in range(24)]
        axes.bar(range(24), heights, bottom=below, label=fate)
        below = [low + height for low, height in zip(below, heights, strict=True)]
    axes.set_xticks(range(0, 24, 4), [f"{hour}:00" for hour in range(0, 24, 4)])
    axes.legend()


picture("arrivals", "Files by hour of the day (UTC)", ARRIVALS, arrivals)

# %% [markdown]
"""## What does the archive hold?"""

# %%
MODALITIES = """
SELECT Modality, Facility, COUNT(DISTINCT StudyInstanceUID) AS Studies
FROM imaging.instances_current WHERE Modality IS NOT NULL
GROUP BY Modality, Facility ORDER BY Facility, Modality
"""


def stacked(axes: Axes, rows: Rows, what: str, amount: str) -> None:
    """Draw a bar for each of something, the longest on top, in parts of facilities."""
    sums: dict[str, int] = defaultdict(int)
    for row in rows:
        sums[row[what]] += row[amount]
    names = sorted(sums, key=lambda name: (sums[name], name))
    left = dict.fromkeys(names, 0)
    for facility in sorted({row["Facility"] for row in rows}):
        parts = {row[what]: row[amount] for row in rows if row["Facility"] == facility}
        widths = [parts.get(name, 0) for name in names]
        axes.barh(names, widths, left=list(left.values()), label=facility)
        left = {name: left[name] + parts.get(name, 0) for name in names}
    axes.legend(loc="lower right")


def modalities(axes: Axes, rows: Rows) -> None:
    """Show in how many studies each modality is."""
    stacked(axes, rows, "Modality", "Studies")


picture("modalities", "Studies with each modality", MODALITIES, modalities)

# %% [markdown]
"""## Why are files refused?"""

# %%
REASONS = """
SELECT Reason, Facility, Files FROM imaging.quarantine_reasons ORDER BY Facility, Reason
"""


def reasons(axes: Axes, rows: Rows) -> None:
    """Show how many files each reason refused."""
    stacked(axes, rows, "Reason", "Files")


picture("reasons", "Files refused, by reason", REASONS, reasons)

# %% [markdown]
"""## How much dose do the scanners give?

A point for each acquisition, a line at the median; those over twice the median stand out. Below 1
mGy are the scouts.
"""

# %%
DOSES = """
SELECT StationName, AcquisitionProtocol, CTDIvol FROM imaging.dose
WHERE CTDIvol >= 1 ORDER BY StationName, AcquisitionProtocol, CTDIvol
"""


def doses(axes: Axes, rows: Rows) -> None:
    """Draw the acquisitions of each scanner and protocol on a line of their own."""
    groups: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        groups[f"{row['StationName']}\n{row['AcquisitionProtocol']}"].append(row["CTDIvol"])
    for place, values in enumerate(groups.values()):
        middle = median(values)
        for colour, chosen in (
            ("C0", [value for value in values if value <= 2 * middle]),
            ("C1", [value for value in values if value > 2 * middle]),
        ):
            axes.plot(chosen, [place] * len(chosen), "o", color=colour, alpha=0.6, markersize=5)
        axes.plot([middle] * 2, [place - 0.35, place + 0.35], color="C2", linewidth=2)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    axes.grid(axis="x")
    axes.set_yticks(range(len(groups)), list(groups), fontsize=9)


picture("doses", "CTDIvol of CT acquisitions (mGy)", DOSES, doses)
