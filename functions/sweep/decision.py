"""When a study is complete, and when it is open again: decided from what the tables say of it."""

from datetime import datetime, timedelta
from typing import Final

from shared.contracts.facilities import Facility
from shared.contracts.gathering import Declared, GatheredSeries, Gathering
from shared.contracts.modalities import MODALITIES
from shared.contracts.study import Cause, Change, SeriesState, StudyState

FIRST_REVISION: Final = 1


def next_state(seen: Gathering, facility: Facility, now: datetime) -> StudyState | None:
    """Return what a study becomes, or None while it stays what it is."""
    last = seen.last
    if last and last.change is Change.COMPLETED:
        if not _is_more(seen, last):
            return None
        return _state(seen, facility, now, Change.REOPENED, Cause.LATE_ARRIVAL)
    cause = _cause(seen, facility, now)
    return _state(seen, facility, now, Change.COMPLETED, cause) if cause else None


def _is_more(seen: Gathering, last: Declared) -> bool:
    """Return whether more is there than was counted; also a new version of what was."""
    return seen.instances > last.instances or seen.last_arrival > last.last_arrival


def _cause(seen: Gathering, facility: Facility, now: datetime) -> Cause | None:
    """Return why a study that is open is complete, or None while it is not.

    Where anything says that more is to come, nothing but time makes it complete. What says that all
    is there does so at once, unless all of that was there already before the study was reopened.
    """
    is_old = now - _opened(seen) >= timedelta(seconds=facility.study_forced_s)
    if _is_awaited(seen):
        return Cause.FORCED if is_old else None
    if cause := _satisfied(seen):
        return cause
    if now - seen.last_arrival >= timedelta(seconds=facility.study_quiet_s):
        return Cause.QUIET
    return Cause.FORCED if is_old else None


def _opened(seen: Gathering) -> datetime:
    return seen.last.declared_at if seen.last else seen.first_arrival


def _is_awaited(seen: Gathering) -> bool:
    """Return whether anything says that more of the study is to come."""
    manifest, expected = seen.manifest, seen.expected_instances
    if manifest and (manifest.missing or manifest.undecided):
        return True
    return expected is not None and seen.instances < expected


def _satisfied(seen: Gathering) -> Cause | None:
    """Return the first that says that all is there, of those that did not say so before."""
    before = seen.last.completed_instances if seen.last else 0
    if seen.manifest and seen.manifest.instances > before:
        return Cause.MANIFEST
    if seen.upload is not None and seen.upload > before:
        return Cause.EXPECTED_COUNT
    return None


def _state(
    seen: Gathering, facility: Facility, now: datetime, change: Change, cause: Cause
) -> StudyState:
    last = seen.last.revision if seen.last else FIRST_REVISION
    quiet = timedelta(seconds=facility.series_quiet_s)
    return StudyState(
        facility=seen.facility,
        study_instance_uid=seen.study_instance_uid,
        revision=last + 1 if change is Change.REOPENED else last,
        change=change,
        cause=cause,
        declared_at=now,
        first_arrival=seen.first_arrival,
        last_arrival=seen.last_arrival,
        instances=seen.instances,
        expected_instances=seen.expected_instances,
        series=tuple(
            _series(each, settled=now - each.last_arrival >= quiet) for each in seen.series
        ),
        archive_prefix=f"{facility.prefix}/{seen.study_instance_uid}/",
    )


def _series(seen: GatheredSeries, *, settled: bool) -> SeriesState:
    return SeriesState(
        series_instance_uid=seen.series_instance_uid,
        modality=seen.modality if seen.modality in MODALITIES else None,
        instances=seen.instances,
        settled=settled,
    )
