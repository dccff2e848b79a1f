"""Workspaces, people, roles, tokens and keys; one ``allowed(principal, action, resource)``."""
