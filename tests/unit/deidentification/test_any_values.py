"""Whatever bytes an element holds, the result is a typed one and its bytes can be read."""

from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom._dicom_dict import DicomDictionary

from shared.dicom.deidentification import (
    BASIC,
    Deidentified,
    Held,
    Option,
    Profile,
    deidentify,
)
from shared.dicom.deidentification.table import table
from shared.dicom.elements import Extent, RawElement, RawItem
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from tests.unit.deidentification.samples import KEY, NOWHERE, an_image, header_of, with_element

HEADER = header_of(an_image())
TAGS = sorted(table().by_tag)
PROFILES = [
    BASIC,
    Profile(name="most", options=frozenset(Option) - {Option.RETAIN_FULL_DATES}),
    Profile(name="dates", options=frozenset(Option) - {Option.RETAIN_MODIFIED_DATES}),
]
TERMS = [
    b"",
    b"ISO_IR 192",
    b"\\ISO 2022 IR 87",
    b"GB18030",
    b"ISO_IR 13\\ISO 2022 IR 87",
    b"X\xff",
]
VRS = [
    "AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "OB",
    "OF", "OW", "PN", "SH", "SL", "SQ", "SS", "ST", "TM", "UI", "UL", "UN", "US", None,
]  # fmt: skip
tags = st.one_of(
    st.sampled_from(sorted(tag for tag in DicomDictionary if tag >> 16 > 8)),
    st.integers(0x00080000, 0x7FDFFFFF),
)
values = st.one_of(
    st.binary(max_size=24),
    st.sampled_from(
        [
            b"\x1b$B;3ED\x1b(B",
            b"\x1b$",
            b"\\^=",
            b"20210317",
            b"\xa020210317",
            b"2021.03.17\\",
            b"20210317101112.5+0100",
            b"099Y",
            b"a\x85b",
            b"\xb2\xb3",
        ]
    ),
)
plain = st.builds(RawElement, tags, st.sampled_from(VRS), st.just(NOWHERE), values)
unread = st.builds(RawElement, tags, st.sampled_from(VRS), st.just(Extent(0, 70_000)))


def enclosing(inner: st.SearchStrategy[RawElement]) -> st.SearchStrategy[RawElement]:
    items = st.lists(st.builds(RawItem, st.lists(inner, max_size=3).map(tuple)), max_size=2)
    return st.builds(
        RawElement,
        tags,
        st.sampled_from(["SQ", "UN", "OB"]),
        st.just(NOWHERE),
        st.none(),
        items.map(tuple),
        st.booleans(),
    )


elements = st.recursive(st.one_of(plain, unread), enclosing, max_leaves=6)


@settings(max_examples=150, deadline=None)
@given(st.lists(elements, max_size=6), st.sampled_from(TERMS), st.sampled_from(PROFILES))
def test_any_elements(added: list[RawElement], charset: bytes, profile: Profile) -> None:
    term = RawElement(0x00080005, "CS", NOWHERE, charset)
    result = deidentify(with_element(HEADER, term, *added), KEY, profile=profile)
    if isinstance(result, Deidentified):
        parts = [part for part in result.segments if isinstance(part, bytes | Extent)]
        copy = b"".join(p if isinstance(p, bytes) else bytes(p.length) for p in parts)
        read = read_header(BytesSource(copy))
        assert sorted({e.tag for e in read.dataset}) == [e.tag for e in read.dataset]
        assert not any(e.tag >> 16 & 1 for e in read.dataset)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(TAGS), st.sampled_from(VRS), values, st.sampled_from(PROFILES))
def test_any_value_of_any_listed_attribute(
    tag: int, vr: str | None, value: bytes, profile: Profile
) -> None:
    changed = with_element(HEADER, RawElement(tag, vr, NOWHERE, value))
    assert isinstance(deidentify(changed, KEY, profile=profile), Deidentified | Held)
