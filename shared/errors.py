"""The errors of the pipeline.

    InletError                 carries a stable, PHI-free, kebab-case reason
    ├── PermanentError         the same input can never succeed: quarantine and acknowledge
    │   ├── FormatError        the bytes are not a readable DICOM object
    │   ├── LimitError         a declared limit was exceeded (shared/dicom/limits.py)
    │   ├── IdentityError      readable, but it cannot be told which instance it is
    │   └── ContractError      a message does not satisfy its contract; lists every problem
    ├── TransientError         may succeed later, or nobody knows: redeliver
    └── SettingsError          the environment is incomplete; lists every problem

What is not one of these is treated as transient by the delivery boundary.
"""

from collections.abc import Iterable


class InletError(Exception):
    """An error whose `reason` may appear in logs, events and tables."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PermanentError(InletError):
    """The same input can never succeed."""


class FormatError(PermanentError):
    """The bytes are not a readable DICOM object."""


class LimitError(PermanentError):
    """A declared limit was exceeded."""


class IdentityError(PermanentError):
    """The object is readable, but it cannot be told which instance it is."""


class TransientError(InletError):
    """The same input may succeed later."""


class _ListedError(InletError):
    def __init__(self, reason: str, problems: Iterable[str]) -> None:
        super().__init__(reason)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return f"{self.reason}: {'; '.join(self.problems)}"


class ContractError(_ListedError, PermanentError):
    """A message does not satisfy its contract; `problems` names fields and never values."""


class SettingsError(_ListedError):
    """The environment is incomplete; `problems` names every variable and what is wrong with it."""
