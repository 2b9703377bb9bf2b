"""An upload that is not decided although it should have been, as the outside is told."""

from dataclasses import dataclass
from datetime import datetime

from shared.contracts.ids import derived_id


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckUpload:
    """One upload, or member, and for how long it has waited."""

    facility: str  # registered, or `unknown`
    upload_event_id: str
    root_event_id: str
    finding: str  # of `sweep`: stuck, open or vanished
    waited_s: int  # the limit that was passed: it doubles each time that it is told
    noticed_at: datetime

    @property
    def event_id(self) -> str:
        """Derived from what waits and which limit it passed, so that two sweeps tell the same."""
        parts = (self.upload_event_id, self.finding, str(self.waited_s))
        return derived_id("dicom.upload.stuck", "\n".join(parts))
