"""The function `deidentify`; see its handler."""
