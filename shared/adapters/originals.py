"""What `imaging.instances` has, as `Originals`; each query reads its columns whole.

Which version is the primary one is for the view `instances_current` to say.
"""

from collections.abc import Iterator
from typing import Final

from shared.adapters.queries import Queries
from shared.contracts.catalogue import KnownAccession, KnownPatient, PrimaryVersion

_PRIMARIES: Final = """
SELECT ObjectUri, PrimaryAt FROM instances_current
"""
# As de-identification knows a patient without an id: by the study, or by the object without one.
_PATIENTS: Final = """
SELECT DISTINCT
  Facility,
  IFNULL(PatientID, '') AS PatientID,
  IFNULL(IssuerOfPatientID, '') AS Issuer,
  IF(PatientID IS NULL, IFNULL(StudyInstanceUID, SOPInstanceUID), '') AS Study
FROM instances
"""
_ACCESSION_NUMBERS: Final = """
SELECT DISTINCT Facility, AccessionNumber FROM instances WHERE AccessionNumber IS NOT NULL
"""
_UIDS: Final = """
SELECT DISTINCT UID
FROM (
  SELECT StudyInstanceUID AS UID FROM instances
  UNION ALL
  SELECT SeriesInstanceUID FROM instances
  UNION ALL
  SELECT SOPInstanceUID FROM instances
)
WHERE UID IS NOT NULL
"""


class BigQueryOriginals:
    """The dataset that stands for `imaging`."""

    def __init__(self, project: str, dataset: str) -> None:
        self._queries = Queries(project, dataset)

    def primaries(self, bucket: str, prefix: str = "") -> Iterator[PrimaryVersion]:
        """Yield the primary version of every instance whose name there begins with a prefix."""
        place = f"gs://{bucket}/"
        for row in self._queries.rows(_PRIMARIES):
            if row["ObjectUri"].startswith(place + prefix):
                name = row["ObjectUri"].removeprefix(place)
                yield PrimaryVersion(name=name, since=row["PrimaryAt"])

    def patients(self) -> Iterator[KnownPatient]:
        """Yield every patient of a facility once."""
        for row in self._queries.rows(_PATIENTS):
            yield KnownPatient(
                facility=row["Facility"],
                patient_id=row["PatientID"],
                issuer=row["Issuer"],
                study_instance_uid=row["Study"],
            )

    def accession_numbers(self) -> Iterator[KnownAccession]:
        """Yield every accession number of a facility once."""
        for row in self._queries.rows(_ACCESSION_NUMBERS):
            yield KnownAccession(facility=row["Facility"], number=row["AccessionNumber"])

    def uids(self) -> Iterator[str]:
        """Yield every UID of a study, a series or an instance once."""
        for row in self._queries.rows(_UIDS):
            yield row["UID"]
