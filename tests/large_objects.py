"""Made-up multi-frame objects of any size, which are never in memory as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from struct import pack
from typing import Any, Final

from pydicom.dataset import Dataset

from tests.builders import ITEM, JPEG_BASELINE, SEQUENCE_END, UNDEFINED, a_dataset, written

BYTES: Final[dict[str, Any]] = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
COLOUR: Final[dict[str, Any]] = {
    "SamplesPerPixel": 3,
    "PhotometricInterpretation": "RGB",
    "PlanarConfiguration": 0,
    **BYTES,
}


@dataclass(frozen=True, slots=True)
class LargeObject:
    """A Part 10 object whose frames are all the same."""

    header: bytes  # all that stands before the first frame
    frame: bytes
    frames: int
    trailer: bytes = b""

    @property
    def size(self) -> int:
        return len(self.header) + self.frames * len(self.frame) + len(self.trailer)

    def chunks(self) -> Iterator[bytes]:
        return chain([self.header], repeat(self.frame, self.frames), [self.trailer])


def a_large_object(dataset: Dataset, size: int) -> LargeObject:
    """An image, given without pixel data, with as many native frames as `size` bytes hold."""
    frame_bytes = dataset.Rows * dataset.Columns * dataset.SamplesPerPixel
    frame_bytes *= dataset.BitsAllocated // 8
    frame = (bytes(range(256)) * (frame_bytes // 256 + 1))[:frame_bytes]
    dataset.NumberOfFrames = frames = size // frame_bytes
    vr = b"OB" if dataset.BitsAllocated == 8 else b"OW"
    start = pack("<HH2sHI", 0x7FE0, 0x0010, vr, 0, frames * frame_bytes)
    return LargeObject(written(dataset) + start, frame, frames)


def a_large_ultrasound(size: int) -> LargeObject:
    """A colour clip with text around its region, which Clean Pixel Data makes black."""
    region = Dataset()
    region.RegionSpatialFormat = 1
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 100, 80
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 923, 687
    clip = a_dataset(
        modality="US",
        rows=768,
        columns=1024,
        BurnedInAnnotation="YES",
        SequenceOfUltrasoundRegions=[region],
        **COLOUR,
    )
    return a_large_object(clip, size)


def a_large_compressed(size: int, fragment_bytes: int = 100_000) -> LargeObject:
    """A clip of JPEG frames, as far as their markers go, each a fragment."""
    frames = size // fragment_bytes
    clip = a_dataset(rows=512, columns=512, frames=frames, **BYTES)
    start = pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, UNDEFINED)
    no_table = ITEM + pack("<I", 0)
    frame = (b"\xff\xd8\xff\xdb" + bytes(range(256)) * (fragment_bytes // 256))[:fragment_bytes]
    return LargeObject(
        written(clip, JPEG_BASELINE) + start + no_table,
        ITEM + pack("<I", len(frame)) + frame,
        frames,
        SEQUENCE_END,
    )
