"""Places in an object where an identity hides; each plants some, and says what must become of it.

A spot that a data set cannot have (an unknown VR in Implicit VR, an overlay without an image)
plants nothing there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from struct import pack
from typing import Final, TypeAlias

from pydicom.uid import UID

from tests.builders import a_uid, element, implicit_element, item
from tests.score.draft import Draft
from tests.score.people import day_forms, dicom_day, plain

Spot: TypeAlias = Callable[[Draft], None]
SPOTS: Final[list[Spot]] = []
# A stranger: a name that stands nowhere else in the object, in text that the standard removes.
STRANGER: Final = "Xylandroth"
_SH: Final = 16
_KEPT_SH: Final = "ConvolutionKernel"  # technical texts, in which nobody expects an identity
_KEPT_LO: Final = "FilterType"
_KEPT_ITEM: Final = "SharedFunctionalGroupsSequence.PixelMeasuresSequence"


def spot(plant: Spot) -> Spot:
    """Register a place."""
    SPOTS.append(plant)
    return plant


def identify(draft: Draft) -> None:
    """Make the object one of the patient's: the patient and study modules, as every object has."""
    person, data = draft.person, draft.dataset
    data.SpecificCharacterSet = person.character_set
    draft.put("Patient's Name", "PatientName", person.name, *person.name_words)
    draft.patient_id("Patient ID")
    draft.put("Issuer of Patient ID", "IssuerOfPatientID", person.issuer, "VORNHOLM")
    draft.day("Patient's Birth Date", "PatientBirthDate", person.birth)
    draft.characteristic("Patient's Sex", "PatientSex", "F")
    draft.characteristic("Patient's Age", "PatientAge", "071Y")
    draft.characteristic("Patient's Weight", "PatientWeight", "68.5")
    draft.day("Study Date", "StudyDate", person.study_day)
    data.StudyTime = "101112"
    draft.put("Accession Number", "AccessionNumber", person.accession, person.accession)
    draft.put("physician", "ReferringPhysicianName", person.physician, "Pennyfeather", "Agathe")
    draft.put("institution", "InstitutionName", person.institution, "Vornholm")
    draft.put("Station Name", "StationName", person.station, person.station)
    draft.put("Device Serial Number", "DeviceSerialNumber", person.serial, person.serial)


@spot
def contacts(draft: Draft) -> None:
    """Addresses, numbers and relatives of the patient module."""
    person = draft.person
    draft.put("address", "PatientAddress", person.street, "Thistledown", "Ostrelund")
    draft.put("telephone", "PatientTelephoneNumbers", person.phone, person.phone)
    draft.put("mail", "PatientTelecomInformation", f"mailto:{person.mail}", person.mail)
    draft.put("institution address", "InstitutionAddress", person.street, "Thistledown")
    draft.put("birth name", "PatientBirthName", person.name, *person.name_words)
    draft.put("mother's name", "PatientMotherBirthName", person.name, *person.name_words)
    draft.put("military rank", "MilitaryRank", "Corporal of Ostrelund", "Ostrelund")
    draft.put("occupation", "Occupation", "Mayor of Ostrelund", "Ostrelund")
    draft.put("residence", "RegionOfResidence", "Ostrelund", "Ostrelund")


@spot
def other_names_and_ids(draft: Draft) -> None:
    """Further names and ids, several in one attribute and in items."""
    person = draft.person
    names = [person.physician, person.name]
    draft.put("other names", "OtherPatientNames", names, *person.name_words)
    draft.put("other ids", "OtherPatientIDs", ["7", person.id], person.id)
    draft.put("ids in items", "OtherPatientIDsSequence.PatientID", person.id, person.id)
    draft.put("operators", "OperatorsName", names, *person.name_words)


@spot
def days(draft: Draft) -> None:
    """Dates, and dates with times, of study, series, acquisition and treatment."""
    study = draft.person.study_day
    draft.day("Series Date", "SeriesDate", study)
    draft.day("Acquisition Date", "AcquisitionDate", study + timedelta(days=1))
    draft.day("Content Date", "ContentDate", study + timedelta(days=2))
    draft.day("Acquisition DateTime", "AcquisitionDateTime", study, "101112.5+0100")
    draft.day("Last Menstrual Date", "LastMenstrualDate", study - timedelta(days=20))
    draft.day("calibration", "DateOfLastCalibration", study - timedelta(days=200))
    draft.day("DateTime in items", f"{_KEPT_ITEM}.FrameReferenceDateTime", study, "101112")


