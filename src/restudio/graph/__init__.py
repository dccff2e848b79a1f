"""Graphs of modules as values: model, check, plan, cache keys, run events, rewrites."""
