"""The way back from a pseudonym to its original, for who holds the key; each use is written down.

There is no table of pseudonyms. The pseudonym of every original that is archived is made again
until it is the one that was asked for. Whose ids a facility's are says the registry.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from infra.operate.cloud import Cloud
from shared.contracts.facilities import Facilities
from shared.contracts.outcome import PIPELINE_VERSION
from shared.dicom.deidentification.pseudonyms import PseudonymKey
from shared.dicom.keyed import MINIMUM_SECRET_BYTES
from shared.ports import Originals, Row
from shared.runtime.environment import Environment

ALLOWED: Final = "allowed"

Original = Mapping[str, str]  # values by the keywords of their attributes
Candidates = Iterator[tuple[str, Original]]  # each with its pseudonym
_NO_AUTHORITY: Final = ""  # version 0.1.0 knew of none


class Kind(StrEnum):
    """What a pseudonym stands for."""

    PATIENT = "patient"
    UID = "uid"
    ACCESSION = "accession"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A pseudonym, and who wants to know what it stands for, and why."""

    kind: Kind
    pseudonym: str
    who: str
    reason: str

    def row(self, asked_at: datetime, key_id: str, *, found: bool) -> Row:
        """Return the row of `imaging.reidentifications`, which never has the answer."""
        return {
            "AskedAt": asked_at,
            "Who": self.who,
            "Reason": self.reason,
            "Kind": self.kind.value,
            "Pseudonym": self.pseudonym,
            "Found": found,
            "KeyId": key_id,
            "PipelineVersion": PIPELINE_VERSION,
        }


def key_of(env: Environment, key_file: str, project: str) -> PseudonymKey:
    """Return the key in a file, where the deployment allows its use.

    Raises:
        SettingsError: it does not, or there is no such key.
    """
    if env.optional("INLET_REIDENTIFICATION") != ALLOWED:
        env.problem("INLET_REIDENTIFICATION", f"is not `{ALLOWED}`: pseudonyms are not undone here")
    named = Environment({"--key-file": key_file, "--project": project})
    secret = named.secret("--key-file", MINIMUM_SECRET_BYTES)
    project = named.text("--project")
    for settings in (env, named):
        settings.check()
    return PseudonymKey(secret, project)


def facilities_of(env: Environment) -> Facilities:
    """Return the registry, which says whose ids those of each facility are.

    Raises:
        SettingsError: there is none.
    """
    facilities = env.document("INLET_FACILITIES_FILE", Facilities.from_data, Facilities({}))
    env.check()
    return facilities


def original_of(
    cloud: Cloud, facilities: Facilities, key: PseudonymKey, question: Question
) -> Original | None:
    """Return what a pseudonym stands for, or None, once it is written down that it was asked."""
    candidates = _CANDIDATES[question.kind](cloud.originals, facilities, key)
    original = next((each for made, each in candidates if made == question.pseudonym), None)
    row = question.row(cloud.clock.now(), key.key_id, found=original is not None)
    cloud.tables.append("imaging.reidentifications", [row])
    return original


def _patients(originals: Originals, facilities: Facilities, key: PseudonymKey) -> Candidates:
    for patient in originals.patients():
        named = {
            "Facility": patient.facility,
            "PatientID": patient.patient_id,
            "IssuerOfPatientID": patient.issuer if patient.patient_id else "",
            "StudyInstanceUID": patient.study_instance_uid,
        }
        original = {keyword: value for keyword, value in named.items() if value}
        for authority in (facilities.authority(patient.facility), _NO_AUTHORITY):
            issuer = patient.issuer or authority
            yield key.patient(patient.patient_id, issuer, patient.study_instance_uid), original


def _uids(originals: Originals, _: Facilities, key: PseudonymKey) -> Candidates:
    yield from ((key.uid(uid), {"UID": uid}) for uid in originals.uids())


def _accession_numbers(
    originals: Originals, facilities: Facilities, key: PseudonymKey
) -> Candidates:
    for known in originals.accession_numbers():
        original = {"Facility": known.facility, "AccessionNumber": known.number}
        for authority in (facilities.authority(known.facility), _NO_AUTHORITY):
            yield key.accession_number(known.number, authority), original


_CANDIDATES: Final[Mapping[Kind, Callable[[Originals, Facilities, PseudonymKey], Candidates]]] = {
    Kind.PATIENT: _patients,
    Kind.UID: _uids,
    Kind.ACCESSION: _accession_numbers,
}