@spot
def descriptors_with_names(draft: Draft) -> None:
    """Names, ids and dates inside descriptions that are worth keeping."""
    person = draft.person
    words = (plain(person.family) or person.family, plain(person.given) or person.given)
    place = "name in a description"
    draft.describe(place, "StudyDescription", "CHEST ROUTINE", *words, form="CHEST ROUTINE {1} {0}")
    draft.describe(
        "id in a description", "SeriesDescription", "AX LUNG", person.id, form="AX LUNG ({0})"
    )
    draft.describe(
        "date in a description", "ImageComments", "compare with",
        f"{person.birth:%Y-%m-%d}", form="compare with {0}",
    )  # fmt: skip
    draft.describe(
        "physician in a description", "ProtocolName", "THORAX for",
        "Pennyfeather", form="THORAX for {0}",
    )  # fmt: skip
    draft.describe(
        "stranger in a description", "AcquisitionProtocolDescription", "helical chest",
        STRANGER, form="helical chest, asked by Dr. {0}",
    )  # fmt: skip
    draft.needles.append(STRANGER)


@spot
def free_text(draft: Draft) -> None:
    """What people write about the patient."""
    person = draft.person
    told = f"{person.given} {person.family}, born {day_forms(person.birth)[-2]}, {person.phone}"
    for keyword in ("AdditionalPatientHistory", "PatientComments", "VisitComments"):
        draft.put("free text", keyword, told, person.given, person.family, person.phone)
    draft.put("free text", "RequestAttributesSequence.RequestedProcedureComments", told,
              person.given, person.family)  # fmt: skip


@spot
def orders_of_the_name(draft: Draft) -> None:
    """The name in technical texts, its parts in any order, with and without commas."""
    person = draft.person
    short = person.family[: _SH - 2]
    bare = plain(short).upper() or person.station
    draft.put("name, given first", _KEPT_LO, f"{person.given} {person.family}", *_both(draft))
    draft.put("name, family first", "PulseSequenceName", f"{short}, {person.given}"[:_SH], short)
    draft.put("name in capitals", "ScanOptions", ["HELIX", bare], bare)
    draft.put("name with underscores", "ReceiveCoilName", f"{short}_1", short)


@spot
def spellings_of_the_name(draft: Draft) -> None:
    """The name as a keyboard without accents writes it, its parts alone, and in small letters."""
    person = draft.person
    bare = plain(person.family)
    draft.put("name without accents", _KEPT_LO, f"for {bare}", bare or person.family)
    closed = person.family.replace("'", "").replace("-", "")
    draft.put("name without its marks", "SequenceName", closed[:_SH], closed[:_SH])
    half = person.name_words[1] if "-" in person.family else person.name_words[0]
    draft.put("half of a name", _KEPT_SH, half[:_SH], half[:_SH])
    draft.put("name in small letters", "ContrastBolusAgent", f"of {person.family.lower()}",
              person.family)  # fmt: skip
    last = person.name.split("=")[-1].split("^")
    draft.put("name of the last component group", "LUTExplanation", " ".join(last), *last)


@spot
def name_run_together(draft: Draft) -> None:
    """The name as file and account names have it: run together with other letters or digits."""
    person = draft.person
    name = plain(person.family) or person.family
    draft.put("name run together with digits", _KEPT_LO, f"{name}{person.birth.year}", name)
    both = name + (plain(person.given) or person.given)
    draft.put("names run together", "RadiopharmaceuticalInformationSequence.Radiopharmaceutical",
              both, name)  # fmt: skip


@spot
def days_in_texts(draft: Draft) -> None:
    """Days in technical texts, as people write them."""
    places = ("FilterType", "LUTExplanation", "ContrastBolusAgent", "WindowCenterWidthExplanation")
    forms = (*day_forms(draft.person.birth), *day_forms(draft.person.study_day))
    for number, keyword in enumerate(places):
        form = forms[(draft.person.number * len(places) + number) % len(forms)]
        kind = "date with a month's name in text" if _has_letters(form) else "date in text"
        draft.put(kind, keyword, f"made {form}", form)


