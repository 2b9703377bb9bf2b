"""Frames with one line of burned-in text each: sizes, contrasts, fonts, grounds, 8 and 16 bits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

LINES: Final = 250
SIDE: Final = 512
SIZES: Final = (8, 10, 12, 14, 18, 24, 32, 40)  # pixels of a font's em
CONTRASTS: Final = (0.25, 0.4, 0.6, 1.0)  # of all levels, to the mean of what is around
GROUNDS: Final = ("black", "noise", "speckle", "anatomy", "film")
_SEED: Final = 2026
_LEVELS: Final = 3000  # of 16 bits that an image uses
_TEXTS: Final = (
    "DOE^JANE", "Mustermann, Erika", "ID 4711-0815", "1947-03-12", "12.03.1947 F 077Y",
    "St. Anna Hospital", "Acc: A20261124", "GARCIA LOPEZ MARIA", "MRN 00583921",
    "24/11/2026 10:02:59", "Dr. R. Okafor", "M 63Y",
)  # fmt: skip
_FONTS: Final = ("DejaVuSans.ttf", "DejaVuSansMono.ttf", "DejaVuSans-Bold.ttf", "DejaVuSerif.ttf")

Levels: TypeAlias = npt.NDArray[np.float64]  # rows by columns, 0 to 1
Mask: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A frame, and where its text has ink."""

    frame: npt.NDArray[Any]  # rows by columns of u1 or u2
    ink: Mask
    size: int
    contrast: float
    ground: str
    bits: int
    font: str


def lines(count: int = LINES) -> Iterator[Line]:
    """The lines, the same in every run with the same fonts."""
    fonts = [name for name in _FONTS if _font(name, SIZES[0]) is not None] + ["Pillow's own"]
    for number in range(count):
        yield _line(number, fonts[number // 5 % len(fonts)])


def _line(number: int, font: str) -> Line:
    random = np.random.default_rng((_SEED, number))
    size, contrast = SIZES[number % 8], CONTRASTS[number // 8 % 4]
    name, bits = GROUNDS[number // 2 % 5], (8, 16)[number // 3 % 2]
    ink = _ink(_TEXTS[number % len(_TEXTS)], font, size, random)
    ground = _ground(name, random)
    around = float(ground[ink > 0].mean())
    level = min(around + contrast, 1.0) if around < 1 / 2 else max(around - contrast, 0.0)
    levels = ground * (1 - ink) + level * ink
    frame = np.round(levels * 255).astype("u1")
    if bits > 8:
        frame = np.round(levels * _LEVELS + 100).astype("<u2")
    return Line(
        frame=frame, ink=ink > 1 / 2, size=size, contrast=contrast, ground=name, bits=bits,
        font=font,
    )  # fmt: skip


def _font(name: str, size: int) -> Any:
    if name not in _FONTS:
        return ImageFont.load_default(size)
    try:
        return ImageFont.truetype(name, size)
    except OSError:  # not on this machine
        return None


def _ink(text: str, font: str, size: int, random: np.random.Generator) -> Levels:
    picture = Image.new("L", (SIDE, SIDE))
    pen = ImageDraw.Draw(picture)
    _, _, right, bottom = pen.textbbox((0, 0), text, font=_font(font, size))
    left, top = (2 + int(random.random() * max(SIDE - end - 4, 1)) for end in (right, bottom))
    pen.text((left, top), text, fill=255, font=_font(font, size))
    ink: Levels = np.asarray(picture) / 255
    return ink


def _ground(name: str, random: np.random.Generator) -> Levels:
    if name == "black":
        return np.zeros((SIDE, SIDE))
    if name == "noise":
        return np.clip(random.normal(0.25, 0.06, (SIDE, SIDE)), 0, 1)
    organs = _organs(random)
    if name == "speckle":
        return np.clip(0.6 * organs * random.rayleigh(0.6, (SIDE, SIDE)), 0, 1)
    grain = random.normal(0, 0.02, (SIDE, SIDE))
    return np.clip((0.7 * organs if name == "anatomy" else 0.95 - 0.5 * organs) + grain, 0, 1)


def _organs(random: np.random.Generator) -> Levels:
    """Soft bright places on a dark ground."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    levels: Levels = np.zeros((SIDE, SIDE))
    for row, column, spread, height in random.random((8, 4)):
        distance = (rows - row) ** 2 + (columns - column) ** 2
        levels += (0.1 + 0.4 * height) * np.exp(-distance / (0.005 + 0.1 * spread))
    levels /= levels.max()
    return levels
