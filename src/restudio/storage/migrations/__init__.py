"""Versions of the tables. Each file in ``versions`` moves an installation one step."""
