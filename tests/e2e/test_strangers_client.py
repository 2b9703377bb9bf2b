"""A script that knows nothing but the environment lines and Google's libraries."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.builders import an_instance
from tests.e2e.conftest import Cloud

SCRIPT = textwrap.dedent(
    """
    import os, sys, threading, time, uuid
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery, pubsub_v1, storage

    project = os.environ["GOOGLE_CLOUD_PROJECT"]
    anonymous = AnonymousCredentials()

    publisher, subscriber = pubsub_v1.PublisherClient(), pubsub_v1.SubscriberClient()
    topic = publisher.topic_path(project, os.environ["INLET_EVENTS_TOPIC"])
    unary, streaming = (
        subscriber.subscription_path(project, f"{kind}-{uuid.uuid4()}")
        for kind in ("unary", "streaming")
    )
    for subscription in (unary, streaming):
        subscriber.create_subscription(
            request={
                "name": subscription,
                "topic": topic,
                "filter": 'attributes.outcome = "archived"',
            }
        )

    inbox = storage.Client(project=project, credentials=anonymous).bucket(
        os.environ["INLET_INBOX"]
    )
    inbox.blob("demo-clinic/no extension").upload_from_filename(sys.argv[1])

    pulled = subscriber.pull(subscription=unary, max_messages=1, timeout=60).received_messages
    subscriber.acknowledge(subscription=unary, ack_ids=[each.ack_id for each in pulled])

    streamed, done = [], threading.Event()
    def receive(message):
        streamed.append(message)
        message.ack()
        done.set()
    future = subscriber.subscribe(streaming, callback=receive)
    assert done.wait(60)
    future.cancel()

    attributes = dict(pulled[0].message.attributes)
    assert attributes == dict(streamed[0].attributes)
    warehouse = bigquery.Client(project=project, credentials=anonymous)
    sql = (
        f"SELECT PatientID, Modality FROM `{os.environ['INLET_DATASET']}.instances_current` "
        f"WHERE SOPInstanceUID = '{attributes['sop_instance_uid']}'"
    )
    rows = []
    for _ in range(300):
        rows = [tuple(row.values()) for row in warehouse.query(sql).result()]
        if rows:
            break
        time.sleep(0.2)
    print(attributes["ce-type"], attributes["facility"], rows)
    """
)


def test_a_script_that_nobody_here_wrote_uses_the_cloud(cloud: Cloud, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(an_instance(patient=90, study=90, PatientID="MADE-UP-90"))
    finished = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, str(file)],
        env={**os.environ, **cloud.environment},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.split(maxsplit=2) == [
        "dicom.instance.archived.v1",
        "demo-clinic",
        "[('MADE-UP-90', 'CT')]\n",
    ]
