"""The made-up devices of two facilities, and the protocols by which they examine.

Makers are spelled as devices spell them, so that curation shows.
"""

from dataclasses import dataclass, field
from typing import Any, Final

HOSPITAL, CLINIC = "demo-hospital", "demo-clinic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What takes images."""

    facility: str
    station: str
    modality: str
    manufacturer: str
    model: str

    @property
    def attributes(self) -> dict[str, Any]:
        """What it writes of itself."""
        return {
            "Manufacturer": self.manufacturer,
            "ManufacturerModelName": self.model,
            "StationName": self.station,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What one series is, in slices of a thickness, in mm, or in images that are no slices."""

    description: str
    images: int
    thickness: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """What is examined and how; `dose` is the usual CTDIvol of each acquisition, in mGy."""

    name: str
    part: str
    series: tuple[Series, ...]
    dose: tuple[float, ...] = ()
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def objects(self) -> int:
        """Of how many objects a study consists."""
        return sum(each.images for each in self.series) + bool(self.dose)


_CT: Final = {"modality": "CT", "facility": HOSPITAL}
CT_1: Final = Device(station="HVCT01", manufacturer="SIEMENS", model="Made Up Force", **_CT)
CT_2: Final = Device(station="HVCT02", manufacturer="GE MEDICAL SYSTEMS", model="Made Up 64", **_CT)
CT_3: Final = Device(
    facility=CLINIC, station="CLCT01", modality="CT", manufacturer="TOSHIBA", model="Made Up One"
)
MR: Final = Device(
    facility=HOSPITAL,
    station="HVMR01",
    modality="MR",
    manufacturer="Philips Medical Systems",
    model="Made Up 3T",
)
X_RAY: Final = Device(
    facility=CLINIC,
    station="CLCR01",
    modality="CR",
    manufacturer="FUJIFILM Corporation",
    model="Made Up Plate",
)
ULTRASOUND: Final = Device(
    facility=CLINIC, station="CLUS01", modality="US", manufacturer="Philips", model="Made Up Probe"
)

_AXIAL: Final = Series(description="Axial 5 mm", images=3, thickness=5)
CHEST: Final = Protocol(
    name="Chest routine",
    part="CHEST",
    series=(_AXIAL, Series(description="Lung 1 mm", images=6, thickness=1)),
    dose=(0.1, 7.5),
    attributes={"KVP": 120, "ConvolutionKernel": "LUNG"},
)
HEAD: Final = Protocol(
    name="Head routine",
    part="HEAD",
    series=(Series(description="Axial 4 mm", images=4, thickness=4),),
    dose=(48.0,),
    attributes={"KVP": 120, "ConvolutionKernel": "SOFT"},
)
ABDOMEN: Final = Protocol(
    name="Abdomen",
    part="ABDOMEN",
    series=(_AXIAL,),
    dose=(11.0, 12.5),
    attributes={"KVP": 100, "ConvolutionKernel": "SOFT"},
)
BRAIN: Final = Protocol(
    name="Brain with 3D T1",
    part="BRAIN",
    series=(
        Series(description="T1 3D", images=6, thickness=0.9),
        Series(description="T2 axial", images=3, thickness=5),
    ),
    attributes={"ScanningSequence": "GR"},
)
THORAX: Final = Protocol(
    name="Thorax",
    part="THORAX",
    series=(Series(description="PA and lateral", images=2),),
    attributes={"PatientAge": "52", "ViewPosition": "pa"},  # so this device writes them
)
THYROID: Final = Protocol(
    name="Thyroid",
    part="THYROID",
    series=(Series(description="Thyroid", images=2),),
    attributes={"ImageType": "ORIGINAL"},  # of which there should be two or more
)
