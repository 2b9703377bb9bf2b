"""The independent check notices what the profile lets through, and knows coincidences."""

import ast
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path as FilePath
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from shared.dicom import identity_check
from shared.dicom.deidentification import (
    BASIC,
    Deidentified,
    Held,
    HoldReason,
    Option,
    Profile,
    actions,
    dates,
    deidentify,
    free_text,
    rules,
)
from shared.dicom.deidentification.attribute_types import Types
from shared.dicom.deidentification.echoes import Echoes
from shared.dicom.deidentification.marks import PREAMBLE
from shared.dicom.deidentification.options import COLUMNS
from shared.dicom.deidentification.rules import Action, Path, Rule
from shared.dicom.deidentification.table import table
from shared.dicom.deidentification.writer import written
from shared.dicom.elements import Extent, Header, RawElement
from shared.dicom.identity_check import residue
from tests.unit.deidentification.samples import (
    KEY,
    an_image,
    as_file,
    element,
    header_of,
    result_of,
    with_element,
)

SABOTAGED: dict[str, Any] = {
    "PatientName": "Quorra^Zyxel",
    "PatientID": "QX-778812",
    "AccessionNumber": "ACC55501",
    "StudyDate": "20210317",
    "PatientBirthDate": "19510623",
    "AcquisitionDateTime": "20210317101112",
    "StudyInstanceUID": "1.2.3.4.77.1",
    "SOPInstanceUID": "1.2.3.4.77.3",
    "FrameOfReferenceUID": "1.2.3.4.77.9",
    "InstitutionName": "Saint Nowhere",
    "InstitutionAddress": "12 Nowhere Street",
    "ReferringPhysicianName": "Brennigan^Otto",
    "OperatorsName": "Dalgliesh^Mia",
    "StationName": "CTROOM7",
    "DeviceSerialNumber": "SN-99172",
    "PatientAddress": "7 Elsewhere Lane",
    "PatientTelephoneNumbers": "+44 555 0100 77",
    "OtherPatientIDs": "OLD-4711",
    "StudyID": "ST-20177",
    "PerformedProcedureStepID": "PPS-1234",
}


@pytest.fixture
def keeping(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str | int], None]]:
    """Disable one rule, and the search for echoes with it."""
    original = rules.decided

    def keep(attribute: str | int) -> None:
        kept = int(Tag(attribute))

        def sabotaged(profile: Profile, types: Types, path: Path | None, tag: int) -> Rule:
            rule = original(profile, types, path, tag)
            return Rule(Action.KEEP, "sabotaged", rule.vr) if tag == kept else rule

        monkeypatch.setattr(rules, "decided", sabotaged)
        monkeypatch.setattr(actions, "objection", lambda *_: None)
        rules._book.cache_clear()

    yield keep
    monkeypatch.undo()
    rules._book.cache_clear()


@pytest.mark.parametrize("keyword", SABOTAGED)
def test_a_disabled_rule_is_noticed(keyword: str, keeping: Callable[[str | int], None]) -> None:
    data = as_file(an_image(**{keyword: SABOTAGED[keyword]}))
    assert isinstance(result_of(data), Deidentified)
    keeping(keyword)
    result = result_of(data)
    assert isinstance(result, Held)
    assert result.reason == HoldReason.IDENTITY_RESIDUE


