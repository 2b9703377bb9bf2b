"""The messages that travel between functions, as frozen dataclasses."""
