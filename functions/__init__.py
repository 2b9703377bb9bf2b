"""The stages: one folder each, which is also the root of its bundle."""
