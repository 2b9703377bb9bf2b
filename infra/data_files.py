"""A deployment's own data, written as YAML and delivered to the functions as JSON files.

The registry of facilities is one file, the targets of notifications another; each profile of
de-identification is one, named for it.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from infra.document import DefinitionError, read_document
from shared.contracts.facilities import Facilities
from shared.contracts.targets import Targets
from shared.dicom.deidentification.profile import profiles_of
from shared.errors import ContractError, SettingsError

ROOT = Path(__file__).resolve().parents[1]
SHIPPED_PROFILES = ROOT / "shared" / "dicom" / "deidentification" / "profiles"

Data = Mapping[str, Mapping[str, object]]


def facilities(path: Path) -> Data:
    """The registry in a file; raises a DefinitionError that lists every problem."""
    found = {name: entry.plain() for name, entry in read_document(path).entries()}
    return _checked(path.name, found, Facilities.from_data)


def profiles(folder: Path = SHIPPED_PROFILES) -> Data:
    """The profiles in a folder, by name; raises a DefinitionError that lists every problem."""
    found = {path.stem: read_document(path).plain() for path in sorted(folder.glob("*.yaml"))}
    return _checked(folder.name, found, profiles_of)


def targets(path: Path, registry: Data) -> Data:
    """The targets in a file; raises a DefinitionError that lists every problem."""
    found = {name: entry.plain() for name, entry in read_document(path).entries()}
    known = Facilities.from_data(registry)
    return _checked(path.name, found, lambda data: Targets.from_data(data, known))


def _checked(source: str, data: Data, parse: Callable[[object], object]) -> Data:
    try:
        parse(data)
    except (ContractError, SettingsError) as error:
        raise DefinitionError(source, list(error.problems)) from None
    return data
