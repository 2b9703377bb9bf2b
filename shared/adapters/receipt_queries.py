"""The tables of BigQuery as `Arrivals`."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from shared.adapters.queries import Queries
from shared.adapters.receipt_sql import COVERED, GROUPS, STUDIES, TOTALS, UNSAID, WARNINGS
from shared.contracts.receipt import (
    BEGINNING,
    LISTED_NAMES,
    LISTED_STUDIES,
    LISTED_WARNINGS,
    Changed,
    Closing,
    Contents,
    Group,
    IncompleteStudy,
    Landing,
    Stretch,
    by_device,
    name_in_facility,
)


class BigQueryArrivals:
    """The dataset that stands for `imaging`."""

    def __init__(self, project: str, dataset: str) -> None:
        self._queries = Queries(project, dataset)

    def unsaid(
        self, since: datetime, until: datetime
    ) -> tuple[Sequence[Changed], Iterator[Landing]]:
        """Return what receipts do not say of what landed in that time."""
        rows = self._queries.rows(UNSAID, since=since, until=until)
        changed: list[Changed] = []
        for row in rows:
            if row["Revision"] is None:
                return changed, map(_landing, chain([row], rows))
            changed.append(_changed(row))
        return changed, iter(())

    def covered(self) -> Mapping[str, datetime]:
        """Return up to where the receipts of each facility cover its time."""
        return {row["Facility"]: row["CoversTo"] for row in self._queries.rows(COVERED)}

    def contents(self, stretch: Stretch) -> Contents:
        """Return what landed in a stretch, and what became of it.

        The digest is asked for first: what comes to the tables meanwhile is then in the rest and
        not in it, so that the receipt will count as changed, and not the other way round.
        """
        (totals,) = self._rows(TOTALS, stretch)
        studies = list(self._rows(STUDIES, stretch))
        incomplete = [row for row in studies if row["Change"] == "completed"]
        warnings = by_device(
            (row["Manufacturer"], row["ManufacturerModelName"], row["Code"], row["Files"])
            for row in self._rows(WARNINGS, stretch)
        )
        return Contents(
            digest=totals["Digest"],
            opened_at=totals["OpenedAt"],
            closed_at=totals["ClosedAt"],
            size=totals["Size"],
            groups=self._groups(stretch),
            studies=totals["Studies"],
            instances=totals["Instances"],
            open_studies=len(studies) - len(incomplete),
            incomplete=tuple(
                IncompleteStudy(
                    name=name_in_facility(row["ObjectName"], stretch.facility),
                    instances=row["Instances"],
                    expected=row["ExpectedInstances"],
                )
                for row in incomplete[:LISTED_STUDIES]
            ),
            incomplete_studies=len(incomplete),
            warnings=warnings[:LISTED_WARNINGS],
            warnings_left_out=max(0, len(warnings) - LISTED_WARNINGS),
        )

    def _groups(self, stretch: Stretch) -> tuple[Group, ...]:
        files: dict[tuple[Any, ...], int] = {}
        names: dict[tuple[Any, ...], list[str]] = {}
        for row in self._rows(GROUPS, stretch, names=LISTED_NAMES):
            kind = row["Outcome"], row["Reason"], row["Difference"]
            files[kind] = row["Files"]
            listed = names.setdefault(kind, [])
            if row["ObjectName"]:
                listed.append(name_in_facility(row["ObjectName"], stretch.facility))
        return tuple(
            Group(
                outcome=kind[0],
                reason=kind[1],
                difference=kind[2],
                files=count,
                names=tuple(names[kind]),
            )
            for kind, count in files.items()
        )

    def _rows(self, query: str, stretch: Stretch, **values: int) -> Iterator[Any]:
        return self._queries.rows(
            query,
            facility=stretch.facility,
            since=stretch.read_from,
            until=stretch.covers_to,
            **values,
        )


def _landing(row: Any) -> Landing:
    return Landing(
        facility=row["Facility"],
        landed_at=row["LandedAt"],
        undecided=row["Undecided"] > 0,
        ends_drop=row["Manifests"] > 0,
        covered_to=row["CoversTo"] or BEGINNING,
    )


def _changed(row: Any) -> Changed:
    return Changed(
        stretch=Stretch(
            facility=row["Facility"], covers_from=row["CoversFrom"], covers_to=row["CoversTo"]
        ),
        revision=row["Revision"],
        closing=Closing(row["Closing"]),
        issued_at=row["DeclaredAt"],
        opened_at=row["OpenedAt"],
        closed_at=row["ClosedAt"],
        undecided=row["Undecided"],
    )
