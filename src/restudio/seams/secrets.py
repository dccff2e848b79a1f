"""Secrets: encryption at rest under a master key, and keyed hashes for look-up."""

from __future__ import annotations

from typing import Protocol


class Secrets(Protocol):
    """Thread-safe. The master key never leaves the implementation.

    ``seal`` is randomised and authenticated; ``open`` raises ``ValueError`` for anything that ``seal`` of the same
    master key did not make. ``fingerprint`` is a deterministic keyed hash (hex): store it to look a key up without
    holding the key. ``sign`` is an HMAC-SHA256 for tokens of our own.
    """

    def seal(self, plain: str) -> str: ...

    def open(self, sealed: str) -> str: ...

    def fingerprint(self, plain: str) -> str: ...

    def sign(self, message: bytes) -> bytes: ...
