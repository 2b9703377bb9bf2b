"""Why pixels cannot be blanked: stable reasons, each with its meaning."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shared.errors import PermanentError


class Obstacle(StrEnum):
    """What stands between a known rectangle and a clean frame."""

    PIXEL_FORM = "pixel-form"
    PALETTE = "palette"
    SIZE = "size"
    TRANSFER_SYNTAX = "transfer-syntax"
    FRAMES = "frames"
    CODESTREAM = "codestream"
    CODESTREAM_FORM = "codestream-form"


MEANINGS: Final = MappingProxyType(
    {
        Obstacle.PIXEL_FORM: "The attributes describe no pixels whose black is known.",
        Obstacle.PALETTE: "The palette cannot be read, or maps no index.",
        Obstacle.SIZE: "A frame, or the pieces of its rectangles, take more memory than is given.",
        Obstacle.TRANSFER_SYNTAX: "No encoder is at hand for the transfer syntax.",
        Obstacle.FRAMES: "It cannot be told which fragments are of which frame.",
        Obstacle.CODESTREAM: "A frame cannot be decoded.",
        Obstacle.CODESTREAM_FORM: "A frame is coded otherwise than the attributes say, or in a "
        "process that is not supported.",
    }
)


class CleaningError(PermanentError):
    """The pixels cannot be blanked; nothing has been written yet."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(f"pixels-not-cleanable-{obstacle}")
        self.obstacle = obstacle