@pytest.mark.parametrize("keyword", ["PatientName", "AccessionNumber", "StudyDate"])
def test_a_disabled_rule_is_noticed_at_depth(
    keyword: str, keeping: Callable[[str | int], None]
) -> None:
    inner = Dataset()
    setattr(inner, keyword, "20200229" if keyword == "StudyDate" else "Deepnested")
    data = as_file(an_image(ReferencedSeriesSequence=[inner]))
    assert isinstance(result_of(data), Deidentified)
    keeping(keyword)
    assert isinstance(result_of(data), Held)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("for ZYXEL", "person-name"),
        ("Zyxel_quorra", "person-name"),
        ("xQUORRAZYXEL2", "person-name"),
        ("of 17 Mar 2021", "date"),
        ("no778812x", "identifier"),
    ],
)
def test_disabled_echoes_are_noticed(text: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = as_file(an_image(ConvolutionKernel=text))
    assert isinstance(result_of(data), Deidentified)
    monkeypatch.setattr(Echoes, "in_text", lambda *_: False)
    result = result_of(data)
    assert result == Held(reason=HoldReason.IDENTITY_RESIDUE, residue=(kind,))


def residue_with(tag: int, vr: str, value: bytes, **original: Any) -> tuple[str, ...]:
    """What is found when the one element is all that was written of the original."""
    header = header_of(an_image(**original))
    segments = written((element(tag, vr, value),), header.encoding)
    return residue(header, (PREAMBLE + no_meta(), *segments))


def no_meta() -> bytes:
    return b"\x02\x00\x00\x00UL\x04\x00\x00\x00\x00\x00"


@pytest.mark.parametrize(
    ("vr", "value", "kinds"),
    [
        ("LO", b"by zyxel.", ("person-name",)),
        ("LT", b"QX 778812", ("identifier",)),
        ("SH", b"x-acc55501", ("identifier",)),
        ("LO", b"at 20210317", ("date",)),
        ("DT", b"20210317101112", ("date",)),
        ("ST", b"see 1.2.3.4.77.1", ("uid",)),
        ("UI", b"1.2.3.4.77.2", ("uid",)),
        ("UI", b"1.2.3\\ACC55501", ("identifier",)),
        ("LO", b"Quorra\x00H", ("person-name",)),
        ("OB", b"\x01 1.2.3.4.77.1", ("uid",)),
        ("OB", b"\x0117 Mar 2021\x01", ("date",)),
        ("OB", b"\x01\x02QUORRA\x03\x04", ("person-name",)),
        ("CS", b"ACC55501", ("identifier",)),
        ("LO", b"Zyxel on 20210317 ", ("date", "person-name")),
    ],
)
def test_kinds_are_told_and_no_values(vr: str, value: bytes, kinds: tuple[str, ...]) -> None:
    assert residue_with(0x00181210, vr, value) == kinds


@pytest.mark.parametrize(
    ("vr", "text", "kind"),
    [
        ("LO", "QUORRAZYXEL", "person-name"),
        ("LO", "zyxelquorra", "person-name"),
        ("LO", "quorra1951", "person-name"),
        ("SH", "1951zyxel", "person-name"),
        ("LO", "ptQuorraCT", "person-name"),
        ("LO", "17 Mar 2021", "date"),
        ("LT", "March 17, 2021", "date"),
        ("LO", "17.3.2021", "date"),
        ("LO", "x 2021-03-17", "date"),
        ("SH", "17032021", "date"),
        ("LO", "2021-Mar-17", "date"),
        ("LO", "17/Mar/2021", "date"),
        ("SH", "QX778812", "identifier"),
        ("SH", "no778812a", "identifier"),
        ("SH", "qx/778812", "identifier"),
        ("IS", "0778812", "identifier"),
        ("DS", "778812.0", "identifier"),
        ("SH", "xACC55501y", "identifier"),
    ],
)
def test_what_is_written_otherwise_is_found(vr: str, text: str, kind: str) -> None:
    assert residue_with(0x00181210, vr, text.encode()) == (kind,)


def test_any_number_of_digits_is_looked_at_in_time() -> None:
    for many in ("1" * 60_000, "0" * 60_000):
        assert residue_with(0x00181210, "LT", f"{many}. Zyxel".encode()) == ("person-name",)
        assert residue_with(0x00181210, "DS", f"{many}.1\\778812".encode()) == ("identifier",)


@pytest.mark.parametrize("text", ["at 20210317", "XQuorra"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_text_of_two_bytes_a_character_is_found_as_text(encoding: str, text: str) -> None:
    kind = "date" if "2021" in text else "person-name"
    assert residue_with(0x00181210, "LO", text.encode(encoding)) == (kind,)


@pytest.mark.parametrize("vr", ["OW", "OB"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_text_of_two_bytes_a_character_is_found(vr: str, encoding: str) -> None:
    for text, kind in (
        ("QX-778812", "identifier"),
        ("Quorra", "person-name"),
        ("20210317", "date"),
    ):
        assert residue_with(0x00283006, vr, b"\x01\x02" + text.encode(encoding)) == (kind,)
    name = {"SpecificCharacterSet": "ISO_IR 144", "PatientName": "Чернозубов"}
    value = "Чернозубов".encode(encoding)
    assert residue_with(0x00283006, vr, value, **name) == ("person-name",)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Łęckiewicz^Żelisław", "LECKIEWICZ"),
        ("Łęckiewicz^Żelisław", "zelislaw"),
        ("Mühlöder^Æbbe", "Muehloeder"),
        ("Mühlöder^Æbbe", "AEBBE"),
        ("Mühlöder^Æbbe", "MÜHLÖDER"),
        ("Weiß^Đăng", "weiss"),
        ("O'Brannigan-Vexley^Ann", "obrannigan"),
        ("O'Brannigan-Vexley^Ann", "OBranniganVexley"),
        ("Li^Wei", "weili"),
        ("Ng^Wu", "NG WU"),
        ("Kim=金^民", "of 金 民"),
        ("Kurosawara^Aki=黒沢原^辰典", "患者黒沢原様"),
        ("Quorra", "QUÖRRA"),
    ],
)
def test_names_are_found_as_keyboards_and_people_write_them(name: str, text: str) -> None:
    original = {"SpecificCharacterSet": "ISO_IR 192", "PatientName": name}
    value = text.encode("utf-8")
    assert residue_with(0x00181210, "LO", value, **original) == ("person-name",)


def test_names_are_found_in_shifted_character_sets() -> None:
    original = {"SpecificCharacterSet": "\\ISO 2022 IR 87", "PatientName": "Aki=黒沢原^辰典"}
    value = "黒沢原".encode("iso2022_jp")
    assert residue_with(0x00181210, "LO", value, **original) == ("person-name",)


def test_identifiers_of_content_items_are_collected() -> None:
    concept, content = Dataset(), Dataset()
    concept.CodeValue, concept.CodingSchemeDesignator = "121022", "DCM"
    concept.CodeMeaning = "Accession Number"
    content.ConceptNameCodeSequence, content.TextValue = [concept], "ACQ-90210"
    original = {"ContentSequence": [content]}
    assert residue_with(0x00181210, "LO", b"of ACQ-90210", **original) == ("identifier",)
    concept.CodeMeaning = "Finding"
    assert residue_with(0x00181210, "LO", b"of ACQ-90210", **original) == ()


@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [
        (0x00181210, "LO", b"zyxelon zyxelish"),  # longer words
        (0x00180015, "CS", b"ZYXEL"),  # a word of letters as a Code String
        (0x00080070, "LO", b"Zyxel"),  # a word of letters as the maker
        (0x00181210, "DS", b"55501.5"),  # a measurement
        (0x00181210, "OB", b"\x01zyxel\x02 "),  # too short to be more than chance
        (0x00181210, "LO", b"1"),  # Study ID
        (0x00181210, "LO", b"F "),  # Patient's Sex
        (0x00181210, "UI", b"1.2.840.10008.5.1.4.1.1.2"),
    ],
)
def test_coincidences_are_no_findings(tag: int, vr: str, value: bytes) -> None:
    assert residue_with(tag, vr, value) == ()


@pytest.mark.parametrize(
    ("charset", "name", "kept"),
    [
        ("ISO_IR 192", "Çelik^Ünal", "Ünal"),
        ("ISO_IR 100", "Müller^Jörg", "Müller"),
        ("ISO_IR 144", "Щукин", "Щукин"),
        ("GB18030", "Wang^XiaoDong=王^小东", "王^小东"),
    ],
)
def test_names_are_found_in_their_character_set(charset: str, name: str, kept: str) -> None:
    encoding = {"ISO_IR 192": "utf-8", "ISO_IR 100": "latin-1", "ISO_IR 144": "iso8859_5"}
    original: dict[str, Any] = {"SpecificCharacterSet": charset, "PatientName": name}
    for written_as in (encoding.get(charset, "gb18030"), "utf-8"):
        found = residue_with(0x00181210, "LO", kept.encode(written_as), **original)
        assert found == ("person-name",)


def test_file_meta_preamble_and_every_segment_are_read() -> None:
    header = header_of(an_image())
    meta = written((element(0x00020016, "AE", b"ACC55501"),), header.encoding)[0]
    assert isinstance(meta, bytes)
    head = PREAMBLE + no_meta()[:8] + len(meta).to_bytes(4, "little") + meta
    assert residue(header, (head,)) == ("identifier",)
    assert residue(header, (b"Quorra Zyxel".ljust(128) + b"DICM" + no_meta(),)) == ("person-name",)
    streamed = RawElement(0x00660016, "OF", Extent(0, 9))
    after = written((streamed, element(0x00700001, "LO", b"zyxel")), header.encoding)
    assert residue(header, (PREAMBLE + no_meta(), *after)) == ("person-name",)


def test_private_trailing_and_meta_values_of_the_original_count() -> None:
    header = header_of(an_image())
    trailing = element(0x00100010, "PN", b"Trailer^Tom")
    header = with_element(header, trailing)
    segments = written((element(0x00181210, "LO", b"trailer"),), header.encoding)
    assert residue(header, (PREAMBLE + no_meta(), *segments)) == ("person-name",)


def test_the_check_knows_nothing_of_the_profile() -> None:
    tree = ast.parse(FilePath(identity_check.__file__).read_text("utf-8"))
    modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not any("deidentification" in module for module in modules)


IMAGE = header_of(an_image())
BASIC_RULES = rules.rules_for(BASIC, "")
VALUES = {
    "AE": b"ZEBRA7", "DA": b"20191224", "DT": b"20191224101112", "LO": b"Zebra 7 Street",
    "LT": b"Zebra 7 Street", "PN": b"Brennigan^Otto", "SH": b"ZEBRA77", "ST": b"Zebra 7 Street",
    "UC": b"ZEBRA77", "UI": b"1.2.3.99.7", "UT": b"Zebra77",
}  # fmt: skip
# Listed by the standard for what they describe, not because they name anyone.
DESCRIPTIONS = {
    0x00080106,  # Context Group Version
    0x00080107,  # Context Group Local Version
    0x00160078,  # GPS Satellites
    0x00160082,  # GPS Map Datum
    0x0018100B,  # Manufacturer's Device Class UID
    0x00203406,  # Modified Image Description
    0x00284000,  # Image Presentation Comments
    0x00500020,  # Device Description
}


@pytest.mark.parametrize(
    "tag",
    [
        tag
        for tag in table().by_tag
        if BASIC_RULES[tag].echoed and BASIC_RULES[tag].vr in VALUES and tag not in DESCRIPTIONS
    ],
    ids="{:08X}".format,
)
def test_every_disabled_rule_for_an_identifier_is_noticed(
    tag: int, keeping: Callable[[str | int], None]
) -> None:
    keeping(tag)
    assert isinstance(deidentify(with_value_of(tag), KEY), Held)


OPTIONS = [
    Option.RETAIN_MODIFIED_DATES,
    Option.RETAIN_FULL_DATES,
    Option.RETAIN_DEVICE_IDENTITY,
    Option.RETAIN_INSTITUTION_IDENTITY,
    Option.RETAIN_UIDS,
]  # those that change what the check looks for


def under(*options: Option) -> Profile:
    return Profile(name="tested", options=frozenset(options))


def with_value_of(tag: int) -> Header:
    vr = BASIC_RULES[tag].vr
    return with_element(IMAGE, element(tag, vr, VALUES[vr]))


@pytest.mark.parametrize("option", OPTIONS)
def test_every_disabled_rule_is_noticed_under_every_option(
    option: Option, keeping: Callable[[str | int], None]
) -> None:
    profile = under(option)
    tags = [
        tag
        for tag in table().by_tag
        if (rule := rules.rules_for(profile, "")[tag]).echoed
        and rule.vr in VALUES
        and tag not in DESCRIPTIONS
    ]
    assert len(tags) > 120
    unnoticed = []
    for tag in tags:
        keeping(tag)
        if not isinstance(deidentify(with_value_of(tag), KEY, profile=profile), Held):
            unnoticed.append(f"{tag:08X}")
    assert unnoticed == []


@pytest.mark.parametrize("option", OPTIONS)
def test_what_an_option_retains_is_no_residue(option: Option) -> None:
    profile = under(option)
    retained = [
        tag
        for tag, row in table().by_tag.items()
        if row.options.get(COLUMNS[option]) == "K" and BASIC_RULES[tag].vr in VALUES
    ]
    for tag in retained:
        result = deidentify(with_value_of(tag), KEY, profile=profile)
        assert isinstance(result, Deidentified), f"{tag:08X}"
        written_bytes = b"".join(part for part in result.segments if isinstance(part, bytes))
        assert VALUES[BASIC_RULES[tag].vr] in written_bytes, f"{tag:08X}"


@pytest.mark.parametrize("time", ["142825", "142825.000000"])
def test_a_time_of_day_that_is_retained_tells_no_more_within_an_id(time: str) -> None:
    header = header_of(an_image(PatientID="11-05-25-142825", StudyTime=time))
    result = deidentify(header, KEY, profile=under(Option.RETAIN_MODIFIED_DATES))
    assert isinstance(result, Deidentified)
    parts = [part for part in result.segments if isinstance(part, bytes | Extent)]
    assert residue(header, parts) == ("identifier",)


def test_a_text_cleaner_that_does_nothing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    header = header_of(an_image(SeriesDescription="of Zyxel"))
    profile = under(Option.CLEAN_DESCRIPTORS)
    assert isinstance(deidentify(header, KEY, profile=profile), Deidentified)
    monkeypatch.setattr(free_text, "cleaned", lambda text, _: text)
    result = deidentify(header, KEY, profile=profile)
    assert result == Held(reason=HoldReason.IDENTITY_RESIDUE, residue=("person-name",))


def test_dates_that_do_not_move_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    header = header_of(an_image())
    profile = under(Option.RETAIN_MODIFIED_DATES)
    assert isinstance(deidentify(header, KEY, profile=profile), Deidentified)
    monkeypatch.setattr(dates, "moved", lambda value, *_: value)
    result = deidentify(header, KEY, profile=profile)
    assert result == Held(reason=HoldReason.IDENTITY_RESIDUE, residue=("date",))


def test_a_moved_date_that_is_another_of_the_originals_is_no_finding() -> None:
    offset = KEY.day_offset(KEY.patient_id("QX-778812"))
    other = f"{date(2021, 3, 17) + timedelta(days=offset):%Y%m%d}"
    header = header_of(an_image(SeriesDate=other))
    result = deidentify(header, KEY, profile=under(Option.RETAIN_MODIFIED_DATES))
    assert isinstance(result, Deidentified)
    assert other.encode() in b"".join(p for p in result.segments if isinstance(p, bytes))


def test_what_an_override_keeps_at_a_path_counts_elsewhere() -> None:
    path = {"path": "ReferencedSeriesSequence.StationName", "action": "keep"}
    profile = Profile.from_data("kept", {"overrides": [path]})
    item = Dataset()
    item.StationName = "CTROOM7"
    kept = deidentify(header_of(an_image(ReferencedSeriesSequence=[item])), KEY, profile=profile)
    assert isinstance(kept, Deidentified)
    image = an_image(StationName="CTROOM7", ReferencedSeriesSequence=[item])
    copy = deidentify(header_of(image), KEY, profile=profile)
    assert isinstance(copy, Deidentified)
    assert b"CTROOM7" not in b"".join(p for p in copy.segments if isinstance(p, bytes))


def test_many_identifiers_are_searched_for_as_well_as_few() -> None:
    header = header_of(an_image())
    many = [f"Person{number:05}^Some" for number in range(300)]
    crowd = with_element(header, element(0x00081070, "PN", "\\".join(many).encode()))
    binary = written((element(0x00282000, "OB", b"\x00xxPERSON00299\x00"),), header.encoding)
    assert residue(crowd, (PREAMBLE + no_meta(), *binary)) == ("person-name",)
    other = written((element(0x00282000, "OB", b"\x00xxPERSON0029x\x00"),), header.encoding)
    assert residue(crowd, (PREAMBLE + no_meta(), *other)) == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Jorg^Weiss", "by Jörg".encode()),
        ("Jorg^Weiss", b"Wei\xdf"),
        ("Brennigan^Otto", "".join(chr(ord(letter) + 0xFEE0) for letter in "BRENNIGAN").encode()),
        ("Sorensen", b"S\xf8rensen"),
        ("Sorensen", "Sørensen".encode()),
        ("Aegir", b"\xc6gir"),
        ("Jörg^Wu", "Jörg".encode()),
    ],
)
def test_names_are_found_in_letters_that_the_original_does_not_have(
    name: str, value: bytes
) -> None:
    original = {"SpecificCharacterSet": "ISO_IR 100", "PatientName": name}
    assert residue_with(0x00181210, "LO", value, **original) == ("person-name",)


