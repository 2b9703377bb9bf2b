"""Free text loses what identifies and keeps the rest."""

import pytest

from shared.dicom.deidentification.echoes import Echoes
from shared.dicom.deidentification.free_text import cleaned


def an_object() -> Echoes:
    echoes = Echoes()
    echoes.add("PN", "Quorra^Zyxel")
    echoes.add("PN", "Müller^Jörg")
    echoes.add("LO", "QX-778812")
    echoes.add("SH", "AB 12")
    echoes.add("DA", "20210317")
    return echoes


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("CT of Zyxel QUORRA, thin slices", "CT of , thin slices"),
        ("by Jörg Müller and MULLER", "by and"),
        ("QX 778812: chest", "chest"),
        ("room AB 12 free", "room free"),
        ("scanned 2021-03-17 10:11", "scanned 10:11"),
        ("scanned 17.03.2021", "scanned"),
        ("scanned 3/17/21 twice", "scanned twice"),
        ("scanned on March 17, 2021", "scanned on"),
        ("seen 17 Mar 2021 and 4. Oktober 1999", "seen and"),
        ("since June 2019", "since"),
        ("call +44 555 0100 77 now", "call now"),
        ("call (555) 010-0177 now", "call now"),
        ("call 555-010-0177", "call"),
        ("to j.doe@example.org or www.example.org/a", "to or"),
        ("see https://example.org/a?b=1 there", "see there"),
        ("uid 1.2.3.4.77.1.9", "uid"),
        ("number 1234567", "number"),
        ("order A123456", "order"),
        ("XY12345Z7 again", "again"),
        ("Dr. Brennigan read this", "read this"),
        ("Herr Otto Brennigan, Kopf", "Kopf"),
        ("name: brennigan otto, chest", ", chest"),
        ("MRN# 77 8; chest", "; chest"),
        ("referred by: somebody", ""),
        ("Zyxel", ""),
        ("", ""),
    ],
)
def test_what_identifies_is_taken_out(text: str, left: str) -> None:
    assert cleaned(text, an_object()) == left.strip(" ,;")


@pytest.mark.parametrize(
    "text",
    [
        "T2w TSE tra 512x512 b=1000",
        "Abdomen^Routine (Adult)",
        "1.25 mm / 0.625 mm, B30f",
        "DR CHEST PA",
        "PT CHEST",
        "MS follow-up, 3 months",
        "TR 12000 TE 98.5",
        "Patient supine, arms up",
        "ax dwi 3/4",
        "L4/5 and C1-2",
        "Thorax für die Lunge",
        "Обзорная рентгенография",
        "line one\r\nline two",
    ],
)
def test_what_describes_stays(text: str) -> None:
    assert cleaned(text, an_object()) == text


@pytest.mark.parametrize("text", ["胸部 CT", "흉부", "صدر", "a\x00b", "a\x1b$Bb", "a\ufffdb"])
def test_what_cannot_be_judged_is_not(text: str) -> None:
    assert cleaned(text, an_object()) is None


def test_nothing_that_the_object_knows_is_left() -> None:
    echoes = an_object()
    for text in ("a 20210317101112 b", "x_zyxel_y", "17 3 2021", "zyxelquorra"):
        left = cleaned(text, echoes)
        assert left is None or not echoes.in_text(0, "LT", left)
