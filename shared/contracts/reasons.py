"""Every code that `ingest` may give an upload, or a member of one: of reasons and of warnings."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shared.containers.reasons import CONTAINER_REASONS, CONTAINER_WARNINGS
from shared.contracts.expected import EXPECTED_WARNINGS
from shared.contracts.manifest import MANIFEST_WARNINGS
from shared.dicom.reasons import REASONS, Fixer, Reason
from shared.dicom.warnings import WARNINGS

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
            Fixer.NOT_NEEDED,
            "the DICOMDIR of a CD",
        ),
        "manifest": Reason(
            "It says how much was sent, and counts for that; it is kept in the quarantine.",
            Fixer.NOT_NEEDED,
            "a _complete.json after the last image",
        ),
    }
)
MANIFEST_REASONS: Final[Mapping[str, Reason]] = MappingProxyType(
    {
        "invalid-manifest": Reason(
            "A _complete.json that is not JSON in UTF-8, or contradicts itself, or says what is no "
            "UID or no number of instances; the warnings say where.",
            Fixer.SENDER,
            "an accession number in place of a Study Instance UID",
        ),
        "unknown-manifest-version": Reason(
            "A _complete.json of a version that is not read here.",
            Fixer.SENDER,
            '"version": 2',
        ),
        "manifest-too-large": Reason(
            "A _complete.json of more bytes than are read.",
            Fixer.SENDER,
            "the metadata of every instance: send their UIDs, or their number",
        ),
        "manifest-too-many-studies": Reason(
            "A _complete.json that names more studies than are taken.",
            Fixer.SENDER,
            "a whole archive: send a manifest with each part of it",
        ),
        "manifest-too-many-instances": Reason(
            "A _complete.json that names more instances than are taken.",
            Fixer.SENDER,
            "a hundred thousand UIDs: send their number",
        ),
    }
)
UPLOAD_REASONS: Final[Mapping[str, Reason]] = MappingProxyType(
    {**DECISIONS, **MANIFEST_REASONS, **CONTAINER_REASONS, **REASONS}
)
UPLOAD_WARNINGS: Final[Mapping[str, str]] = MappingProxyType(
    {**EXPECTED_WARNINGS, **MANIFEST_WARNINGS, **CONTAINER_WARNINGS, **WARNINGS}
)
