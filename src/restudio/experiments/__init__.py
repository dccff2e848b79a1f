"""Experiments: documents, runs, outputs, and the way to a web service."""
