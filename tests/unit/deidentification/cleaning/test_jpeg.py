"""Sequential JPEG: blocks in the boxes are black, all other coefficients are what they were."""

from __future__ import annotations

import io
import random
from collections import Counter
from typing import Any

import numpy as np
import pytest

from shared.dicom.deidentification.cleaning.form import PixelForm
from shared.dicom.deidentification.cleaning.jpeg import JpegCleaner
from shared.dicom.deidentification.cleaning.obstacles import CleaningError, Obstacle
from shared.dicom.deidentification.cleaning.rectangles import Rectangle
from tests.unit.deidentification.cleaning import jpeg_reference as reference
from tests.unit.deidentification.cleaning.jpeg_reference import Coefficients, noisy
from tests.unit.deidentification.cleaning.objects import mask_of

BOXES = [Rectangle(3, 2, 40, 14), Rectangle(60, 40, 99, 99), Rectangle(-5, 30, 9, 9)]
GREY = [(1, 1)]
SAMPLINGS = {
    "4:4:4": [(1, 1), (1, 1), (1, 1)],
    "4:2:2": [(2, 1), (1, 1), (1, 1)],
    "4:2:0": [(2, 2), (1, 1), (1, 1)],
    "4:4:0": [(1, 2), (1, 1), (1, 1)],
    "4:1:1": [(4, 1), (1, 1), (1, 1)],
    "odd": [(2, 2), (2, 1), (1, 2)],
}
JFIF = reference.segment(0xE0, b"JFIF\x00\x01\x02\x00\x00\x01\x00\x01\x00\x00")


def form(image: Coefficients, interpretation: str = "", **values: Any) -> PixelForm:
    samples = len(image.factors)
    described: dict[str, Any] = {
        "rows": image.rows, "columns": image.columns, "frames": 1, "by_plane": False,
        "bits_allocated": 8 if image.precision == 8 else 16, "little_endian": True,
        "photometric_interpretation": interpretation
        or ("MONOCHROME2" if samples == 1 else "YBR_FULL_422"), "black": (0,) * samples,
    }  # fmt: skip
    return PixelForm(**{**described, **values})


def expected(image: Coefficients, boxes: list[Rectangle], black: list[int]) -> list[np.ndarray]:
    """The blocks with whole units black that the boxes touch."""
    width, height = image.unit
    across, down = image.units
    mask = mask_of(boxes, image.columns, image.rows)
    padded = np.zeros((down * height * 8, across * width * 8), bool)
    padded[: image.rows, : image.columns] = mask
    units = padded.reshape(down, height * 8, across, width * 8).any((1, 3))
    made = []
    for blocks, (wide, high), level in zip(image.blocks, image.factors, black, strict=True):
        touched = units.repeat(high, 0).repeat(wide, 1)
        changed = blocks.copy()
        changed[touched] = 0
        changed[touched, 0] = level
        made.append(changed)
    return made


def assert_cleaned(
    image: Coefficients, black: list[int], interpretation: str = "", boxes: Any = BOXES
) -> bytes:
    stream = reference.encoded(image)
    before = reference.decoded(stream, image)
    cleaned = JpegCleaner(form(image, interpretation), boxes)(stream)
    after = reference.decoded(cleaned, image)
    for found, wanted, original in zip(after, expected(image, boxes, black), before, strict=True):
        in_scan = original.any(-1)  # blocks beside the image are in no scan of one component
        assert np.array_equal(found[in_scan], wanted[in_scan])
    return cleaned


BLACK = -342  # of 3 a step: 1024 / 3, rounded up


@pytest.mark.parametrize("interval", [0, 1, 4])
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_colours(sampling: str, interval: int) -> None:
    image = noisy(75, 107, *SAMPLINGS[sampling], interval=interval)
    assert_cleaned(image, [BLACK, 0, 0])


@pytest.mark.parametrize("sampling", ["4:4:4", "4:2:0", "4:1:1"])
def test_a_scan_for_each_component(sampling: str) -> None:
    image = noisy(75, 107, *SAMPLINGS[sampling], interleaved=False, interval=5)
    assert_cleaned(image, [BLACK, 0, 0])


@pytest.mark.parametrize("factors", [(1, 1), (2, 2)])
def test_grey(factors: tuple[int, int]) -> None:
    image = noisy(75, 107, (1, 1))
    stream = reference.encoded(image)
    header = bytes((1, 0x11, 0))
    assert stream.count(header) == 1
    sampled = stream.replace(header, bytes((1, factors[0] << 4 | factors[1], 0)))
    cleaned = JpegCleaner(form(image), BOXES)(sampled)
    (after,) = reference.decoded(cleaned, image)
    assert np.array_equal(after, expected(image, BOXES, [BLACK])[0])


def test_black_is_the_highest_value_of_monochrome1() -> None:
    assert_cleaned(noisy(75, 107, (1, 1)), [-BLACK], "MONOCHROME1")


def test_twelve_bits() -> None:
    image = noisy(75, 107, (1, 1), precision=12, quantizer=8, dc_symbols=range(13))
    assert_cleaned(image, [-2048])


