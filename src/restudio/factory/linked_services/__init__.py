"""Linked services: what each type needs, and how activities reach the store or service behind it."""
