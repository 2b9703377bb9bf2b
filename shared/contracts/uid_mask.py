"""UIDs as public events say them: of some facilities pseudonyms stand for them.

A UID counts as identifying where it was made from a patient's number or a name, or where others
hold lists that lead from it to a person. So does whatever else stands in the place of a SOP class
of the standard.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from shared.contracts.facilities import Facilities, UidPolicy
from shared.dicom.keyed import MINIMUM_SECRET_BYTES, keyed_digest, uid_from
from shared.dicom.standard.sop_classes import SOP_CLASS_NAMES
from shared.errors import SettingsError

_PROJECT: Final = "events"  # no pseudonym of a research project is one of these
_KEY_ID_DIGITS: Final = 16
_CLASS: Final = "sop_class_uid"
_UIDS: Final = ("study_instance_uid", "series_instance_uid", "sop_instance_uid")


@dataclass(frozen=True, slots=True)
class UidMask:
    """Which facilities' UIDs are replaced, and under which secret."""

    facilities: frozenset[str] = frozenset()
    plain: frozenset[str] = frozenset()  # whose UIDs may be told
    secret: bytes = field(default=b"", repr=False)

    @classmethod
    def of(cls, facilities: Facilities, key: bytes | None) -> "UidMask":
        """Return the mask of a deployment.

        Raises:
            SettingsError: a facility wants pseudonyms and there is no key, or too short a one.
        """
        masked = frozenset(
            each.name for each in facilities if each.event_uids is UidPolicy.PSEUDONYM
        )
        if masked and len(key or b"") < MINIMUM_SECRET_BYTES:
            wanted = f"has no key of {MINIMUM_SECRET_BYTES} bytes, which event_uids needs"
            raise SettingsError("invalid-settings", [f"INLET_EVENT_KEY_FILE {wanted}"])
        plain = frozenset(each.name for each in facilities) - masked
        return cls(facilities=masked, plain=plain, secret=key or b"")

    @property
    def key_id(self) -> str:
        """Which key this is: 16 hexadecimal digits that anybody may know."""
        return keyed_digest(self.secret, _PROJECT, "key-id", "").hex()[:_KEY_ID_DIGITS]

    def uid(self, original: str) -> str:
        """Return the pseudonym of a UID: a `2.25.` UID, the same in every event."""
        return uid_from(keyed_digest(self.secret, _PROJECT, "uid", original))

    def applied(self, facility: str, values: Mapping[str, object]) -> dict[str, object]:
        """Return an event's values as they may be told of a facility.

        With pseudonyms, where a study stands in the archive is not told: the name has its UID. A
        facility that is registered no more may have wanted them.
        """
        hidden = bool(self.facilities) and facility not in self.plain
        if not hidden or not any(map(values.get, _UIDS)):
            return dict(values)
        told = {name: value for name, value in values.items() if name != "archive_prefix"}
        return {**self._replaced(told), "uid_key_id": self.key_id}

    def _replaced(self, values: Mapping[str, object]) -> dict[str, object]:
        return {name: self._value(name, value) for name, value in values.items()}

    def _value(self, name: str, value: object) -> object:
        if isinstance(value, str):
            own = name in _UIDS or (name == _CLASS and value not in SOP_CLASS_NAMES)
            return self.uid(value) if own else value
        if isinstance(value, list):
            return [self._replaced(item) if isinstance(item, Mapping) else item for item in value]
        return value