def test_a_finer_step_than_a_grey_level() -> None:
    assert_cleaned(noisy(75, 107, (1, 1), quantizer=1), [-1024])


@pytest.mark.parametrize("interval", [0, 2])
def test_a_table_without_all_categories_is_replaced(interval: int) -> None:
    image = noisy(75, 107, *SAMPLINGS["4:2:0"], dc_symbols=range(11), interval=interval)
    for blocks in image.blocks:
        blocks[..., 0] %= 8
    cleaned = assert_cleaned(image, [BLACK, 0, 0])
    assert cleaned.count(b"\xff\xc4") == 2 + 3  # again before the scan, for each component


ADOBE = {
    flag: reference.segment(0xEE, b"Adobe\x00\x64" + bytes(4) + bytes((flag,))) for flag in (0, 1)
}


@pytest.mark.parametrize(
    ("segments", "identifiers", "interpretation", "chroma"),
    [
        (ADOBE[0], (1, 2, 3), "YBR_FULL_422", BLACK),
        (ADOBE[1], (1, 2, 3), "RGB", 0),
        (JFIF, (1, 2, 3), "RGB", 0),
        (JFIF + ADOBE[0], (1, 2, 3), "RGB", BLACK),
        (ADOBE[0] + JFIF, (1, 2, 3), "RGB", BLACK),
        (reference.segment(0xEE, b"Adobe" + bytes(5)), (1, 2, 3), "YBR_FULL", 0),  # cut short
        (b"", (82, 71, 66), "YBR_FULL", BLACK),
        (b"", (1, 2, 3), "RGB", BLACK),
        (b"", (1, 2, 3), "YBR_FULL", 0),
    ],
)
def test_black_of_red_green_and_blue(
    segments: bytes, identifiers: tuple[int, ...], interpretation: str, chroma: int
) -> None:
    image = noisy(75, 107, *SAMPLINGS["4:4:4"], segments=segments, identifiers=identifiers)
    assert_cleaned(image, [BLACK, chroma, chroma], interpretation)


def test_comments_and_application_segments_are_left_out() -> None:
    secret = reference.segment(0xFE, b"Quorra Zyxel") + reference.segment(0xE1, b"Exif Quorra")
    image = noisy(75, 107, (1, 1), segments=JFIF + secret)
    cleaned = assert_cleaned(image, [BLACK])
    assert b"Quorra" not in cleaned
    assert JFIF in cleaned


def test_what_follows_the_image_is_left_out() -> None:
    image = noisy(75, 107, (1, 1))
    stream = reference.encoded(image)
    clean = JpegCleaner(form(image), BOXES)
    assert clean(stream + b"\x00Quorra") == clean(stream)


def test_an_image_of_which_nothing_is_boxed_keeps_its_bytes() -> None:
    image = noisy(75, 107, *SAMPLINGS["4:2:0"], interval=4)
    stream = reference.encoded(image)
    assert JpegCleaner(form(image), [Rectangle(200, 0, 9, 9)])(stream) == stream


def test_fill_bytes_may_stand_before_markers() -> None:
    image = noisy(40, 40, (1, 1), interval=3)
    stream = reference.encoded(image)
    filled = stream.replace(b"\xff\xd0", b"\xff\xff\xff\xd0").replace(b"\xff\xda", b"\xff\xff\xda")
    clean = JpegCleaner(form(image), [Rectangle(0, 0, 9, 9)])
    assert reference.decoded(clean(filled), image)[0].tolist() == (
        expected(image, [Rectangle(0, 0, 9, 9)], [BLACK])[0].tolist()
    )


def obstacle_of(stream: bytes, described: PixelForm) -> Obstacle:
    with pytest.raises(CleaningError) as caught:
        JpegCleaner(described, BOXES)(stream)
    return caught.value.obstacle


@pytest.mark.parametrize("values", [{"rows": 74}, {"columns": 108}])
def test_another_size_than_the_attributes_say(values: dict[str, Any]) -> None:
    image = noisy(75, 107, (1, 1))
    found = obstacle_of(reference.encoded(image), form(image, **values))
    assert found is Obstacle.CODESTREAM_FORM


def test_another_number_of_samples_than_the_attributes_say() -> None:
    grey, colour = noisy(75, 107, (1, 1)), noisy(75, 107, *SAMPLINGS["4:4:4"])
    assert obstacle_of(reference.encoded(grey), form(colour)) is Obstacle.CODESTREAM_FORM
    assert obstacle_of(reference.encoded(colour), form(grey)) is Obstacle.CODESTREAM_FORM


@pytest.mark.parametrize("process", [0xC2, 0xC3, 0xC9, 0xCC, 0xDC])
def test_other_processes(process: int) -> None:
    image = noisy(40, 40, (1, 1))
    stream = reference.encoded(image).replace(b"\xff\xc0", bytes((0xFF, process)))
    assert obstacle_of(stream, form(image)) is Obstacle.CODESTREAM_FORM


