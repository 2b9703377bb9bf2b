"""What is published on the public topic is in the table of events, word for word."""

import json

from infra.local.drop import Upload, drop
from tests.builders import an_instance
from tests.e2e.conftest import Cloud
from tests.e2e.watch import public_events, query, until

NAMES = [f"demo-hospital/events/{number}" for number in range(3)]


def test_every_public_event_is_in_the_table(cloud: Cloud) -> None:
    uploads = [
        Upload(name=name, content=an_instance(study=77, instance=number, rows=16, columns=16))
        for number, name in enumerate(NAMES)
    ]
    with public_events(cloud) as received:
        drop(cloud.clients, uploads)
        until(lambda: len({message.attributes["ce-id"] for message in received}) >= 2 * len(NAMES))
    told = {message.attributes["ce-id"]: message for message in received}
    ids = ", ".join(f"'{each}'" for each in told)
    sql = (
        "SELECT DISTINCT EventId, Type, TO_JSON_STRING(Data) AS Data FROM imaging.events "
        f"WHERE EventId IN ({ids})"
    )
    rows = until(lambda: len(found := query(cloud, sql)) == len(told) and found)
    assert {row["EventId"]: (row["Type"], json.loads(row["Data"])) for row in rows} == {
        event_id: (message.attributes["ce-type"], json.loads(message.data))
        for event_id, message in told.items()
    }
