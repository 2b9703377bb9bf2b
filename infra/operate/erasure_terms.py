"""What an erasure is asked for, why it may be refused, and what it tells."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from shared.contracts.outcome import PIPELINE_VERSION
from shared.contracts.subject import Selected, Subject
from shared.dicom.deidentification.pseudonyms import PseudonymKey
from shared.ports import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Whose data are to go, who asked for it, and why."""

    subject: Subject
    who: str
    reason: str
    whole: bool = False  # what holds others' data, too, goes all the same

    def row(self, moment: datetime, key: PseudonymKey, state: str, counts: Counter[str]) -> Row:
        """Return the row of `imaging.erasures`, in which nobody is named who was erased."""
        return {
            "RecordedAt": moment,
            "State": state,
            "Who": self.who,
            "Reason": self.reason,
            "Facility": self.subject.facility,
            "Kind": self.subject.kind.value,
            "Subject": key.token("erased", self.subject.natural_key)[:32],
            "KeyId": key.key_id,
            "Places": [{"Place": place, "Count": counts[place]} for place in sorted(counts)],
            "PipelineVersion": PIPELINE_VERSION,
        }


class RefusedError(Exception):
    """It is not begun: something must be kept, or would not be found any more. All is there."""


@dataclass(slots=True, kw_only=True)
class Report:
    """How much was found in which place, and what is left to a person."""

    found: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    mixed: list[str] = field(default_factory=list)  # UploadIds of what is others', too
    rows: list[Selected] = field(default_factory=list)
    done: bool = False  # and recorded as such

    @property
    def clean(self) -> bool:
        """Whether nobody has to look at anything."""
        return not self.left
