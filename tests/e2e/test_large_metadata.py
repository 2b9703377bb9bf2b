"""A header of 20 MB is indexed: its columns in the row, all of it in the object beside."""

import json

from infra.local.drop import Upload, drop
from shared.contracts.outcome import OutcomeKind
from tests.builders import (
    a_uid,
    element,
    identity_elements,
    item,
    padded,
    part10,
    sequence,
    study_elements,
)
from tests.e2e.conftest import Cloud
from tests.e2e.watch import query, until

NAME = "demo-hospital/large-metadata"
SIZE = 20_000_000
POINTS = padded("\\".join(f"{number / 8:.3f}" for number in range(5_000)))
CONTOURS = SIZE // len(POINTS) + 1


def test_a_header_of_twenty_megabytes_is_indexed_and_all_of_it_can_be_read(cloud: Cloud) -> None:
    contours = sequence(0x30060040, *[item(element(0x30060050, "DS", POINTS))] * CONTOURS)
    data = part10(
        identity_elements()
        + element(0x00080060, "CS", b"RTSTRUCT")
        + study_elements()
        + sequence(0x30060039, item(contours))
    )
    assert len(data) > SIZE
    (result,) = drop(cloud.clients, [Upload(name=NAME, content=data)])
    assert result.outcome is not None
    assert result.outcome.kind is OutcomeKind.ARCHIVED
    select = "SELECT Modality, MetadataUri, ObjectUri, DroppedTags FROM {}.instances_current "
    where = f"WHERE SOPInstanceUID = '{a_uid(8)}'"
    (row,) = until(lambda: query(cloud, select.format("imaging") + where))
    (copy,) = until(
        lambda: query(cloud, select.format("research") + "WHERE MetadataUri IS NOT NULL")
    )
    for each in (row, copy):
        assert each["Modality"] == "RTSTRUCT"
        assert each["MetadataUri"] == f"{each['ObjectUri']}.metadata.json"
        assert "30060039" in {tag["Path"] for tag in each["DroppedTags"]}
        bucket, _, name = each["MetadataUri"].removeprefix("gs://").partition("/")
        blob = cloud.clients.storage.bucket(bucket).get_blob(name)
        assert blob is not None
        assert blob.content_type == "application/dicom+json"
        (roi,) = json.loads(blob.download_as_bytes())["30060039"]["Value"]
        assert len(roi["30060040"]["Value"]) == CONTOURS
