"""The function `index`; see its handler."""
