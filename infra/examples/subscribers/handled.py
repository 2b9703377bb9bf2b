"""Once in effect: an event may come again, and is known by its id."""

import json
import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from cloudevents.http import CloudEvent, from_http


def event_of(attributes: Mapping[str, str], data: bytes) -> CloudEvent:
    """Read a message: the Pub/Sub binding names attributes as HTTP names its headers."""
    return from_http(dict(attributes), data)


def work(event: CloudEvent) -> None:
    """Do what your system does with an event; here it is printed."""
    told = {"id": event["id"], "type": event["type"], "sequence": event["sequence"]}
    print(json.dumps({**told, "data": event.data}), flush=True)


class Handled:
    """The ids of the events that were handled, in a file that outlives the process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        with closing(self._connect()) as database:
            database.execute("CREATE TABLE IF NOT EXISTS handled (id TEXT PRIMARY KEY)")

    def once(self, event: CloudEvent, work: Callable[[CloudEvent], None]) -> bool:
        """Do the work unless it was done; return whether it was done now.

        What fails leaves no trace, so that the event may come again. Work in the same database
        would be done once; other work must bear being done twice when the process dies in between.
        """
        with self._lock, closing(self._connect()) as database, database:
            insert = "INSERT OR IGNORE INTO handled VALUES (?)"
            is_new = database.execute(insert, [event["id"]]).rowcount == 1
            if is_new:
                work(event)
        return is_new

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path)
