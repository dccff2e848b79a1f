"""Data Factory version 1: slices of datasets, worked on by the pipelines, runs and triggers of version 2."""
