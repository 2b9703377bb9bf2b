"""Notebooks for analysts, as scripts in the percent format."""
