"""The pure core: bytes and datasets in, values out. Knows no cloud, no clock, no environment."""