@spot
def ids_in_texts(draft: Draft) -> None:
    """Ids, serial numbers and stations repeated where no rule looks."""
    person = draft.person
    draft.put("id as study id", "StudyID", person.id[:_SH], person.id)
    draft.put("id in a kernel", _KEPT_SH, person.id_number, person.id_number)
    draft.put("station in text", _KEPT_LO, f"at {person.station.lower()}", person.station)
    draft.put("serial number in text", "SoftwareVersions", f"V1 {person.serial}", person.serial)
    draft.put("accession in text", "ContrastBolusAgent", person.accession, person.accession)


@spot
def ids_in_numbers(draft: Draft) -> None:
    """Ids as numbers."""
    number = draft.person.id_number
    draft.put("id in IS", "AcquisitionNumber", number, number)
    draft.put("id in DS", "ReconstructionDiameter", number, number)


@spot
def ids_in_uids(draft: Draft) -> None:
    """UIDs that were made of ids, days and serial numbers."""
    person = draft.person
    made = a_uid(int(person.id_number), int(dicom_day(person.birth)))
    draft.uid("UID made of an id", "FrameOfReferenceUID", made)
    draft.uid("UID made of an id", "DeviceUID", f"{made}.{person.serial[2:-1]}")
    draft.uid("UID in items", f"{_KEPT_ITEM}.DimensionOrganizationUID", f"{made}.9")


@spot
def references(draft: Draft) -> None:
    """References to other objects, whose UIDs must change as those objects do."""
    study = str(draft.dataset.StudyInstanceUID)
    draft.uid("reference", "ReferencedStudySequence.ReferencedSOPInstanceUID", study)
    image = "ReferencedSeriesSequence.ReferencedInstanceSequence.ReferencedSOPInstanceUID"
    draft.uid("reference", image, str(draft.dataset.SOPInstanceUID))
    draft.uid("reference", "ReferencedSeriesSequence.SeriesInstanceUID",
              str(draft.dataset.SeriesInstanceUID))  # fmt: skip
    draft.uid("reference", "SourceImageSequence.ReferencedSOPInstanceUID", a_uid(77, 1))


@spot
def deep_items(draft: Draft) -> None:
    """Names in items of items of sequences that are otherwise kept."""
    person = draft.person
    path = _KEPT_ITEM
    for depth in (2, 4, 8):
        deeper = ".".join([path] + ["DerivationImageSequence", "SourceImageSequence"] * depth)
        draft.put(f"name {2 * depth + 2} items deep", f"{deeper}.PatientName", person.name,
                  *person.name_words)  # fmt: skip
        draft.put(f"id {2 * depth + 2} items deep", f"{deeper}.CodeMeaning", f"of {person.id}",
                  person.id)  # fmt: skip


@spot
def codes(draft: Draft) -> None:
    """Codes whose meaning, value or scheme tells who the patient is."""
    person = draft.person
    anatomy = "AnatomicRegionSequence"
    draft.set(f"{anatomy}.CodingSchemeDesignator", "SCT")
    draft.put("code meaning", f"{anatomy}.CodeMeaning", f"{person.given} {person.family}",
              *_both(draft))  # fmt: skip
    draft.put("code value", f"{anatomy}.CodeValue", person.id[:_SH], person.id)
    procedure = "ProcedureCodeSequence"
    draft.put("code meaning", f"{procedure}.CodeMeaning", f"CT of {person.family}", person.family)
    draft.put("coding scheme", f"{procedure}.CodingSchemeDesignator", f"99_{person.id_number}",
              person.id_number)  # fmt: skip
    staff = "OperatorIdentificationSequence.PersonIdentificationCodeSequence"
    draft.put("person's code", f"{staff}.CodeMeaning", person.physician, "Pennyfeather")
    draft.put("person's code", f"{staff}.CodeValue", "PENNYFEATHER", "PENNYFEATHER")


