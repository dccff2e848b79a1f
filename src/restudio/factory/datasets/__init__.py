"""Datasets: formats and locations, a file per kind."""
