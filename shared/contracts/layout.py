"""Where objects stand: their names in inbox, archive, quarantine and research bucket."""

from datetime import timedelta
from typing import Final

from shared.contracts.ids import derived_id
from shared.contracts.objects import ObjectVersion, StoredObject
from shared.dicom.identity import Identity

UNKNOWN_FACILITY: Final = "unknown"
MAX_NAME_BYTES: Final = 1024  # of a Cloud Storage object name in UTF-8
# How long a part may wait for its composition before it counts as left behind.
UPLOAD_PART_GRACE: Final = timedelta(days=1)
_PARTS: Final = "/tmp/parallel_composite_uploads/"  # noqa: S108 - a name that gcloud and gsutil use


def is_folder_marker(stored: StoredObject) -> bool:
    """Return whether an object only makes a folder visible, as consoles create them."""
    return stored.size == 0 and stored.version.name.endswith("/")


def is_upload_part(version: ObjectVersion) -> bool:
    """Return whether an object is a temporary part of a parallel composite upload."""
    return _PARTS in f"/{version.name}"


def archive_name(facility: str, identity: Identity) -> str:
    """Return where the archive keeps an instance."""
    return f"{facility}/{_place(identity)}"


def conflict_name(primary: str, crc32c: str) -> str:
    """Return where the archive keeps a version with the same identity and other bytes."""
    return f"{primary.removesuffix('.dcm')}.{crc32c}.dcm"


def quarantine_name(reason: str, facility: str, version: ObjectVersion) -> str:
    """Return where the quarantine keeps an object; a name too long is cut and stays unique."""
    original = version.name.removeprefix(f"{facility}/")
    name = f"{reason}/{facility}/{original}#{version.generation}"
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    suffix = f"~{derived_id('name', version.natural_key)}#{version.generation}"
    kept = name.encode()[: MAX_NAME_BYTES - len(suffix)].decode(errors="ignore")
    return f"{kept}{suffix}"


def research_name(identity: Identity) -> str:
    """Return where the research bucket keeps a copy, by its pseudonymous UIDs."""
    return _place(identity)


def _place(identity: Identity) -> str:
    """Return study, series and instance; an object without a patient has no study (PS3.4 GG)."""
    instance = f"{identity.sop_instance_uid}.dcm"
    if identity.study_instance_uid is None:
        return f"non-patient/{instance}"
    return f"{identity.study_instance_uid}/{identity.series_instance_uid}/{instance}"
