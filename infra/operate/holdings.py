"""What the tables say of what is kept, as operators ask them; a port beside those of handlers."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from shared.contracts.subject import Decided, Selected, Subject, Version


class Holdings(Protocol):
    """What the tables say of one subject, and what removes their rows."""

    def versions(self, subject: Subject) -> Sequence[Version]:
        """Return every archived version that is theirs."""
        ...

    def decided(self, subject: Subject) -> Sequence[Decided]:
        """Return what landed of theirs, and all that came in the same containers."""
        ...

    def listing(self, subject: Subject) -> Mapping[Decided, bool]:
        """Return the manifests and directories that list a study of theirs; True: others', too."""
        ...

    def strangers(self, subject: Subject) -> Sequence[str]:
        """Return the studies of theirs in which something is not known as theirs."""
        ...

    def twins(self, subject: Subject) -> Sequence[str]:
        """Return the SOP Instance UIDs of theirs that another facility has archived, too."""
        ...

    def namesakes(self, subject: Subject) -> Sequence[str]:
        """Return the SOP Instance UIDs of theirs that somebody else's version there has, too."""
        ...

    def undecided(self, subject: Subject) -> Sequence[str]:
        """Return the `EventId` of their versions that wait for de-identification."""
        ...

    def keys(self, subject: Subject) -> Sequence[str]:
        """Return every key by which something of theirs was de-identified."""
        ...

    def marks(self, subject: Subject) -> Mapping[str, Sequence[str]]:
        """Return the `EventId` of their rows by the table, where nothing above tells it."""
        ...

    def receipts(self, facility: str) -> Iterator[tuple[str, object]]:
        """Yield each row of a facility's receipts: its `EventId`, and all that it tells."""
        ...

    def mentions(self) -> Iterator[tuple[datetime, str]]:
        """Yield every name that a sweep's row tells, as gs:// address or without the bucket."""
        ...

    def key_ids(self) -> Sequence[str]:
        """Return every key that some copy's row names."""
        ...

    def count(self, selected: Selected) -> int:
        """Return how many rows there are."""
        ...

    def event_ids(self, selected: Selected) -> Sequence[str]:
        """Return the `EventId` of each of these rows."""
        ...

    def remove(self, selected: Selected) -> None:
        """Return once these rows are gone."""
        ...

    def kept(self, since: datetime, until: datetime, facility: str) -> Iterator[str]:
        """Yield where everything is that landed in that time, as gs:// addresses."""
        ...

    def told(self, bucket: str, prefix: str) -> Iterator[str]:
        """Yield the names in a bucket of which there is a row, in their order, each once."""
        ...
