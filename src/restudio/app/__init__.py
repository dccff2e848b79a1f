"""Settings and composition: the one place that names concrete stores and engines."""
