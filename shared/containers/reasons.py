"""Why a container or one of its members is refused or ignored, and what may be odd about one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shared.dicom.reasons import Fixer, Reason

_OF_CONTAINERS: Final = {
    "container-damaged": Reason(
        "Not even the first member can be read, or a checksum over all of them does not fit.",
        Fixer.SENDER,
        "a zip whose transfer broke off",
    ),
    "container-split": Reason(
        "The zip is one part of several.", Fixer.SENDER, "disc.z01, disc.z02 and disc.zip"
    ),
    "members-overlap": Reason(
        "Members of a zip share bytes; that is how one kind of bomb is built.",
        Fixer.NOBODY,
        "a zip of 40 KB that claims to hold 5 GB",
    ),
    "too-many-members": Reason(
        "The archive has more entries than are taken.", Fixer.OPERATOR, "a whole archive in one tar"
    ),
    "members-too-large": Reason(
        "The members have more bytes together than are taken.",
        Fixer.OPERATOR,
        "a disk image in one zip",
    ),
    "expansion-ratio-too-high": Reason(
        "The archive expands more than images do.", Fixer.OPERATOR, "100 KB that expand to 100 MB"
    ),
    "containers-too-deep": Reason(
        "An archive in an archive in an archive.", Fixer.SENDER, "a zip of zips of zips"
    ),
    "container-directory-too-large": Reason(
        "The directory of the zip has more bytes than are read.",
        Fixer.OPERATOR,
        "entries with long comments",
    ),
    "member-header-too-large": Reason(
        "The header of a tar member has more bytes than are read.",
        Fixer.OPERATOR,
        "a name of a megabyte",
    ),
}
_OF_MEMBERS: Final = {
    "member-damaged": Reason(
        "The member's bytes are not what the archive says of them.",
        Fixer.SENDER,
        "a checksum that does not fit",
    ),
    "member-encrypted": Reason(
        "The member is encrypted.", Fixer.SENDER, "a zip with a password: send it without"
    ),
    "member-compression-unsupported": Reason(
        "The member is compressed in a way that is not read.",
        Fixer.SENDER,
        "LZMA in a zip: use Deflate",
    ),
    "member-link": Reason(
        "The member is a link and has no bytes of its own.",
        Fixer.NOBODY,
        "a symbolic link",
    ),
    "member-special-file": Reason(
        "The member is a device, a pipe, a sparse file or of an unknown kind.",
        Fixer.SENDER,
        "a tar of a whole system",
    ),
    "member-path-unsafe": Reason(
        "The member's path leads out of the archive or has control characters.",
        Fixer.NOBODY,
        "../../etc/passwd",
    ),
    "member-path-too-long": Reason(
        "The member's path is longer than is taken.", Fixer.SENDER, "folders nested thirty deep"
    ),
    "member-too-large": Reason(
        "The member has more bytes than are taken of one.", Fixer.OPERATOR, "a volume of 10 GB"
    ),
    "member-ratio-too-high": Reason(
        "The member inflates more than images do.", Fixer.OPERATOR, "20 KB that inflate to 20 MB"
    ),
    "resource-fork": Reason(
        "What macOS adds to an archive beside the files.", Fixer.NOBODY, "__MACOSX/._IM0001"
    ),
}

CONTAINER_REASONS: Final[Mapping[str, Reason]] = MappingProxyType(_OF_CONTAINERS | _OF_MEMBERS)
CONTAINER_WARNINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "container-cut-short": "The archive is damaged or ends early; what follows is not known.",
        "container-trailing-bytes": "Something that is no part of it follows the compressed data.",
    }
)
