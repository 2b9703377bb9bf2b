"""Archives and compressed files: bytes in, members out; no cloud, no clock, no files."""
