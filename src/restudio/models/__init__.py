"""Versioned assets (datasets, trained models, transforms) and their lineage."""
