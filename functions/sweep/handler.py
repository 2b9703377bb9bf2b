"""Sweep: what was lost between two steps is found and repaired, or reported, never silently.

An upload may sit because its notification was lost or its deliveries ended in the dead-letter
topic; an outcome may be decided and never told. Announcing an object twice is harmless: `ingest`
gives a generation one outcome however often it is delivered, and everything that follows is known
by ids that repeat. So is a second sweep at the same time: both announce the same, and each writes a
row of its own whose cursor is behind nothing that was not compared.

A run does, in this order: its tasks, each whatever becomes of the others; what waits in the inbox
and the staging area is announced again; uploads that were announced and have no outcome are looked
for; a part of the archive is compared with the tables; dead letters are counted; and the run is
written down. What ends before that is done again by the next run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Final

from functions.sweep.alarm import Alarm
from functions.sweep.merge import Pair, merged
from functions.sweep.patience import is_due, passed
from functions.sweep.report import Kind, Report
from functions.sweep.task import Task
from functions.sweep.terms import LOOKBACK, Terms
from shared.contracts import layout
from shared.contracts.catalogue import OpenUpload, Progress
from shared.contracts.objects import ObjectVersion, StoredObject
from shared.contracts.upload import Upload
from shared.dead_letters import waiting
from shared.errors import ContractError, InletError
from shared.ports import Catalogue, Clock, Done, ObjectStore, Publisher, Subscription

EVER: Final = timedelta(days=10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """The handler of the schedule."""

    objects: ObjectStore
    uploads: Publisher
    catalogue: Catalogue
    dead_letters: Subscription
    clock: Clock
    terms: Terms
    alarm: Alarm | None = None
    tasks: Sequence[Task] = ()

    def __call__(self) -> Done:
        """Return once what this run is to do is done and written down.

        Raises:
            TransientError: one of the tasks failed, which the next run does again.
        """
        report = self.run()
        for failure in report.failures:
            raise failure
        return report.done()

    def run(self, progress: Progress | None = None) -> Report:
        """Return what a run found; it goes on where the last one ended unless told otherwise."""
        started = self.clock.now()
        progress = progress or self.catalogue.progress(started - LOOKBACK)
        max_findings = self.terms.limits.max_findings
        report = Report(started=started, max_findings=max_findings, before=progress)
        self._do_tasks(report)
        self._redrive(report, after=progress.redriven_to)
        if self._has_passed(self.terms.limits.ask_every, progress.asked_at):
            self._ask(report)
        if not progress.pass_complete:
            self._compare(report, after=progress.compared_to)
        elif self._has_passed(self.terms.limits.compare_every, progress.compared_at):
            self._compare(report, after="")
        report.dead_letters = len(waiting(self.dead_letters, self.terms.limits.max_dead_letters))
        self.catalogue.record(report.row(self.clock.now()))
        return report

    def _do_tasks(self, report: Report) -> None:
        """Do each, whatever becomes of the others."""
        for task in self.tasks:
            try:
                task.run(report)
            except InletError as failure:
                report.failures.append(failure)

    def _redrive(self, report: Report, after: str) -> None:
        """Announce what has waited for too long, behind the place where the last run had to end."""
        report.redriven_to = after
        for stored in self._stuck(after):
            if self._is_spent(report):
                return
            if upload := self._announce(report, Kind.STUCK, stored):
                self._tell(Kind.STUCK, upload, stored.created, self._patience(stored))
            report.redriven.add(stored.version)
            report.redriven_to = stored.uri
        report.redriven_to = ""

    def _stuck(self, after: str) -> Iterator[StoredObject]:
        """Yield what is due; where a run goes on, all that has waited for long enough is."""
        interval = EVER if after else self.terms.limits.interval
        now, name = self.clock.now(), after.removeprefix("gs://").partition("/")[2]
        in_staging = after.startswith(f"gs://{self.terms.quarantine}/")
        listed = chain(
            () if in_staging else self.objects.list(self.terms.inbox, start=name),
            self.objects.list(
                self.terms.quarantine, layout.STAGING, start=name if in_staging else ""
            ),
        )
        for stored in listed:
            due = is_due(now - stored.created, self._patience(stored), interval)
            if due and stored.uri != after:
                yield stored

    def _patience(self, stored: StoredObject) -> timedelta:
        """Return how long an object may sit; a part of an upload waits for its composition."""
        part = layout.is_upload_part(stored.version)
        return layout.UPLOAD_PART_GRACE if part else self.terms.limits.stuck_after

    def _ask(self, report: Report) -> None:
        """Look for what was announced and has no outcome; an overwritten generation may be left."""
        if self._is_spent(report):
            return
        limits, now = self.terms.limits, report.started
        report.asked = True
        for upload in self.catalogue.open_uploads(now - LOOKBACK, now - limits.stuck_after):
            due = is_due(now - upload.landed_at, limits.stuck_after, limits.ask_every)
            if not due or upload.version in report.redriven:
                continue
            if self._is_spent(report):
                break
            if stored := self.objects.stat(upload.version):
                kind = Kind.OPEN
                self._announce(report, kind, stored)
            else:
                kind = Kind.VANISHED
                report.add(kind, upload.version)
            self._tell(kind, upload, upload.landed_at, limits.stuck_after)

    def _compare(self, report: Report, after: str) -> None:
        """Compare the next part of the archive with its rows.

        As many rows are read as names are looked at, so that no name is missed for want of rows.
        """
        if self._is_spent(report):
            return
        limit = self.terms.limits.max_compared
        report.compared_from = report.compared_to = after
        rows = self.catalogue.archived(self.terms.archive, after, limit)
        for pair in islice(merged(self._versions(after), rows), limit):
            if self._is_spent(report):
                return
            self._judge(report, pair)
            report.compared_to = pair.name
            report.names_compared += 1
        report.pass_complete = report.names_compared < limit

    def _judge(self, report: Report, pair: Pair) -> None:
        """Repair or report what only one side has; what is young may still come."""
        old = report.started - self.terms.limits.stuck_after
        if pair.stored:
            report.archive_listed += 1
            if pair.row_is_missing and pair.stored.created <= old:
                self._announce(report, Kind.ROW_MISSING, pair.stored)
        elif pair.indexed and pair.indexed.stored_at <= old:
            report.add(
                Kind.OBJECT_MISSING,
                ObjectVersion(
                    bucket=self.terms.archive, name=pair.name, generation=pair.indexed.generation
                ),
            )

    def _versions(self, after: str) -> Iterator[StoredObject]:
        """Yield the archived versions behind a name; the claims among them are not even listed."""
        for stored in self.objects.list(self.terms.archive, start=after):
            name = stored.version.name
            if name.startswith(layout.CLAIMS):
                yield from self._versions(layout.CLAIMS_END)
                return
            if name > after and layout.is_version(name):
                yield stored

    def _announce(self, report: Report, kind: Kind, stored: StoredObject) -> Upload | None:
        try:
            upload = self._upload(stored)
        except ContractError:
            report.add(Kind.UNLABELLED, stored.version)
            return None
        self.uploads.publish(upload.to_message())
        report.add(kind, stored.version)
        return upload

    def _tell(
        self, kind: Kind, upload: Upload | OpenUpload, since: datetime, patience: timedelta
    ) -> None:
        """Tell the outside which limit was passed: the same, whoever tells it and when."""
        if self.alarm:
            self.alarm.tell(kind, upload, since, passed(self.clock.now() - since, patience))

    def _upload(self, stored: StoredObject) -> Upload:
        if stored.version.bucket == self.terms.inbox:
            return Upload(version=stored.version, landed_at=stored.created)
        return Upload.of_kept(stored)

    def _is_spent(self, report: Report) -> bool:
        """Return whether the run has to leave the rest to the next one."""
        in_time = self.clock.now() - report.started < self.terms.limits.budget
        spent = not in_time or report.announced >= self.terms.limits.max_announced
        report.cut_short |= spent
        return spent

    def _has_passed(self, period: timedelta, since: datetime | None) -> bool:
        return since is None or self.clock.now() - since >= period
