"""What becomes of one object, decided from what is known of it. Pure."""

from dataclasses import dataclass

from shared.containers.container import Container, Survey
from shared.contracts import layout
from shared.contracts.manifest import Manifest
from shared.contracts.objects import StoredObject
from shared.dicom.directory import Directory, read_directory
from shared.dicom.identity import Identity
from shared.dicom.inspection import Inspection, InspectionKind


@dataclass(frozen=True, slots=True)
class Archive:
    """An instance, to be archived under its identity."""

    identity: Identity
    inspection: Inspection


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Refused; the reason is one the sending facility can act on."""

    reason: str
    problems: tuple[str, ...] = ()  # of a manifest: in which fields


@dataclass(frozen=True, slots=True)
class Ignore:
    """Not an instance and not meant to be one; kept aside when its bytes stand nowhere else."""

    reason: str
    keep: bool = False
    says: Directory | Manifest | None = None  # what was sent beside it


@dataclass(frozen=True, slots=True)
class Expand:
    """A container within its limits, whose members get outcomes of their own."""

    container: Container
    survey: Survey


Decision = Archive | Quarantine | Ignore | Expand


def before_reading(landed: StoredObject, *, known_facility: bool) -> Quarantine | Ignore | None:
    """Return the decision that needs no byte of the object, or None."""
    if layout.is_folder_marker(landed):
        return Ignore("folder-marker")
    if layout.is_upload_part(landed.version):
        return Ignore("upload-part")
    return None if known_facility else Quarantine("unknown-facility")


def after_reading(inspection: Inspection) -> Archive | Ignore:
    """Return the decision on a readable DICOM object."""
    if inspection.kind is InspectionKind.DIRECTORY or inspection.identity is None:
        return Ignore("dicomdir", keep=True, says=read_directory(inspection.header))
    return Archive(inspection.identity, inspection)


def of_manifest(manifest: Manifest) -> Ignore:
    """Return the decision on a manifest."""
    return Ignore("manifest", keep=True, says=manifest)
