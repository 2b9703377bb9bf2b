"""Why an upload, or a member of one, is refused or ignored: every code that `ingest` may give."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shared.containers.reasons import CONTAINER_REASONS
from shared.dicom.reasons import REASONS, Fixer, Reason

# Decided of the whole upload, before or after it was read.
DECISIONS: Final[Mapping[str, Reason]] = MappingProxyType(
    {
        "unknown-facility": Reason(
            "The first folder of the name is no registered facility.",
            Fixer.REGISTRAR,
            "a folder misspelt, or a facility not yet on board",
        ),
        "folder-marker": Reason(
            "An empty object that makes a folder visible; it is deleted.",
            Fixer.NOBODY,
            "a folder made in a storage browser",
        ),
        "upload-part": Reason(
            "A temporary part of a parallel composite upload; the composed object counts.",
            Fixer.NOBODY,
            "a large file sent in parallel",
        ),
        "dicomdir": Reason(
            "The directory of a medium (PS3.3 Annex F); it is kept in the quarantine.",
            Fixer.NOBODY,
            "the DICOMDIR of a CD",
        ),
    }
)
UPLOAD_REASONS: Final[Mapping[str, Reason]] = MappingProxyType(
    {**DECISIONS, **CONTAINER_REASONS, **REASONS}
)