@pytest.mark.parametrize("interpretation", ["PALETTE COLOR", "RGB", "YBR_FULL"])
def test_interpretations_that_one_sample_does_not_have(interpretation: str) -> None:
    image = noisy(40, 40, (1, 1))
    with pytest.raises(CleaningError):
        JpegCleaner(form(image, interpretation), BOXES)


def test_an_image_of_more_pixels_than_memory() -> None:
    image = noisy(40, 40, (1, 1))
    with pytest.raises(CleaningError) as caught:
        JpegCleaner(form(image, rows=65535, columns=65535), BOXES)
    assert caught.value.obstacle is Obstacle.SIZE


def test_no_code_for_an_empty_block() -> None:
    image = noisy(40, 40, (1, 1))
    for block in image.blocks[0].reshape(-1, 64):
        block[63] = 1
    stream = reference.encoded(image)
    symbols = bytes(reference.ALL_AC)
    assert stream.count(symbols) == 1
    without = stream.replace(symbols, bytes((0xB1,)) + symbols[1:])  # a symbol twice, none for EOB
    assert obstacle_of(without, form(image)) is Obstacle.CODESTREAM_FORM


def test_what_a_scan_of_a_sequential_process_selects_is_not_asked() -> None:
    image = noisy(40, 40, (1, 1))
    stream = reference.encoded(image)
    assert stream.count(b"\x00\x3f\x00") == 1
    odd = stream.replace(b"\x00\x3f\x00", bytes(3))
    clean = JpegCleaner(form(image), BOXES)
    assert clean(odd).replace(bytes((1, 1, 0, 0, 0, 0)), bytes((1, 1, 0, 0, 63, 0))) == clean(
        stream
    )


def test_more_or_fewer_restart_markers_than_stated() -> None:
    image = noisy(40, 40, (1, 1), interval=3)
    stream = reference.encoded(image)
    for other in (2, 0):
        changed = stream.replace(b"\xff\xdd\x00\x04\x00\x03", bytes((255, 0xDD, 0, 4, 0, other)))
        assert obstacle_of(changed, form(image)) is Obstacle.CODESTREAM


def test_a_block_with_too_many_coefficients() -> None:
    image = noisy(8, 8, (1, 1))
    image.blocks[0][:] = 0
    stream = reference.encoded(image)
    no_difference, end, zeros = "0000", "0" * 8, "0" * 7 + "1"
    empty = reference.stuffed(no_difference + end)
    assert stream.count(empty + b"\xff\xd9") == 1
    for count, works in ((3, True), (4, False)):
        bits = no_difference + zeros * count + end * (count < 4)
        other = stream.replace(empty + b"\xff\xd9", reference.stuffed(bits) + b"\xff\xd9")
        if works:
            assert JpegCleaner(form(image), BOXES)(other)
        else:
            assert obstacle_of(other, form(image)) is Obstacle.CODESTREAM


def test_every_cut_is_noticed() -> None:
    image = noisy(16, 24, *SAMPLINGS["4:2:0"], interval=1)
    stream = reference.encoded(image)
    for length in range(len(stream)):
        assert obstacle_of(stream[:length], form(image)) is Obstacle.CODESTREAM


def test_damaged_frames_are_cleaned_or_refused() -> None:
    image = noisy(24, 40, *SAMPLINGS["4:2:0"], interval=2)
    stream = reference.encoded(image)
    clean = JpegCleaner(form(image), [Rectangle(0, 0, 20, 20)])
    generator, outcomes = random.Random(11), Counter[object]()
    for _ in range(600):
        damaged = bytearray(stream)
        for _ in range(generator.randrange(1, 4)):
            damaged[generator.randrange(len(stream))] = generator.randrange(256)
        try:
            outcomes[type(clean(bytes(damaged)))] += 1
        except CleaningError as error:
            outcomes[error.obstacle] += 1
    assert set(outcomes) == {bytes, Obstacle.CODESTREAM, Obstacle.CODESTREAM_FORM}


@pytest.mark.parametrize("sampling", [0, 1, 2])
@pytest.mark.parametrize("options", [{}, {"optimize": True}, {"restart_marker_blocks": 3}])
def test_pillow_sees_the_same_outside_and_black_inside(
    sampling: int, options: dict[str, Any]
) -> None:
    pil = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    y, x = np.mgrid[0:93, 0:131]
    picture = np.stack([128 + 90 * np.sin(x / 9 + k) * np.cos(y / 7) for k in range(3)], -1)
    file = io.BytesIO()
    pil.fromarray(picture.astype("u1")).save(
        file, "JPEG", quality=90, subsampling=sampling, **options
    )
    image = Coefficients(93, 131, list(SAMPLINGS.values())[sampling])
    cleaned = JpegCleaner(form(image), BOXES)(file.getvalue())

    def luma(stream: bytes) -> np.ndarray:
        opened = pil.open(io.BytesIO(stream))
        opened.draft("YCbCr", opened.size)
        return np.asarray(opened)[..., 0]

    width, height = image.unit
    grown = [box.within(131, 93).outwards(8 * width, 8 * height) for box in BOXES]
    wanted = luma(file.getvalue()).copy()
    wanted[mask_of(grown, 131, 93)] = 0
    assert np.array_equal(luma(cleaned), wanted)
