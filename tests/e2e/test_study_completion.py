"""A study whose facility says that it was all of it is complete with the next sweep."""

import json
from typing import Any

from infra.local.drop import Upload, drop
from tests.builders import a_uid, an_instance
from tests.e2e.conftest import Cloud
from tests.e2e.watch import public_events, query, swept_until

PATIENT, STUDY = 91, 3
FOLDER = "demo-hospital/completion"


def _image(number: int) -> Upload:
    content = an_instance(patient=PATIENT, study=STUDY, instance=number, rows=16, columns=16)
    return Upload(name=f"{FOLDER}/{number}", content=content)


def test_a_manifest_makes_a_study_complete_and_a_late_file_opens_it(cloud: Cloud) -> None:
    uid = a_uid(PATIENT, STUDY)
    manifest = {"version": 1, "studies": [{"study_instance_uid": uid, "instances": 3}]}
    with public_events(cloud) as received:

        def told(kind: str) -> dict[str, Any]:
            events = [
                json.loads(message.data)
                for message in received
                if message.attributes["ce-type"] == f"dicom.study.{kind}.v1"
            ]
            return next((each for each in events if each["study_instance_uid"] == uid), {})

        drop(cloud.clients, [_image(number) for number in (1, 2, 3)])
        content = json.dumps(manifest).encode()
        drop(cloud.clients, [Upload(name=f"{FOLDER}/_complete.json", content=content)])
        completed = swept_until(cloud, lambda: told("completed"))
        assert (completed["cause"], completed["instances"]) == ("manifest", 3)
        assert completed["archive_prefix"] == f"demo-hospital/{uid}/"
        drop(cloud.clients, [_image(4)])
        reopened = swept_until(cloud, lambda: told("reopened"))
    assert (reopened["revision"], reopened["instances"]) == (2, 4)
    sql = f"SELECT * FROM imaging.study_completion WHERE StudyInstanceUID = '{uid}'"
    (row,) = query(cloud, sql)
    assert (row["Revision"], row["ArrivedInstances"]) == (2, 4)
