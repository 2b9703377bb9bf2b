"""What a sweep does besides repairing: one thing, whose state is in the tables."""

from typing import Protocol

from functions.sweep.report import Report


class Task(Protocol):
    """One thing that each run does."""

    def run(self, report: Report) -> None:
        """Return once this run's part of it is done and counted in the report's tallies.

        Raises:
            TransientError: a service did not answer; what was done is known from the tables.
        """
        ...
