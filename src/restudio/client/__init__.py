"""Restudio from Python programs: typed nouns over HTTP."""
