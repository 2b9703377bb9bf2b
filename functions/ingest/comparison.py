"""In what a version differs from the one that has its identity."""

from functions.ingest.decision import Archive
from functions.ingest.landed import Landed
from shared.contracts.objects import StoredObject
from shared.dicom.difference import Difference, Version, difference
from shared.dicom.reader import read_header
from shared.dicom.source import WindowedSource
from shared.errors import PermanentError
from shared.object_source import ObjectSource
from shared.ports import ObjectStore


def compared(
    objects: ObjectStore, landed: Landed, decision: Archive, rival: StoredObject
) -> Difference:
    """Return in what they differ; what was archived under other limits may not be readable now."""
    theirs = ObjectSource(objects, rival)
    try:
        header = read_header(WindowedSource(theirs), surveys_pixels=True)
    except PermanentError:
        return Difference.NOT_COMPARED
    return difference(
        Version(
            header=decision.inspection.header,
            source=ObjectSource(objects, landed.stored),
            crc32c=landed.stored.crc32c,
        ),
        Version(header=header, source=theirs, crc32c=rival.crc32c),
    )