@spot
def requests(draft: Draft) -> None:
    """The order, which repeats ids and names."""
    person, order = draft.person, "RequestAttributesSequence"
    draft.put("order", f"{order}.RequestedProcedureID", person.accession[:_SH], person.accession)
    draft.put("order", f"{order}.ScheduledProcedureStepID", person.id[:_SH], person.id)
    draft.put("order", f"{order}.ScheduledProcedureStepDescription", f"CT {person.family}",
              person.family)  # fmt: skip
    draft.put("order", f"{order}.AccessionNumber", person.accession, person.accession)
    draft.put("order", "RequestingPhysician", person.physician, "Pennyfeather")
    draft.put("order", "ScheduledPerformingPhysicianName", person.physician, "Agathe")


@spot
def former_values(draft: Draft) -> None:
    """What an earlier correction replaced (PS3.3 C.12.1)."""
    former = "OriginalAttributesSequence"
    person, values = draft.person, f"{former}.ModifiedAttributesSequence"
    draft.put("former value", f"{values}.PatientName", person.name, *person.name_words)
    draft.put("former value", f"{values}.PatientID", person.id, person.id)
    draft.put("former value", f"{former}.SourceOfPreviousValues", person.institution, "Vornholm")
    draft.day("former value", f"{former}.AttributeModificationDateTime", person.study_day, "0101")


@spot
def contributors(draft: Draft) -> None:
    """Equipment that had the object in its hands."""
    person, equipment = draft.person, "ContributingEquipmentSequence"
    draft.put("contributor", f"{equipment}.InstitutionName", person.institution, "Vornholm")
    draft.put("contributor", f"{equipment}.StationName", person.station, person.station)
    draft.put("contributor", f"{equipment}.OperatorsName", person.physician, "Pennyfeather")
    draft.day("contributor", f"{equipment}.ContributionDateTime", person.study_day, "0101")


@spot
def private_block(draft: Draft) -> None:
    """A vendor's block: text, items, opaque bytes, and a creator that names the patient."""
    person = draft.person
    name = plain(person.family) or "Vornholm"
    draft.put("private creator", "00110010", f"ACME {name}", name, vr="LO")
    draft.put("private text", "00111001", person.family, person.family, vr="LO")
    draft.put("private items", "00111002.PatientID", person.id, person.id)
    draft.put("private bytes", "00111003", f"{person.id}  ".encode(), person.id, vr="OB")
    draft.put("private text in an item", f"{_KEPT_ITEM}.00130010", "ACME Vornholm", "Vornholm",
              vr="LO")  # fmt: skip
    draft.put("private text in an item", f"{_KEPT_ITEM}.00131001", person.id, person.id, vr="LO")


@spot
def hidden_sequence(draft: Draft) -> None:
    """UN whose value is a sequence in Implicit VR (PS3.5 Section 6.2.2)."""
    if draft.dataset.file_meta.TransferSyntaxUID.is_implicit_VR:
        return
    if not draft.dataset.file_meta.TransferSyntaxUID.is_little_endian:
        return
    person = draft.person
    name = (plain(person.family) or "Vornholm").encode("ascii")
    hidden = implicit_element(0x00100010, name + b" " * (len(name) % 2))
    hidden += implicit_element(0x00100020, person.id.encode("ascii") + b" " * (len(person.id) % 2))
    draft.put("sequence in UN", "00081120", item(hidden), person.id, vr="UN")
    draft.put("unknown attribute as UN", "00189FFE", item(hidden), person.id, vr="UN")
    draft.set("00150010", "ACME", "LO")
    draft.put("private sequence in UN", "00151001", item(hidden), person.id, vr="UN")


@spot
def unknown_attributes(draft: Draft) -> None:
    """Attributes that PS3.6 does not have."""
    person = draft.person
    draft.put("unknown attribute", "00189FFC", person.family, person.family, vr="LO")
    draft.put("unknown attribute", "00409FFC", person.id, person.id, vr="LT")


@spot
def file_meta(draft: Draft) -> None:
    """What is written around the data set: application entities, private information, preamble."""
    person, meta = draft.person, draft.dataset.file_meta
    meta.SourceApplicationEntityTitle = person.station
    meta.SendingApplicationEntityTitle = person.station
    meta.ImplementationVersionName = person.station
    meta.PrivateInformationCreatorUID = UID(a_uid(int(person.id_number)))
    meta.PrivateInformation = f"{person.id} {person.accession} ".encode("ascii")
    draft.preamble = f"II*\x00{person.id} {plain(person.family)}".encode("ascii")


