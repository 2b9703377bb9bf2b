"""One module per service: the only importers of a vendor's library, and their in-memory twins."""
