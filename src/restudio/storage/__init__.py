"""Implementations of the seams: database, objects, durable work, secrets, clock."""
