"""The types of public events, and all that each may say.

This list is the only way to the outside: an event is made by taking from what is known the fields
of its type, in their forms. The JSON Schemas, the AsyncAPI document, the protocol buffer and the
tables of the documentation are made from it too (`infra/event_contracts.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from shared.contracts.event_forms import Each, Field, Flag, Form, Only, Record, Text, Whole
from shared.contracts.modalities import MODALITIES
from shared.contracts.outcome import MEANINGS, OutcomeKind
from shared.contracts.receipt import CLOSINGS
from shared.contracts.study import CAUSES, Change
from shared.dicom.identity import USABLE_UID

_CODE: Final = "[a-z]+(-[a-z0-9]+)*"
_DIGEST: Final = Text(pattern="[0-9a-f]{32}", longest=32)
_FOLDER: Final = Text(pattern="[a-z0-9][a-z0-9-]*", longest=63)
_TERM: Final = Text(pattern="[A-Z0-9]+", longest=16, known=MODALITIES)
_UID: Final = Text(pattern=USABLE_UID.pattern, longest=64)
_TIME: Final = Text(
    pattern=r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00".replace(r"\d", "[0-9]"),
    longest=32,
    format="date-time",
)


def _code(*known: str) -> Text:
    return Text(pattern=_CODE, longest=64, known=frozenset(known))


def _some(number: int, description: str, form: Form) -> Field:
    return Field(number=number, description=description, form=form)


def _filterable(number: int, description: str, form: Form, also_named: str = "") -> Field:
    kept = _some(number, description, form)
    return replace(kept, filterable=True, also_named=also_named)


def _uid(number: int, description: str, also_named: str = "") -> Field:
    return _filterable(number, description, _UID, also_named)


def _modality(number: int) -> Field:
    said = "Modality (0008,0060), where it is a defined term"
    return _filterable(number, said, _TERM)


def _reason(number: int) -> Field:
    said = "Why it was refused, ignored, held or not copied, by stable code"
    return _filterable(number, said, _code())


# The number of a field is its number in the protocol buffer: a new field, wherever it stands, has
# the next one that is free, and no field ever has another, or that of one that is no more.
_SERIES: Final = Record(
    required={
        "series_instance_uid": _some(1, "Series Instance UID (0020,000E)", _UID),
        "instances": _some(2, "How many of its instances are there", Whole()),
        "settled": _some(3, "Whether nothing came for its quiet period", Flag()),
    },
    optional={"modality": _modality(4)},
)
_TALLY: Final = Record(
    required={
        "outcome": _some(1, "What became of them", _code(*OutcomeKind)),
        "files": _some(2, "How many files", Whole()),
    },
    optional={"reason": _reason(3)},
)

FIELDS: Final[Mapping[str, Field]] = {
    "schema_version": _filterable(1, "The version in the name of the type", Whole(1)),
    "outcome": _filterable(2, "What became of the object", _code(*OutcomeKind)),
    "reason": _reason(3),
    "facility": _filterable(4, "Who sent it, by the name of its folder, or `unknown`", _FOLDER),
    "root_event_id": _some(5, "The id of the upload from which all of this follows", _DIGEST),
    "study_instance_uid": _uid(6, "Study Instance UID (0020,000D)", "studyInstanceUID"),
    "series_instance_uid": _uid(7, "Series Instance UID (0020,000E)", "seriesInstanceUID"),
    "sop_instance_uid": _uid(8, "SOP Instance UID (0008,0018)", "sopInstanceUID"),
    "sop_class_uid": _uid(9, "SOP Class UID (0008,0016)"),
    "modality": _modality(10),
    "uid_key_id": _filterable(
        11,
        "Study, series and SOP Instance UIDs are pseudonyms under the key of this id",
        Text(pattern="[0-9a-f]{16}", longest=16),
    ),
    "primary": _filterable(12, "Whether the version is the primary one from then on", Flag()),
    "difference": _filterable(13, "In what it differs from the first version", _code()),
    "size": _some(14, "The object's bytes", Whole()),
    "change": _filterable(15, "What the study became", _code(*Change)),
    "cause": _filterable(16, "Why the study is said to be so", _code(*CAUSES)),
    "revision": _filterable(17, "Which time this is, counted from 1", Whole(1)),
    "instances": _some(18, "How many instances of it are there", Whole()),
    "expected_instances": _some(19, "How many were announced", Whole()),
    "modalities": _some(20, "The modalities of its series", Each(_TERM)),
    "series": _some(21, "Its series", Each(_SERIES)),
    "series_left_out": _some(34, "How many more it has than are listed", Whole(1)),
    "archive_prefix": _some(
        22,
        "Where in the archive bucket it stands: what its objects' names begin with",
        Text(pattern=rf"([a-z0-9][a-z0-9-]*/)+{USABLE_UID.pattern}/", longest=1024),
    ),
    "upload_event_id": _some(23, "The id of the upload, or member, that waits", _DIGEST),
    "finding": _filterable(
        24,
        "How it was found: `stuck` in the inbox, `open` for want of an outcome, or `vanished`",
        _code("stuck", "open", "vanished"),
    ),
    "waited_s": _some(25, "Seconds that it has waited at least", Whole()),
    "receipt_id": _some(26, "The id of the receipt, the same in each of its revisions", _DIGEST),
    "closing": _filterable(27, "What ended the drop", _code(*CLOSINGS)),
    "opened_at": _some(28, "When the first of its files landed", _TIME),
    "closed_at": _some(29, "When the last of its files landed", _TIME),
    "files": _some(30, "How many files it covers", Whole()),
    "undecided": _some(31, "How many of them have no outcome yet", Whole()),
    "tallies": _some(32, "How many files had which outcome", Each(_TALLY)),
    "receipt_uri": _some(
        33,
        "Where the receipt is, as gs:// address",
        Text(pattern=r"gs://[a-z0-9][a-z0-9._-]*/[a-z0-9][a-z0-9./-]*\.json", longest=1024),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """One type of events: its name, what it says, and the only fields that it has."""

    name: str  # ends in its version: `….v1`
    says: str
    stage: str  # the function that decides it
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    same: Mapping[str, str] = field(
        default_factory=dict
    )  # fields that have one value in all its events

    @property
    def version(self) -> int:
        """Its version, which is the `schema_version` of its events."""
        return int(self.name.rpartition(".v")[2])

    @property
    def record(self) -> Record:
        """The form of its data."""
        return Record(
            required={name: self._field(name) for name in ("schema_version", *self.required)},
            optional={name: self._field(name) for name in self.optional},
        )

    def _field(self, name: str) -> Field:
        same: dict[str, str | int] = {"schema_version": self.version, **self.same}
        return replace(FIELDS[name], form=Only(same[name])) if name in same else FIELDS[name]

    def data(self, values: Mapping[str, object]) -> dict[str, object]:
        """Return the data of an event: of these values, what its type lets through.

        Raises:
            ValueError: what its type requires is not among them.
        """
        data = self.record.admitted({**values, "schema_version": self.version})
        if data is None:
            raise ValueError(f"an event lacks what {self.name} requires")
        return data


_OF_SENT: Final = ("outcome", "facility", "root_event_id", "size")
_ABOVE: Final = ("study_instance_uid", "series_instance_uid", "modality")
_INSTANCE: Final = ("sop_instance_uid", "sop_class_uid")
_VERSION: Final = (*_OF_SENT, *_INSTANCE, "primary")
_PLACED: Final = (*_ABOVE, "uid_key_id")
_PERHAPS: Final = (*_INSTANCE, *_PLACED)
_WITHHELD: Final = (*_PERHAPS, "reason")

# Required and optional fields of the event of each kind of outcome.
_OF_OUTCOMES: Final[Mapping[OutcomeKind, tuple[str, tuple[str, ...], tuple[str, ...]]]] = {
    OutcomeKind.ARCHIVED: ("dicom.instance.archived.v1", _VERSION, _PLACED),
    OutcomeKind.DUPLICATE: ("dicom.instance.duplicate.v1", _OF_SENT, _PERHAPS),
    OutcomeKind.CONFLICT: ("dicom.instance.conflict.v1", _VERSION, (*_PLACED, "difference")),
    OutcomeKind.QUARANTINED: ("dicom.object.quarantined.v1", _OF_SENT, _WITHHELD),
    OutcomeKind.EXPANDED: ("dicom.object.expanded.v1", _OF_SENT, ()),
    OutcomeKind.IGNORED: ("dicom.object.ignored.v1", _OF_SENT, _WITHHELD),
    OutcomeKind.PROMOTED: ("dicom.instance.promoted.v1", _VERSION, _PLACED),
    # A copy's event names neither the facility nor the root nor the size: each would lead from
    # the pseudonymous UIDs back to the original's.
    OutcomeKind.DEIDENTIFIED: (
        "dicom.instance.deidentified.v1",
        ("outcome", *_INSTANCE),
        _ABOVE,
    ),
    OutcomeKind.HELD: ("dicom.instance.held.v1", _OF_SENT, _WITHHELD),
    OutcomeKind.FAILED: ("dicom.instance.failed.v1", _OF_SENT, _WITHHELD),
}
OF_OUTCOMES: Final[Mapping[OutcomeKind, EventType]] = {
    kind: EventType(
        name=name,
        says=MEANINGS[kind],
        stage=kind.stage,
        required=required,
        optional=optional,
        same={"outcome": kind.value},
    )
    for kind, (name, required, optional) in _OF_OUTCOMES.items()
}

_STUDY: Final = (
    "facility",
    "study_instance_uid",
    "change",
    "cause",
    "revision",
    "instances",
    "modalities",
    "series",
)
_STUDY_PERHAPS: Final = ("expected_instances", "series_left_out", "archive_prefix", "uid_key_id")
OF_STUDIES: Final[Mapping[Change, EventType]] = {
    Change.COMPLETED: EventType(
        name="dicom.study.completed.v1",
        says="a study is complete: nothing more of it is to come, for all that is known",
        stage="sweep",
        required=_STUDY,
        optional=_STUDY_PERHAPS,
        same={"change": Change.COMPLETED.value},
    ),
    Change.REOPENED: EventType(
        name="dicom.study.reopened.v1",
        says="more of a study came after it was complete; it will be completed again",
        stage="sweep",
        required=_STUDY,
        optional=_STUDY_PERHAPS,
        same={"change": Change.REOPENED.value},
    ),
}
STUCK: Final = EventType(
    name="dicom.upload.stuck.v1",
    says="an upload has no outcome although it should; told again each time its wait doubles",
    stage="sweep",
    required=("facility", "root_event_id", "upload_event_id", "finding", "waited_s"),
)
RECEIPT: Final = EventType(
    name="dicom.receipt.issued.v1",
    says="what became of the files that a facility dropped stands in a receipt",
    stage="sweep",
    required=(
        "facility",
        "receipt_id",
        "revision",
        "closing",
        "opened_at",
        "closed_at",
        "files",
        "undecided",
        "tallies",
        "receipt_uri",
    ),
)
EVENT_TYPES: Final = (*OF_OUTCOMES.values(), *OF_STUDIES.values(), STUCK, RECEIPT)
