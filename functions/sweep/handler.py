"""Sweep: what has sat in the inbox, or waited to be decided, for too long is announced again.

An upload may sit because its notification was lost or its deliveries ended in the dead-letter
topic. Announcing it twice is harmless: `ingest` gives a generation one outcome however often it
is delivered. The same holds for the members of containers, which wait in the staging area.

So that a backlog is not multiplied while the cause lasts, an object is announced once when it has
sat for the limit, then for twice as long, four times, and so on.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from shared.contracts import layout
from shared.contracts.objects import StoredObject
from shared.contracts.upload import Upload
from shared.ports import Clock, Done, ObjectStore, Publisher


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """The handler of the schedule."""

    objects: ObjectStore
    uploads: Publisher
    clock: Clock
    inbox: str
    quarantine: str
    stuck_after: timedelta
    interval: timedelta  # between two runs
    max_redriven: int

    def __call__(self) -> Done:
        """Return once everything stuck, up to the limit of one run, is announced again."""
        stuck = islice(self._stuck(), self.max_redriven)
        redriven = 0
        for redriven, upload in enumerate(stuck, start=1):  # noqa: B007 - the count is the result
            self.uploads.publish(upload.to_message())
        level = logging.WARNING if redriven else logging.INFO
        fields = {"redriven": redriven, "limit_reached": redriven == self.max_redriven}
        return Done("inbox swept", fields, level)

    def _stuck(self) -> Iterator[Upload]:
        now = self.clock.now()
        for stored in self.objects.list(self.inbox):
            if self._is_due(now - stored.created, self._patience(stored)):
                yield Upload(version=stored.version, landed_at=stored.created)
        for stored in self.objects.list(self.quarantine, layout.STAGING):
            if self._is_due(now - stored.created, self.stuck_after):
                yield Upload.of_kept(stored)

    def _is_due(self, age: timedelta, patience: timedelta) -> bool:
        """Return whether a doubling of the patience was passed lately.

        Lately is twice the interval, so that a run which comes late misses nothing.
        """
        before = max(age - 2 * self.interval, timedelta())
        return (age // patience).bit_length() > (before // patience).bit_length()

    def _patience(self, stored: StoredObject) -> timedelta:
        """Return how long an object may sit; a part of an upload waits for its composition."""
        part = layout.is_upload_part(stored.version)
        return layout.UPLOAD_PART_GRACE if part else self.stuck_after
