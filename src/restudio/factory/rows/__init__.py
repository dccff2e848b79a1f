"""Rows on their way from a source to a sink."""
