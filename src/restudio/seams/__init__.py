"""Protocols to the outside, each with its promises in words. Implementations live in storage and engine."""
