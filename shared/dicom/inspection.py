"""Everything that a decision about one object needs, from its header alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared.dicom.elements import Header
from shared.dicom.identification import identify, is_directory
from shared.dicom.identity import Identity
from shared.dicom.limits import DEFAULT_LIMITS, Limits
from shared.dicom.metadata import DroppedTag, Metadata, to_dicom_json
from shared.dicom.reader import read_header
from shared.dicom.source import Source, WindowedSource
from shared.dicom.validation import validate
from shared.dicom.warnings import Warning_


class InspectionKind(StrEnum):
    """What a readable DICOM object is."""

    INSTANCE = "instance"
    NON_PATIENT = "non-patient"
    DIRECTORY = "directory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What the header of one object says; `identity` is None for a directory only."""

    kind: InspectionKind
    identity: Identity | None
    warnings: tuple[Warning_, ...]
    metadata: dict[str, object]  # DICOM JSON Model
    dropped: tuple[DroppedTag, ...]
    more_dropped: int  # values beside `dropped` that the metadata have not
    complete: bool  # False where metadata were left out for want of memory: `json_pieces` has them
    header: Header
    bytes_read: int
    requests: int


def inspect(
    source: Source,
    limits: Limits = DEFAULT_LIMITS,
    *,
    today: date | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Inspection:
    """Return what the object behind `source` is, reading its header only.

    Dates after `today` are warned of, without it none.

    Raises:
        FormatError: it is not a readable DICOM object.
        LimitError: it exceeds one of `limits`.
        IdentityError: it cannot be told which instance it is.
        TransientError: the source failed, or took longer than `limits.max_read_s` by the `clock`.

    The reasons of the first three are those of `shared.dicom.reasons.REASONS`, of the last those
    of `TRIED_AGAIN`.
    """
    windows = source if isinstance(source, WindowedSource) else WindowedSource(source)
    header = read_header(windows, limits, clock, surveys_pixels=True)
    identity = None if is_directory(header) else identify(header)
    metadata = to_dicom_json(header, limits)
    return Inspection(
        kind=_kind(identity),
        identity=identity,
        warnings=(*validate(header, identity, today=today), *metadata.warnings, *_more(metadata)),
        metadata=metadata.json,
        dropped=metadata.dropped,
        more_dropped=metadata.more_dropped,
        complete=metadata.complete,
        header=header,
        bytes_read=windows.bytes_read,
        requests=windows.requests,
    )


def _more(metadata: Metadata) -> tuple[Warning_, ...]:
    return (Warning_("more-dropped"),) if metadata.more_dropped else ()


def _kind(identity: Identity | None) -> InspectionKind:
    if identity is None:
        return InspectionKind.DIRECTORY
    if identity.study_instance_uid is None:
        return InspectionKind.NON_PATIENT
    return InspectionKind.INSTANCE
