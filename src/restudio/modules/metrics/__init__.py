"""Metrics of scored data, one file a task. Each gives its metrics by display name, and curves as plain JSON."""
