"""Real files: typed results only, copies that others read, and none of their identities."""

import io
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom._uid_dict import UID_dictionary
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from shared.dicom.deidentification import BASIC, Deidentified, Held, Option, Profile
from shared.errors import PermanentError
from tests.unit.deidentification.samples import KEY, copy_under, result_of

CORPUS = Path(os.environ.get("INLET_CORPUS", Path(__file__).parents[4] / "shared" / "corpus"))
_SHIPPED = Path(str(get_testdata_file("CT_small.dcm"))).parent
FOLDERS = {"pydicom": _SHIPPED, "corpus": CORPUS}


def files(folder: Path) -> Iterator[bytes]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in {".py", ".json", ".jsonl", ".md", ".txt"}:
            yield path.read_bytes()


def names_and_uids(dataset: Dataset) -> set[str]:
    """Names, ids and instance UIDs, in a reading of their own; what is a dummy already is none."""
    found = set()
    for element in dataset.iterall():
        values = element.value if element.VM > 1 else [element.value]
        if element.VR == "PN" or element.keyword in {"PatientID", "AccessionNumber"}:
            found |= {str(value) for value in values if len(str(value or "")) > 3}
        elif element.VR == "UI" and element.keyword != "CodingSchemeUID":
            found |= {str(value) for value in values if value and value not in UID_dictionary}
    return found - {"REMOVED"}


RETAINING_UIDS = {Option.RETAIN_FULL_DATES, Option.RETAIN_UIDS, Option.RETAIN_DEVICE_IDENTITY}
PROFILES = [
    BASIC,
    Profile(name="most", options=frozenset(Option) - RETAINING_UIDS),
]


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
@pytest.mark.parametrize("name", FOLDERS)
def test_real_files(
    name: str, profile: Profile, record_property: Callable[[str, object], None]
) -> None:
    folder = FOLDERS[name]
    if not folder.is_dir():
        pytest.skip(f"no corpus: set INLET_CORPUS to a folder of DICOM files ({name})")
    counts: Counter[str] = Counter()
    for data in files(folder):
        counts[_outcome(data, profile)] += 1
    record_property("outcomes", dict(counts))
    assert counts["residue"] == 0
    assert counts["deidentified"] > 50
    assert counts["held"] > 20


def _outcome(data: bytes, profile: Profile) -> str:
    try:
        result = result_of(data, KEY, profile)
    except PermanentError:
        return "unreadable"
    if isinstance(result, Held):
        return "residue" if result.residue else "held"
    return _copied(data, result, profile)


def _copied(data: bytes, result: Deidentified, profile: Profile) -> str:
    copy = copy_under(profile, data)
    assert copy == copy_under(profile, data)
    original = pydicom.dcmread(io.BytesIO(data), force=True, stop_before_pixels=True)
    written = pydicom.dcmread(io.BytesIO(copy))
    assert written.PatientIdentityRemoved == "YES"
    assert result.identity.sop_instance_uid == written.SOPInstanceUID
    assert written.SOPInstanceUID == KEY.uid(str(original.SOPInstanceUID))
    both = names_and_uids(original) & names_and_uids(written)
    return "residue" if both else "deidentified"
