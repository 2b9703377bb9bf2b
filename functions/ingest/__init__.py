"""The function `ingest`; see its handler."""
