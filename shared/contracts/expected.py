"""How many instances a study has, as its sender says with an upload or in a manifest."""

from collections.abc import Mapping
from typing import Final

# The one label that counts in the inbox; what the pipeline keeps of an upload carries it on.
EXPECTED_LABEL: Final = "inlet-expected-instances"
UNUSABLE_LABEL: Final = "expected-instances-unusable"
# The largest whole slide and dynamic studies have some ten thousand instances.
MAX_EXPECTED_INSTANCES: Final = 1_000_000

EXPECTED_WARNINGS: Final[Mapping[str, str]] = {
    UNUSABLE_LABEL: f"The upload's `{EXPECTED_LABEL}` is no number from 1 to "
    f"{MAX_EXPECTED_INSTANCES:,}; it does not count.",
}


def is_expectable(instances: int) -> bool:
    """Return whether a study can be said to have so many instances."""
    return 1 <= instances <= MAX_EXPECTED_INSTANCES


def expected_instances(labels: Mapping[str, str]) -> int | None:
    """Return what an upload's labels say, or None where that is nothing, or no such number."""
    text = labels.get(EXPECTED_LABEL, "")
    digits = len(str(MAX_EXPECTED_INSTANCES))
    if not (text.isascii() and text.isdigit() and len(text) <= digits):
        return None
    return int(text) if is_expectable(int(text)) else None
