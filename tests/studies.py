"""What facilities send of studies, as rows of the tables."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from functions.index import rows
from shared.contracts.objects import ObjectVersion
from shared.contracts.outcome import ExpectedStudy, Outcome, OutcomeKind, Reference
from shared.contracts.study import Cause, Change, SeriesState, StudyState
from shared.contracts.upload import Upload
from shared.ports import RowSink
from tests.outcomes import AN_IDENTITY, MOMENT, a_stored_object, an_outcome

STUDY = "1.2.3"
FACILITY = "demo-hospital"


@dataclass(frozen=True)
class Instance:
    """One version of an instance that a facility sends."""

    number: int = 1
    study: str = STUDY
    series: int = 1
    facility: str = FACILITY
    modality: str | None = "CT"
    related: int | None = None  # Number of Study Related Instances (0020,1208)
    expected: int | None = None  # as is said with the upload
    version: int = 1
    folder: str = "disc"

    @property
    def uid(self) -> str:
        return f"{self.study}.{self.series}.{self.number}"

    def outcome(self, at: datetime, kind: OutcomeKind = OutcomeKind.ARCHIVED) -> Outcome:
        name = f"{self.facility}/{self.folder}/{self.uid} {self.version}"
        metadata: dict[str, Any] = {}
        if self.modality:
            metadata["00080060"] = {"vr": "CS", "Value": [self.modality]}
        if self.related is not None:
            metadata["00201208"] = {"vr": "IS", "Value": [self.related]}
        source, target = a_stored_object(name), a_stored_object(f"{self.uid}.dcm", "archive")
        version = replace(source.version, generation=self.version)
        return an_outcome(
            kind,
            root_event_id=Upload(version=version).event_id,
            facility=self.facility,
            source=replace(source, created=at, version=version),
            target=replace(target, created=at),
            identity=replace(
                AN_IDENTITY,
                study_instance_uid=self.study,
                series_instance_uid=f"{self.study}.{self.series}",
                sop_instance_uid=self.uid,
            ),
            metadata=metadata,
            expected_instances=self.expected,
        )


@dataclass(frozen=True)
class Sending:
    """Tables that what was sent is written to, as `index` does: twice."""

    sink: RowSink

    def instance(self, instance: Instance, at: datetime = MOMENT) -> None:
        """An instance landed and is archived."""
        outcome = instance.outcome(at)
        self.sink.append("imaging.uploads", [rows.upload(outcome)] * 2)
        self.sink.append("imaging.instances", [rows.instance(outcome)] * 2)

    def duplicate(self, instance: Instance, at: datetime = MOMENT) -> None:
        """An instance landed that is archived already."""
        outcome = instance.outcome(at, OutcomeKind.DUPLICATE)
        self.sink.append("imaging.uploads", [rows.upload(outcome)] * 2)

    def undecided(self, instance: Instance, at: datetime = MOMENT) -> None:
        """An instance landed and has no outcome."""
        source = instance.outcome(at).source
        self.sink.append(
            "imaging.landed", [rows.landed(Upload(version=source.version, landed_at=at))] * 2
        )

    def manifest(
        self,
        *studies: tuple[str, int | None],
        named: tuple[Instance, ...] = (),
        at: datetime = MOMENT,
        folder: str = "disc",
    ) -> None:
        """A manifest landed: studies with their counts, and instances."""
        self._ignored(
            f"{FACILITY}/{folder}/_complete.json",
            "manifest",
            at,
            expected=tuple(
                ExpectedStudy(study_instance_uid=study, instances=count) for study, count in studies
            ),
            references=_references(named),
        )

    def directory(self, *named: Instance, at: datetime = MOMENT) -> None:
        """A DICOMDIR landed."""
        self._ignored(f"{FACILITY}/disc/DICOMDIR", "dicomdir", at, references=_references(named))

    def _ignored(self, name: str, reason: str, at: datetime, **says: Any) -> None:
        version = ObjectVersion(bucket="inbox", name=name, generation=int(at.timestamp()))
        source = replace(a_stored_object(), version=version, created=at)
        outcome = an_outcome(
            OutcomeKind.IGNORED,
            root_event_id=Upload(version=version).event_id,
            source=source,
            reason=reason,
            **says,
        )
        self.sink.append("imaging.uploads", [rows.upload(outcome)] * 2)


def _references(named: tuple[Instance, ...]) -> tuple[Reference, ...]:
    return tuple(
        Reference(sop_instance_uid=each.uid, file_id="", study_instance_uid=each.study)
        for each in named
    )


def a_state(**changes: Any) -> StudyState:
    """What a study became, of which two series are there."""
    series = (
        SeriesState(series_instance_uid=f"{STUDY}.1", modality="CT", instances=2, settled=True),
        SeriesState(series_instance_uid=f"{STUDY}.2", modality=None, instances=1, settled=False),
    )
    fields: dict[str, Any] = {
        "facility": FACILITY,
        "study_instance_uid": STUDY,
        "revision": 1,
        "change": Change.COMPLETED,
        "cause": Cause.EXPECTED_COUNT,
        "declared_at": MOMENT + timedelta(minutes=5),
        "first_arrival": MOMENT,
        "last_arrival": MOMENT + timedelta(minutes=3),
        "instances": 3,
        "expected_instances": 3,
        "series": series,
        "archive_prefix": f"{FACILITY}/{STUDY}/",
    }
    return StudyState(**(fields | changes))
