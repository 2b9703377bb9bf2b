"""Frames as pictures in which text can be found: grey, eight bits, each a look at some frames.

Looked at are the first, the middle and the last frame, and the brightest that each pixel becomes in
frames spread over all of them. One frame is in memory at a time, and what the brightest is so far.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from shared.dicom.deidentification.cleaning.obstacles import CleaningError, Obstacle
from shared.dicom.deidentification.cleaning.recompression import Samples
from shared.dicom.deidentification.cleaning.text.frames import Frames

PROJECTED_FRAMES: Final = 16
_FRAMES_ALONE: Final = 3  # so few are looked at one by one
_WHITE: Final = 255
_WINDOW: Final = (0.05, 99.95)  # percentiles: a hot pixel does not darken all others
_SAMPLED: Final = 1 << 20
_SUBSAMPLED: Final = frozenset({"YBR_FULL_422", "YBR_PARTIAL_422"})
_LUMA_FIRST: Final = "YBR_FULL"

Picture: TypeAlias = npt.NDArray[np.uint8]  # rows by columns
_Greys: TypeAlias = npt.NDArray[Any]  # of any whole numbers


def pictures(frames: Frames) -> Iterator[Picture]:
    """The pictures, white where the frames are brightest.

    Raises:
        CleaningError: a frame cannot be decoded.
        TransientError: `short-read`, the source gave less than it has.
    """
    shown = {0, frames.count // 2, frames.count - 1}
    brightest: _Greys | None = None
    for number in sorted(shown | _projected(frames.count)):
        greys = _greys(frames.samples(number), frames)
        brightest = greys if brightest is None else np.maximum(brightest, greys)
        if number in shown:
            yield windowed(greys)
    if brightest is not None and frames.count > _FRAMES_ALONE:
        yield windowed(brightest)


def windowed(greys: _Greys) -> Picture:
    """Greys stretched between percentiles, or between their extremes where these are the same."""
    step = max(1, round((greys.size / _SAMPLED) ** 0.5))
    low, high = (float(level) for level in np.percentile(greys[::step, ::step], _WINDOW))
    if high <= low:
        low, high = float(greys.min()), float(greys.max())
    stretched = (greys.astype(np.float32) - low) * (_WHITE / max(high - low, 1.0))
    picture: Picture = np.clip(np.rint(stretched), 0, _WHITE).astype(np.uint8)
    return picture


def _projected(count: int) -> set[int]:
    if count <= _FRAMES_ALONE:
        return set()
    many = min(count, PROJECTED_FRAMES)
    return {number * (count - 1) // (many - 1) for number in range(many)}


def _greys(samples: Samples, frames: Frames) -> _Greys:
    """One number a pixel: stored values, brightness by palette, luma, or red, green, blue added."""
    if samples.count > 1 and frames.interpretation in _SUBSAMPLED:
        return _shaped(_luma(samples), samples)
    values = _values(samples)
    if samples.count == 1:
        one = _shaped(values, samples)
        return one if frames.palette is None else _by_palette(one, *frames.palette)
    shape = (samples.rows, samples.columns)
    if values.size != shape[0] * shape[1] * samples.count:
        raise CleaningError(Obstacle.CODESTREAM_FORM)
    planes = (
        values.reshape(samples.count, *shape)
        if samples.by_plane
        else np.moveaxis(values.reshape(*shape, samples.count), 2, 0)
    )
    greys: _Greys = (
        planes[0] if frames.interpretation == _LUMA_FIRST else planes.sum(0, dtype=np.int64)
    )
    return greys


def _values(samples: Samples) -> _Greys:
    size = len(samples.data) // (samples.rows * samples.columns * samples.count)
    if size not in {1, 2, 4}:
        raise CleaningError(Obstacle.CODESTREAM_FORM)
    return np.frombuffer(samples.data, f"<{'i' if samples.signed else 'u'}{size}")


def _luma(samples: Samples) -> _Greys:
    """Two lumas and what they share, over and over (PS3.3 C.7.6.3.1.2); a decoder gives each."""
    values = np.frombuffer(samples.data, np.uint8)
    pixels = samples.rows * samples.columns
    if values.size == pixels * samples.count:
        return values[:pixels] if samples.by_plane else values[:: samples.count]
    return values.reshape(-1, 4)[:, :2].reshape(-1)


def _by_palette(indices: _Greys, first: int, brightness: Any) -> _Greys:
    levels = np.asarray(brightness)
    below = np.clip(indices.astype(np.int64) - first, 0, len(levels) - 1)
    found: _Greys = levels[below]
    return found


def _shaped(values: _Greys, samples: Samples) -> _Greys:
    if values.size != samples.rows * samples.columns:
        raise CleaningError(Obstacle.CODESTREAM_FORM)
    return values.reshape(samples.rows, samples.columns)
