"""Databases as activities use them."""
