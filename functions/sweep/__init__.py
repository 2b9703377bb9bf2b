"""The function `sweep`; see its handler."""
