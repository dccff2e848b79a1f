"""Schedules: pipelines that run by the clock, or when files change at a path."""
