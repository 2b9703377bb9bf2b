"""The function `notify`; see its handler."""
