"""The local cloud: the pipeline and everything it stands on, on one machine."""
