"""Restudio: an open, self-hosted machine-learning studio."""

__version__ = "0.1.0"
