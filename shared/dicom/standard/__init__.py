"""Tables of the standard as data: generated files, each beside its generator."""
