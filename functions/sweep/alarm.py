"""The outside is told of uploads that are not decided although they should have been."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.sweep.report import Kind
from functions.sweep.terms import Terms
from shared.contracts.catalogue import OpenUpload
from shared.contracts.event import PublicEvent
from shared.contracts.facilities import Facilities
from shared.contracts.layout import UNKNOWN_FACILITY
from shared.contracts.objects import ObjectVersion
from shared.contracts.stuck import StuckUpload
from shared.contracts.upload import Upload
from shared.ports import Publisher


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What tells it."""

    events: Publisher
    facilities: Facilities
    terms: Terms

    def tell(
        self, kind: Kind, upload: Upload | OpenUpload, since: datetime, waited: timedelta
    ) -> None:
        """Return once it is told that an upload has waited since then for so long."""
        stuck = StuckUpload(
            facility=self._sender(upload.version),
            upload_event_id=upload.event_id,
            root_event_id=upload.root_event_id,
            finding=kind.value,
            waited_s=round(waited.total_seconds()),
            noticed_at=since + waited,
        )
        self.events.publish(PublicEvent.of_stuck(stuck).to_message())

    def _sender(self, version: ObjectVersion) -> str:
        """Return the registered facility that sent an object, by where it stands, or `unknown`.

        A folder that nobody registered is not told: whoever made it chose its name.
        """
        if version.bucket == self.terms.archive:
            parts = {each.name: f"{each.prefix}/" for each in self.facilities}
            kept = (name for name, part in parts.items() if version.name.startswith(part))
            return next(kept, UNKNOWN_FACILITY)
        depth = 1 if version.bucket == self.terms.quarantine else 0  # behind `staging`, or a reason
        folder = [*version.name.split("/"), ""][depth]
        return folder if self.facilities.get(folder) else UNKNOWN_FACILITY
