"""Pixel data made clean: what is known to hold text becomes black, nothing else changes."""
