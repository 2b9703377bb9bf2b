"""Reading whole archives in tests."""

from __future__ import annotations

from shared.containers.container import Container, Survey
from shared.containers.limits import DEFAULT_CONTAINER_LIMITS, Allowance, ContainerLimits
from shared.dicom.recognition import RECOGNITION_BYTES, recognise
from shared.dicom.source import BytesSource, Source
from shared.errors import PermanentError

NAME = "h/folder/scan.dcm.gz"


def a_container(
    data: bytes | Source,
    limits: ContainerLimits = DEFAULT_CONTAINER_LIMITS,
    *,
    depth: int = 0,
    sent_bytes: int | None = None,
    name: str = NAME,
) -> Container:
    """Return a container of the kind that its first bytes tell."""
    source = BytesSource(data) if isinstance(data, bytes) else data
    return Container(
        source=source,
        kind=recognise(source.read(0, RECOGNITION_BYTES), source.size),
        name=name,
        allowance=Allowance(
            limits=limits,
            sent_bytes=source.size if sent_bytes is None else sent_bytes,
            depth=depth,
        ),
    )


def surveyed(container: Container) -> Survey | str:
    """Return what a survey finds, or the reason of its refusal."""
    try:
        return container.survey()
    except PermanentError as error:
        return error.reason


def contents(container: Container) -> dict[str, bytes | str]:
    """Return every member's bytes, or the reason why it has none, by its name."""
    found: dict[str, bytes | str] = {}
    for member in container.members():
        assert member.name not in found
        if member.refusal:
            found[member.name] = member.refusal
            continue
        try:
            found[member.name] = b"".join(member.chunks())
        except PermanentError as error:
            found[member.name] = error.reason
    return found
