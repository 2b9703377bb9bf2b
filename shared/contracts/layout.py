"""Where objects stand: their names in inbox, archive, quarantine and research bucket."""

import re
from datetime import timedelta
from typing import Final

from shared.contracts.ids import derived_id
from shared.contracts.objects import ObjectVersion, StoredObject
from shared.dicom.identity import USABLE_UID, Identity

UNKNOWN_FACILITY: Final = "unknown"
MAX_NAME_BYTES: Final = 1024  # of a Cloud Storage object name in UTF-8
MANIFEST: Final = "_complete.json"  # the one name that says what a file is: its sender's word
INSIDE: Final = "!/"  # between a container and the path of a member
STAGING: Final = "staging/"  # in the quarantine; no reason has this name
CLAIMS: Final = "claims/"  # in the archive; no facility has this name
# How long a part may wait for its composition before it counts as left behind.
UPLOAD_PART_GRACE: Final = timedelta(days=1)
CLAIMS_END: Final = "claims0"  # where names go on behind the claims: `0` follows `/`
_LEDGER: Final = "ledger/"  # in the bucket of receipts; no facility has this name
_PARTS: Final = "/tmp/parallel_composite_uploads/"  # noqa: S108 - a name that gcloud and gsutil use

METADATA_SUFFIX: Final = ".metadata.json"  # behind the name of a version, or a copy

# A facility's prefix, the place of an instance, and of a later version its mark. Nothing else that
# the archive keeps can be called so: the names of what is kept whole have a `#` in them.
_VERSION: Final = re.compile(
    r"(?:[a-z0-9-]+/)+(?:non-patient|UID/UID)/UID(?:\.[0-9a-f]+)?\.dcm".replace(
        "UID", USABLE_UID.pattern
    )
)


def is_folder_marker(stored: StoredObject) -> bool:
    """Return whether an object only makes a folder visible, as consoles create them."""
    return stored.size == 0 and stored.version.name.endswith("/")


def is_upload_part(version: ObjectVersion) -> bool:
    """Return whether an object is a temporary part of a parallel composite upload."""
    return version.container is None and _PARTS in f"/{version.name}"


def is_manifest(version: ObjectVersion) -> bool:
    """Return whether an object, or a member, is called what manifests are called."""
    return version.name.rpartition("/")[2] == MANIFEST


def archive_name(prefix: str, identity: Identity) -> str:
    """Return where the archive keeps an instance, below a facility's prefix."""
    return f"{prefix}/{_place(identity)}"


def is_version(name: str) -> bool:
    """Return whether a name of the archive is that of a version of an instance."""
    return _VERSION.fullmatch(name) is not None


def claim_name(facility: str, identity: Identity) -> str:
    """Return the name of the object that says where a facility's instance is kept.

    An instance is known by its SOP Instance UID alone, whatever study it claims to belong to.
    """
    return f"{CLAIMS}{facility}/{identity.sop_instance_uid}"


def conflict_name(primary: str, mark: str) -> str:
    """Return where the archive keeps a version with the same identity and other bytes."""
    return f"{primary.removesuffix('.dcm')}.{mark}.dcm"


def metadata_name(name: str) -> str:
    """Return where the complete metadata of a version, or a copy, are: beside it."""
    return f"{name}{METADATA_SUFFIX}"


def is_metadata(name: str) -> bool:
    """Return whether a name is that of metadata beside a version, or a copy."""
    return name.endswith(METADATA_SUFFIX)


def quarantine_name(reason: str, facility: str, version: ObjectVersion) -> str:
    """Return where the quarantine keeps an object; a name too long is cut and stays unique."""
    name = f"{reason}/{facility}/{_original(facility, version)}"
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    return _cut(name, version)


def container_name(prefix: str, version: ObjectVersion) -> str:
    """Return where the archive keeps an expanded container, whole."""
    return _kept_whole(f"{prefix}/containers", version)


def duplicate_name(prefix: str, version: ObjectVersion) -> str:
    """Return where the archive keeps a duplicate, where a facility wants that."""
    return _kept_whole(f"{prefix}/duplicates", version)


def staged_name(facility: str, version: ObjectVersion) -> str:
    """Return where a member of a container waits to be decided: always the same place."""
    return f"{STAGING}{facility}/{derived_id('staged', version.natural_key)}"


def ledger_name(table: str, event_id: str) -> str:
    """Return where it stands what was declared first under an id, before it is in a table."""
    return f"{_LEDGER}{table}/{event_id}.json"


def research_name(identity: Identity) -> str:
    """Return where the research bucket keeps a copy, by its pseudonymous UIDs."""
    return _place(identity)


def _kept_whole(folder: str, version: ObjectVersion) -> str:
    name = f"{folder}/{_original(version.facility, version)}"
    return name if len(name.encode()) <= MAX_NAME_BYTES else _cut(name, version)


def _original(facility: str, version: ObjectVersion) -> str:
    """Return the name within the facility with its generation, unique like the natural key.

    Of an unknown facility the whole name: its folder may be called `unknown`, too.
    """
    name = version.natural_key.removeprefix(f"{version.bucket}/")
    return name if facility == UNKNOWN_FACILITY else name.removeprefix(f"{facility}/")


def _cut(name: str, version: ObjectVersion) -> str:
    """Return a name too long, cut and still unique."""
    suffix = f"~{derived_id('name', version.natural_key)}#{version.generation}"
    kept = name.encode()[: MAX_NAME_BYTES - len(suffix)].decode(errors="ignore")
    return f"{kept}{suffix}"


def _place(identity: Identity) -> str:
    """Return study, series and instance; an object without a patient has no study (PS3.4 GG)."""
    instance = f"{identity.sop_instance_uid}.dcm"
    if identity.study_instance_uid is None:
        return f"non-patient/{instance}"
    return f"{identity.study_instance_uid}/{identity.series_instance_uid}/{instance}"
