"""One open container during the walk over a data set: a data set, an item or a sequence."""

from __future__ import annotations

from typing import Final

from shared.dicom.elements import Encoding, RawElement, RawItem

ENDLESS: Final = 1 << 62


class Level:
    """A container whose end has not been reached.

    `end` is the first offset that is not its own; for an undefined length that of the container
    around it. `bounded` says that some defined length set that end, not the end of the stream.
    """

    __slots__ = (
        "bounded",
        "detects_encoding",
        "elements",
        "encoding",
        "end",
        "is_sequence",
        "items",
        "resume",
        "start",
        "tag",
        "undefined",
        "vr",
    )

    def __init__(
        self,
        *,
        end: int,
        bounded: bool,
        encoding: Encoding,
        undefined: bool,
        is_sequence: bool = False,
        tag: int = 0,
        vr: str | None = None,
        start: int = 0,
        resume: int | None = None,
        detects_encoding: bool = False,
    ) -> None:
        self.end = end
        self.bounded = bounded
        self.encoding = encoding
        self.undefined = undefined
        self.is_sequence = is_sequence
        self.tag = tag
        self.vr = vr
        self.start = start
        self.resume = resume  # where to go on when the value turns out not to enclose items
        self.detects_encoding = detects_encoding
        self.elements: list[RawElement] = []
        self.items: list[RawItem] = []
