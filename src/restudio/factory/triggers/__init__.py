"""Triggers: when pipelines are due, a file per kind. Pure; the loop that fires them asks."""
