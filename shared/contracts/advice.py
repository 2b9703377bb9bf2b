"""What to do about a code of `ingest`: of a refusal, or of a warning.

What a code means stands where it is decided. Here stands, for people at a facility, who can change
it and how; the catalogue `shared/REASONS.md` and receipts say the same, since both read it here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shared.contracts.reasons import UPLOAD_REASONS, UPLOAD_WARNINGS
from shared.dicom.reasons import Fixer


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What a code means to the people who meet it."""

    meaning: str
    who_can_fix: str
    what_to_do: str
    example: str


_BY_FIXER: Final[Mapping[Fixer, str]] = {
    Fixer.SENDER: "Send the file again.",
    Fixer.EXPORTER: "Tell the maker of the exporting software the code and what it means; "
    "export and send again once it is put right.",
    Fixer.OPERATOR: "Ask the operator whether the limit can be raised. The file is kept: it need "
    "not be sent again.",
    Fixer.REGISTRAR: "Check the name of the folder, or ask the operator to register the "
    "facility. The file is kept: it need not be sent again.",
    Fixer.NOBODY: "Leave it out of the next drop.",
    Fixer.NOT_NEEDED: "Nothing.",
    Fixer.RETRY: "Nothing.",
}
_BY_REASON: Final[Mapping[str, str]] = {
    "folder-marker": "Nothing.",
    "upload-part": "Nothing.",
    "resource-fork": "Nothing.",
    "invalid-manifest": "Put the manifest right where the warnings point, and send it again.",
    "unknown-manifest-version": "Write the manifest as version 1, and send it again.",
    "manifest-too-large": "Name studies with numbers of instances, or leave `studies` out.",
    "manifest-too-many-studies": "Send one manifest per folder, each with fewer studies.",
    "manifest-too-many-instances": "Give the number of instances instead of their UIDs.",
    "container-damaged": "Pack the files again and send the archive whole.",
    "container-split": "Pack the files into one zip, or send them without.",
    "members-overlap": "Pack the files with another program, or send them without.",
    "too-many-members": "Pack fewer files into each archive, or ask the operator.",
    "members-too-large": "Pack fewer files into each archive, or ask the operator.",
    "containers-too-deep": "Unpack the inner archives before sending.",
    "container-not-supported": "Send the files themselves, or as zip, tar, tar.gz or gzip.",
    "member-damaged": "Pack the file again, or send it without an archive.",
    "member-encrypted": "Send it without a password: the transfer is encrypted, and so is what is "
    "kept.",
    "member-compression-unsupported": "Pack it with Deflate, or send it without an archive.",
    "member-special-file": "Pack plain files only.",
    "member-path-unsafe": "Pack the files by paths below one folder.",
    "member-path-too-long": "Pack it by a shorter path, or send it without an archive.",
    "empty-object": "Check the file at its source, and send it again.",
    "truncated": "Check that the file is whole at its source, and send it again.",
    "inflate-failed": "Check that the file is whole at its source, and send it again.",
    "pixel-data-truncated": "Check that the file is whole at its source and send it again; if it "
    "is, tell the maker of the exporting software.",
    "polyglot-preamble": "Have the file looked at: it may be harmful. Do not send it again.",
}
_NOTHING_NOW: Final = (
    "Nothing for this file: it is archived as it came. Tell the maker of the device or of the "
    "exporting software the code."
)
_BY_WARNING: Final[Mapping[str, tuple[Fixer, str]]] = {
    "container-cut-short": (
        Fixer.SENDER,
        "Compare with what was packed, and send again what is missing.",
    ),
    "container-trailing-bytes": (Fixer.SENDER, "Check that the archive is the one meant."),
    "expected-instances-unusable": (
        Fixer.SENDER,
        "Correct what the uploading program writes there.",
    ),
    "findings-left-out": (Fixer.EXPORTER, "Begin with those that are told."),
    "more-dropped": (Fixer.NOBODY, "Nothing."),
    "more-references": (Fixer.NOBODY, "Nothing."),
    "fragments-unchecked": (Fixer.NOBODY, "Nothing."),
    "deflated-pixels-unchecked": (Fixer.NOBODY, "Nothing."),
    "pixel-length-unchecked": (Fixer.NOBODY, "Nothing."),
    "undecodable-text": (
        Fixer.EXPORTER,
        "Check names of patients. Tell the maker of the device to state the character set.",
    ),
}
_WARNING_EXAMPLES: Final[Mapping[str, str]] = {
    "expected-instances-unusable": "`inlet-expected-instances: many`",
    "manifest-problem": "a UID with letters at `studies[0].study_instance_uid`",
    "container-cut-short": "a tar whose transfer broke off after forty files",
    "container-trailing-bytes": "a gzip file with a signature behind it",
    "no-preamble": "a file that begins with group 0002, or 0008",
    "tiff-preamble": "a whole slide image that viewers open as TIFF",
    "no-file-meta": "a data set saved by an old archive",
    "file-meta-group-length": "a length of 0",
    "file-meta-implicit": "file meta written like an implicit data set",
    "file-meta-incomplete": "no Implementation Class UID",
    "file-meta-differs": "an instance whose UID was changed in the data set only",
    "guessed-transfer-syntax": "a data set without file meta",
    "vr-encoding-differs": "an implicit data set said to be explicit",
    "byte-order-differs": "a big endian data set said to be little endian",
    "zlib-wrapped": "a data set deflated by a general library",
    "private-transfer-syntax": "1.2.840.113619.5.2",
    "command-set-elements": "(0000,0002) in a file",
    "implicit-element": "a private sequence copied from an implicit object",
    "unknown-vr": "VR `??`",
    "stray-delimiter": "(FFFE,E00D) outside a sequence",
    "missing-delimiter": "a last sequence that just ends",
    "item-length-wrong": "an item to which an element was added",
    "trailing-padding": "512 zeros at the end",
    "unreadable-trailing": "a checksum behind the pixel data",
    "trailing-too-large": "twenty megabytes of private data behind the pixel data",
    "elements-out-of-order": "(0010,0010) after (0020,000D)",
    "duplicate-element": "two Patient ID",
    "encapsulated-in-native-syntax": "JPEG frames said to be Explicit VR Little Endian",
    "native-in-encapsulated-syntax": "plain pixels said to be JPEG 2000",
    "pixel-data-empty": "Pixel Data of length 0",
    "pixel-length-unchecked": "pixels without Rows",
    "fragments-unchecked": "a cine loop of fifty thousand frames",
    "offset-table-wrong": "offsets of frames that were compressed again",
    "fragment-count-differs": "twelve frames, eleven fragments",
    "deflated-pixels-unchecked": "a deflated segmentation",
    "more-dropped": "an object with two hundred binary values",
    "more-references": "the DICOMDIR of a whole archive",
    "pixel-data-longer": "padding of a row behind the last frame",
    "uid-form": "a component that begins with 0",
    "unknown-sop-class": "a class of a manufacturer's own",
    "retired-sop-class": "Ultrasound Image Storage (Retired)",
    "retired-transfer-syntax": "Explicit VR Big Endian",
    "missing-type-1": "no Instance Number in a secondary capture",
    "missing-type-1c": "no Laterality of a paired body part",
    "missing-type-2": "no Patient's Birth Date, not even empty",
    "missing-type-2c": "no Patient Orientation, not even empty",
    "empty-type-1": "an empty Modality",
    "unknown-attribute": "(0008,9999)",
    "vr-differs": "Patient ID as UN",
    "vm-differs": "three Pixel Spacing",
    "value-form": "a date of 2024-01-31",
    "value-characters": "a lower-case code string",
    "value-length": "a short string of thirty characters",
    "value-padding": "a UID padded with a space",
    "odd-length": "a name of seven bytes",
    "not-enumerated": "Patient's Sex `U`",
    "future-date": "a study of the year 2999",
    "dates-contradict": "a birth after the study",
    "age-contradicts": "065Y, born a year ago",
    "uids-not-distinct": "one UID for study and series",
    "modality-contradicts": "a CT image with modality MR",
    "bits-contradict": "12 bits stored, high bit 15",
    "undecodable-text": "a name with bytes of Latin-1 and no character set",
    "unknown-character-set": "`UTF8`",
    "findings-left-out": "a file that breaks more than a hundred rules",
}


def advice_on(reason: str) -> Advice | None:
    """Return what is to be known of a reason of `ingest`; None of one it does not give."""
    known = UPLOAD_REASONS.get(reason)
    if known is None:
        return None
    return Advice(
        meaning=known.meaning,
        who_can_fix=known.who_can_fix,
        what_to_do=_BY_REASON.get(reason, _BY_FIXER[known.who_can_fix]),
        example=known.example,
    )


def advice_on_warning(code: str) -> Advice:
    """Return what is to be known of a warning.

    Raises:
        KeyError: `ingest` gives no such warning.
    """
    fixer, what_to_do = _BY_WARNING.get(code, (Fixer.EXPORTER, _NOTHING_NOW))
    return Advice(
        meaning=UPLOAD_WARNINGS[code],
        who_can_fix=fixer,
        what_to_do=what_to_do,
        example=_WARNING_EXAMPLES[code],
    )
