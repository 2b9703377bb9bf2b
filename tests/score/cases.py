"""The objects of a score: every place, every attribute, real files, and text in pixels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from tests.builders import EXPLICIT, IMPLICIT, SOP_CLASSES
from tests.score import pixels, sweep
from tests.score.bases import SYNTAXES, Base, made_base, made_bases, real_bases, replace_pixels
from tests.score.draft import Draft
from tests.score.key import Action, Case, Category, Options
from tests.score.leaks import texts
from tests.score.people import Person, plain
from tests.score.required import require
from tests.score.spots import SPOTS, Spot, identify

PEOPLE: Final = 16
_SPOTS_A_REAL_FILE: Final = 6
_BURNED_EVERY: Final = 7
_UNWRITABLE: Final = (AttributeError, KeyError, OverflowError, TypeError, ValueError)
_ROWS: Final = 64


def short_cases(options: Options) -> Iterator[Case]:
    """A few of everything that can be made, for seconds."""
    yield from one_place_each(options, people=1)
    yield from all_places(options, count=len(SYNTAXES))
    yield from every_attribute(options, every=5, depths=1)
    yield from burned_in_text(options)


def made_cases(options: Options) -> Iterator[Case]:
    """Everything that can be made."""
    yield from one_place_each(options, people=PEOPLE)
    yield from all_places(options, count=40)
    yield from every_attribute(options, every=1, depths=2)
    yield from burned_in_text(options)


def one_place_each(options: Options, people: int) -> Iterator[Case]:
    """For every place and patient an object in which nothing else is planted."""
    for number, spot in enumerate(SPOTS):
        for person in range(people):
            syntax = SYNTAXES[(number + person) % len(SYNTAXES)]
            base = made_base(100 * number + person, syntax=syntax)
            name = f"{spot.__name__} {person}"
            yield _case(base, Person(number + person), options, [spot], name)


def all_places(options: Options, count: int) -> Iterator[Case]:
    """Objects with something planted in all places at once."""
    for number, base in enumerate(made_bases(count)):
        turn = number % len(SPOTS)
        yield _case(base, Person(number), options, SPOTS[turn:] + SPOTS[:turn], base.name)


def every_attribute(options: Options, every: int, depths: int) -> Iterator[Case]:
    """Every attribute of PS3.6 that can hold an identity, in the data set and in items."""
    for depth in range(depths):
        for number, group in enumerate(sweep.chunks(every)):
            base = made_base(number, syntax=(EXPLICIT, IMPLICIT)[number % 2])
            draft = _draft(base, Person(number), options, f"attributes {depth}.{number}")
            del draft.dataset.PixelData
            identify(draft)
            sweep.plant(draft, group, sweep.DEEP if depth else "")
            yield draft.case()


def burned_in_text(options: Options) -> Iterator[Case]:
    """Text in the pixels of modalities with and without a habit of it, declared and not."""
    declarations = ("YES", None, "NO")
    for number, modality in enumerate(("CT", "MR", "US", "OT", "CR")):
        for turn, declared in enumerate(declarations):
            base = made_base(len(declarations) * number + turn)
            draft = _draft(base, Person(number), options, f"burned in {modality} {declared}")
            draft.dataset.SOPClassUID = SOP_CLASSES[modality]
            draft.dataset.Modality = modality
            draft.dataset.BurnedInAnnotation = declared or ""
            identify(draft)
            _burn(draft, row=4 + 20 * turn)
            require(draft)
            yield draft.case()


def real_cases(options: Options) -> Iterator[Case]:
    """Real files, each as another patient's, with a few of the places in turn."""
    patients: dict[str, int] = {}
    for number, base in enumerate(real_bases()):
        person = Person(patients.setdefault(base.patient, len(patients)))
        first = number * _SPOTS_A_REAL_FILE
        chosen = [SPOTS[(first + turn) % len(SPOTS)] for turn in range(_SPOTS_A_REAL_FILE)]
        try:
            yield _case(base, person, options, chosen, base.name, burn=not number % _BURNED_EVERY)
        except _UNWRITABLE:
            continue


def _case(
    base: Base, person: Person, options: Options, spots: Iterable[Spot], name: str,
    *, burn: bool = False,
) -> Case:  # fmt: skip
    draft = _draft(base, person, options, name)
    identify(draft)
    for spot in spots:
        spot(draft)
    if burn:
        _burn(draft, row=2)
    require(draft)
    return draft.case()


def _draft(base: Base, person: Person, options: Options, name: str) -> Draft:
    dataset = base.dataset()
    if not all(text.isascii() for _, text in texts(dataset)):
        person = _ascii(person)
    return Draft(name=name, dataset=dataset, person=person, options=options)


def _ascii(person: Person) -> Person:
    """The next patient whose name needs no character set, since the file's own must stay."""
    number = person.number
    while not Person(number).is_ascii:
        number += PEOPLE + 1
    return Person(number)


def _burn(draft: Draft, row: int) -> None:
    frame = pixels.first_frame(draft.dataset)
    if frame is None or min(frame.shape[:2]) < _ROWS:
        return
    frame = frame.copy()
    text = f"{plain(draft.person.family)[:3]}{draft.person.id_number[-3:]}"
    draft.burned = pixels.burned_in(frame, text, row, 4, int(frame.max()) or 1)
    replace_pixels(draft.dataset, frame)
    draft.owe(Action.PIXELS_HIDDEN, Category.HIPAA, "burned-in text", (0x7FE00010,), text)
