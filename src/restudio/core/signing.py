"""Signatures of storage requests with an account key: HMAC-SHA256 in Base64 (pure)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac


def decode_key(key: str) -> bytes:
    """The bytes of an account key. ``ValueError`` when it is not Base64."""
    try:
        return base64.b64decode(key, validate=True)
    except binascii.Error as cause:
        raise ValueError("an account key is Base64 text") from cause


def sign(key: bytes, text: str) -> str:
    """Base64 of the HMAC-SHA256 of a string to sign."""
    return base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()