@spot
def after_the_pixels(draft: Draft) -> None:
    """Attributes that stand after the pixel data, padding among them."""
    person, syntax = draft.person, draft.dataset.file_meta.TransferSyntaxUID
    if syntax.is_deflated or not syntax.is_little_endian:
        return
    text = f"{person.id} {plain(person.family)} {person.accession}".encode("ascii")
    text += b" " * (len(text) % 2)
    if syntax.is_implicit_VR:
        draft.trailing = implicit_element(0xFFFCFFFC, text)
    else:
        draft.trailing = element(0xFFFCFFFC, "OB", text)


@spot
def overlays_and_curves(draft: Draft) -> None:
    """Graphics of groups 60xx and 50xx, with labels."""
    person = draft.person
    name = plain(person.family) or "Vornholm"
    draft.set("60000010", 8, "US")
    draft.set("60000011", 8, "US")
    draft.set("60000040", "G", "CS")
    draft.set("60000050", [1, 1], "SS")
    draft.set("60000100", 1, "US")
    draft.set("60000102", 0, "US")
    draft.put("overlay", "60000022", f"drawn by {name}", name, vr="LO")
    draft.put("overlay", "60001500", f"ROI {person.id}", person.id, vr="LO")
    draft.set("60003000", pack("<8B", *range(8)), "OW")
    draft.put("curve", "50000022", f"ECG of {name}", name, vr="LO")
    draft.put("curve", "50003000", f"{person.id}  ".encode("ascii"), person.id, vr="OW")


@spot
def icon(draft: Draft) -> None:
    """A small image in an item, which shows what the large one shows, with a name at its side."""
    person, path = draft.person, "IconImageSequence"
    for keyword, value in (
        ("SamplesPerPixel", 1), ("PhotometricInterpretation", "MONOCHROME2"), ("Rows", 4),
        ("Columns", 8), ("BitsAllocated", 8), ("BitsStored", 8), ("HighBit", 7),
        ("PixelRepresentation", 0),
    ):  # fmt: skip
        draft.set(f"{path}.{keyword}", value)
    content = person.id.encode("ascii").ljust(32, b" ")
    draft.put("icon", f"{path}.7FE00010", content, person.id, vr="OW")
    draft.put("icon", f"{path}.ImageComments", person.family, person.family)


@spot
def opaque_bytes(draft: Draft) -> None:
    """Texts in bytes and in arrays of numbers."""
    person = draft.person
    text = f"{person.id} {plain(person.family)} ".encode("ascii")
    text += b" " * (len(text) % 2)
    draft.put("text in OB", "ICCProfile", text, person.id)
    draft.put("text in OW", "RedPaletteColorLookupTableData", text, person.id, vr="OW")
    wide = person.id.encode("utf-16-le")
    draft.put("text in UTF-16", f"{_KEPT_ITEM}.LUTData", wide, person.id, vr="OW")


@spot
def people_around(draft: Draft) -> None:
    """Everybody else who is named."""
    who = draft.person.physician
    for keyword in (
        "PerformingPhysicianName", "NameOfPhysiciansReadingStudy", "PhysiciansOfRecord",
        "ConsultingPhysicianName", "ReviewerName", "ResponsiblePerson", "ContentCreatorName",
        "NamesOfIntendedRecipientsOfResults", "ScheduledHumanPerformersSequence.HumanPerformerName",
        "VerifyingObserverSequence.VerifyingObserverName", "EvaluatorName",
    ):  # fmt: skip
        draft.put("other persons", keyword, who, "Pennyfeather", "Rasmudsen", "Agathe")


@spot
def trials(draft: Draft) -> None:
    """Clinical trials, which have ids of their own for the patient."""
    person = draft.person
    draft.put("trial", "ClinicalTrialSubjectID", person.id, person.id)
    draft.put("trial", "ClinicalTrialSiteName", person.institution, "Vornholm")
    draft.put("trial", "ClinicalTrialCoordinatingCenterName", person.institution, "Vornholm")
    draft.put("trial", "ClinicalTrialTimePointDescription", f"of {person.family}", person.family)


def _both(draft: Draft) -> tuple[str, str]:
    return draft.person.given, draft.person.family


def _has_letters(text: str) -> bool:
    return any(sign.isalpha() for sign in text)
