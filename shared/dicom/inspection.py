"""Everything that a decision about one object needs, from its header alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared.dicom.elements import Header
from shared.dicom.identification import identify, is_directory
from shared.dicom.identity import Identity
from shared.dicom.limits import DEFAULT_LIMITS, Limits
from shared.dicom.metadata import DroppedTag, to_dicom_json
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
    header: Header
    bytes_read: int
    requests: int


def inspect(
    source: Source, limits: Limits = DEFAULT_LIMITS, *, today: date | None = None
) -> Inspection:
    """Return what the object behind `source` is, reading its header only.

    Dates after `today` are warned of, without it none.

    Raises:
        FormatError: it is not a readable DICOM object.
        LimitError: it exceeds one of `limits`.
        IdentityError: it cannot be told which instance it is.

    The reasons of all three are those of `shared.dicom.reasons.REASONS`.
    """
    windows = source if isinstance(source, WindowedSource) else WindowedSource(source)
    header = read_header(windows, limits)
    identity = None if is_directory(header) else identify(header)
    metadata = to_dicom_json(header, limits.max_inline_value_bytes)
    return Inspection(
        kind=_kind(identity),
        identity=identity,
        warnings=(*validate(header, identity, today=today), *metadata.warnings),
        metadata=metadata.json,
        dropped=metadata.dropped,
        header=header,
        bytes_read=windows.bytes_read,
        requests=windows.requests,
    )


def _kind(identity: Identity | None) -> InspectionKind:
    if identity is None:
        return InspectionKind.DIRECTORY
    if identity.study_instance_uid is None:
        return InspectionKind.NON_PATIENT
    return InspectionKind.INSTANCE
