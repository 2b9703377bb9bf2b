"""A manifest among what landed: told by its name, unless its content is something else."""

from typing import Final

from shared.contracts import layout
from shared.contracts.manifest import DEFAULT_MANIFEST_LIMITS, Manifest, ManifestLimits
from shared.contracts.objects import ObjectVersion
from shared.dicom.recognition import CONTAINER_KINDS, DICOM_KINDS, Kind
from shared.dicom.source import WindowedSource
from shared.errors import LimitError

_SOMETHING_ELSE: Final = DICOM_KINDS | CONTAINER_KINDS | {Kind.POLYGLOT}


def is_manifest(version: ObjectVersion, kind: Kind) -> bool:
    """Return whether an object, or a member, is to be read as one."""
    return layout.is_manifest(version) and kind not in _SOMETHING_ELSE


def read_manifest(
    windows: WindowedSource, limits: ManifestLimits = DEFAULT_MANIFEST_LIMITS
) -> Manifest:
    """Return what a manifest says; up to a first window was read to recognise it, and is kept.

    Raises:
        LimitError: it has more bytes, studies or named instances than are taken.
        ContractError: it is none.
        TransientError: the store gave fewer bytes than the object has.
    """
    if windows.size > limits.max_bytes:
        raise LimitError("manifest-too-large")
    return Manifest.from_json(windows.read(0, windows.size), limits)
