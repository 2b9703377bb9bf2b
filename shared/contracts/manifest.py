"""A manifest: what a facility says that it has sent, in a file `_complete.json` beside it.

    {"version": 1,
     "studies": [{"study_instance_uid": "1.2.3", "instances": 120},
                 {"study_instance_uid": "1.2.4", "sop_instance_uids": ["1.2.4.1", "1.2.4.2"]}]}

Without `studies` it says that all of its folder was sent.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final, NamedTuple

from shared.contracts.expected import MAX_EXPECTED_INSTANCES, is_expectable
from shared.contracts.fields import Fields
from shared.dicom.identity import USABLE_UID
from shared.dicom.limits import MIB
from shared.errors import ContractError, LimitError

VERSION: Final = 1
MANIFEST_PROBLEM: Final = "manifest-problem"
MANIFEST_WARNINGS: Final[Mapping[str, str]] = {
    MANIFEST_PROBLEM: "This field of the manifest is not as it should be."
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestLimits:
    """How much of one manifest is taken before it is refused."""

    max_bytes: int = 3 * MIB // 2
    max_studies: int = 5_000
    max_instances: int = 20_000


DEFAULT_MANIFEST_LIMITS: Final = ManifestLimits()


class ManifestLimit(NamedTuple):
    """One row of the table of limits; what exceeds one is refused."""

    field: str
    default: int
    reason: str
    why: str


_ROWS: Final[dict[str, tuple[str, str]]] = {
    "max_bytes": (
        "manifest-too-large",
        "20,000 UIDs of 64 characters take 1.3 MB; 1.5 MiB take 75 in memory, as headers may",
    ),
    "max_studies": (
        "manifest-too-many-studies",
        "a day of a large hospital; of each, the outcome's message has 150 bytes at worst",
    ),
    "max_instances": (
        "manifest-too-many-instances",
        "named by UID, which travel in one message, 220 bytes each at worst. A count costs nothing",
    ),
}

MANIFEST_LIMITS: Final = tuple(
    ManifestLimit(field.name, getattr(DEFAULT_MANIFEST_LIMITS, field.name), *_ROWS[field.name])
    for field in fields(ManifestLimits)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestStudy:
    """One study, and how much of it was sent: a number, the instances themselves, or neither."""

    study_instance_uid: str
    instances: int | None = None
    sop_instance_uids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What one manifest says; no studies: all of its folder was sent."""

    studies: tuple[ManifestStudy, ...] = ()

    @classmethod
    def from_json(cls, data: bytes, limits: ManifestLimits = DEFAULT_MANIFEST_LIMITS) -> "Manifest":
        """Read a manifest from the bytes of its file.

        Raises:
            LimitError: it has more bytes, studies or named instances than are taken.
            ContractError: it is not JSON in UTF-8, names a key twice, or is no manifest.
        """
        if len(data) > limits.max_bytes:
            raise LimitError("manifest-too-large")
        return cls.from_data(_parsed(data), limits)

    @classmethod
    def from_data(
        cls, data: object, limits: ManifestLimits = DEFAULT_MANIFEST_LIMITS
    ) -> "Manifest":
        """Read the inverse of `to_data`.

        Raises:
            LimitError: it has more studies or named instances than are taken.
            ContractError: lists every field that is not as it should be, never a value; an
                unknown version is told alone, unknown fields are ignored.
        """
        _check_size(data, limits)
        read = Fields("manifest", data)
        version = read.optional_integer("version")
        if version not in {None, VERSION}:
            raise ContractError("unknown-manifest-version", ["version is not known"])
        manifest = cls(studies=read.each("studies", _study))
        _note_repetitions(read, manifest.studies)
        read.check()
        return manifest

    def to_data(self) -> dict[str, object]:
        """Return the JSON form."""
        return {"version": VERSION, "studies": [_study_data(study) for study in self.studies]}


def _parsed(data: bytes) -> object:
    """Return JSON as Python values, strictly: one value per key, finite numbers."""
    try:
        text = data.decode("utf-8-sig")  # some editors begin UTF-8 with a mark
        return json.loads(text, object_pairs_hook=_distinct, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise ContractError("invalid-manifest", ["is not JSON"]) from None


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(found := dict(pairs)) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse(_: str) -> object:
    raise ValueError("not a number of JSON")


def _check_size(data: object, limits: ManifestLimits) -> None:
    """Return only when there are not too many fields to be read one by one."""
    studies = _list(data, "studies")
    if len(studies) > limits.max_studies:
        raise LimitError("manifest-too-many-studies")
    if sum(len(_list(study, "sop_instance_uids")) for study in studies) > limits.max_instances:
        raise LimitError("manifest-too-many-instances")


def _list(data: object, name: str) -> Sequence[object]:
    value = data.get(name) if isinstance(data, Mapping) else None
    return value if isinstance(value, list) else ()


def _study(read: Fields) -> ManifestStudy:
    uid = read.text("study_instance_uid")
    named = read.texts("sop_instance_uids")
    counted = read.optional_integer("instances")
    _check_uid(read, "study_instance_uid", uid)
    for number, instance in enumerate(named):
        _check_uid(read, f"sop_instance_uids[{number}]", instance)
    if counted is not None and not is_expectable(counted):
        read.note("instances", f"is not from 1 to {MAX_EXPECTED_INSTANCES}")
    if counted is not None and named and counted != len(named):
        read.note("instances", "is not how many sop_instance_uids there are")
    return ManifestStudy(study_instance_uid=uid, instances=counted, sop_instance_uids=named)


def _check_uid(read: Fields, name: str, uid: str) -> None:
    if not USABLE_UID.fullmatch(uid):
        read.note(name, "is no UID")


def _note_repetitions(read: Fields, studies: Iterable[ManifestStudy]) -> None:
    """Note where a study or an instance is named again: then no number can be trusted."""
    seen: set[str] = set()
    for number, study in enumerate(studies):
        names = {"study_instance_uid": study.study_instance_uid} | {
            f"sop_instance_uids[{index}]": uid for index, uid in enumerate(study.sop_instance_uids)
        }
        for name, uid in names.items():
            if uid in seen:
                read.note(f"studies[{number}].{name}", "is named before")
            seen.add(uid)


def _study_data(study: ManifestStudy) -> dict[str, object]:
    data: dict[str, object] = {"study_instance_uid": study.study_instance_uid}
    if study.instances is not None:
        data["instances"] = study.instances
    if study.sop_instance_uids:
        data["sop_instance_uids"] = list(study.sop_instance_uids)
    return data