def test_each_value_is_looked_at_where_another_has_a_needle() -> None:
    header = header_of(an_image())
    values = (
        element(0x00080070, "LO", b"Zyxel "),  # the maker's name, which is no finding
        element(0x00181210, "LO", b"on 17-3-2021"),
        element(0x00282000, "OB", b"\x01QUORRA\x02 "),
    )
    for number in (1, 2):
        segments = written((values[0], values[number]), header.encoding)
        found = residue(header, (PREAMBLE + no_meta(), *segments))
        assert found == (("date",), ("person-name",))[number - 1]


@pytest.mark.parametrize(
    ("original", "text", "kind"),
    [
        ({"PatientName": "Köhl", "SpecificCharacterSet": "ISO_IR 100"}, "KOEHL", "person-name"),
        ({"PatientName": "Ab Cd^Ef"}, "efabcd", "person-name"),
        ({"PatientID": "Elsewhere 778812"}, "778812", "identifier"),
    ],
)
def test_each_form_of_an_identifier_is_found_alone(
    original: dict[str, str], text: str, kind: str
) -> None:
    assert residue_with(0x00181210, "LO", text.encode("ascii"), **original) == (kind,)


@pytest.mark.parametrize("day", ["20210317", "17/3/2021", "2021-03-17", "march 17, 2021"])
@pytest.mark.parametrize(
    "before", ["", "2021 " + "1.5 2.25 " * 9, "1.5 2021.5 " * 9, "sep 2021 " * 9]
)
@pytest.mark.parametrize("after", ["", "x", " 2021", " 1.5 2021.5" * 9])
def test_a_day_is_found_wherever_it_stands(day: str, before: str, after: str) -> None:
    text = f"{before} {day} {after}"
    assert residue_with(0x00181210, "LT", text.encode("ascii")) == ("date",)
