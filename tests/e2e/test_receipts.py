"""What a facility drops is told of in a receipt: as JSON, as a page and by an event."""

import json
import time
from typing import Any

from google.cloud.storage import Blob

from infra.local.drop import Upload, drop
from infra.local.samples import ct_slice, encoded
from tests.e2e.conftest import Cloud
from tests.e2e.watch import swept_until

FACILITY = "demo-hospital"


def _receipts(cloud: Cloud) -> dict[str, Blob]:
    bucket = cloud.clients.storage.bucket(cloud.environment["INLET_RECEIPTS"])
    blobs = bucket.list_blobs(prefix=f"{FACILITY}/")
    return {blob.name: blob for blob in blobs if blob.name.endswith(".json")}


def _listing(cloud: Cloud, name: str) -> tuple[Blob, dict[str, Any]] | None:
    """The receipt that lists a file, when there is one."""
    for blob in _receipts(cloud).values():
        told = json.loads(blob.download_as_bytes())
        if any(name in outcome["names"] for outcome in told["outcomes"]):
            return blob, told
    return None


def test_a_drop_that_a_manifest_ends_has_a_receipt(cloud: Cloud) -> None:
    # What others dropped before it and no manifest ended is in a receipt of its own by then.
    drop(cloud.clients, [Upload(name=f"{FACILITY}/before/_complete.json", content=b"{}")])
    time.sleep(1.1)  # the local server counts in seconds, and a manifest ends all of its own
    folder = f"{FACILITY}/receipts"
    slices = [encoded(ct_slice(9000 + number)) for number in range(4)]
    files = [
        *(Upload(name=f"{folder}/{number}", content=data) for number, data in enumerate(slices)),
        Upload(name=f"{folder}/notes.txt", content=b"these are notes"),
        Upload(name=f"{folder}/broken", content=slices[0][:-10]),
    ]
    drop(cloud.clients, files)
    drop(cloud.clients, [Upload(name=f"{folder}/twice", content=slices[0])])
    drop(cloud.clients, [Upload(name=f"{folder}/_complete.json", content=b"{}")])
    blob, told = swept_until(cloud, lambda: _listing(cloud, "receipts/_complete.json"))
    counts = {
        (outcome["outcome"], outcome["reason"]): outcome["files"] for outcome in told["outcomes"]
    }
    assert counts == {
        ("archived", None): 4,
        ("duplicate", None): 1,
        ("ignored", "manifest"): 1,
        ("quarantined", "not-dicom"): 1,
        ("quarantined", "truncated"): 1,
    }
    assert (told["files"], told["accepted"], told["refused"]) == (8, 5, 2)
    assert (told["closing"]["code"], told["undecided"]) == ("manifest", 0)
    assert blob.content_type == "application/json"
    page = blob.bucket.get_blob(blob.name.replace(".json", ".html"))
    assert page.content_type == "text/html; charset=utf-8"
    assert "receipts/notes.txt" in page.download_as_bytes().decode()
    cloud.await_rows(
        "SELECT COUNT(DISTINCT EventId) FROM imaging.events WHERE "
        f"Type = 'dicom.receipt.issued.v1' AND TO_JSON_STRING(Data) LIKE '%{told['receipt_id']}%'",
        [1],
    )
