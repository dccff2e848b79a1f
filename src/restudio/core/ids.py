"""Identifiers and digests.

Ids on the wire are 32 lower-case hexadecimal characters (a GUID without dashes), as in the original services.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from typing import NewType

WorkspaceId = NewType("WorkspaceId", str)
ExperimentId = NewType("ExperimentId", str)
RunId = NewType("RunId", str)
AssetId = NewType("AssetId", str)
ServiceId = NewType("ServiceId", str)
EndpointId = NewType("EndpointId", str)
RevisionId = NewType("RevisionId", str)
JobId = NewType("JobId", str)
Digest = NewType("Digest", str)
"""``sha256`` in hexadecimal; names content in the object store."""

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
_HEX32 = re.compile(r"[0-9a-f]{32}\Z")


def new_id() -> str:
    """A fresh random id.

    >>> is_id(new_id())
    True
    """
    return uuid.uuid4().hex


def is_id(text: str) -> bool:
    """Whether ``text`` has the form of an id."""
    return _HEX32.match(text) is not None


def hexadecimal(guid: str) -> str:
    """An id as we keep it, from the form that other systems write.

    >>> hexadecimal("0F0E0D0C-0B0A-0908-0706-050403020100")
    '0f0e0d0c0b0a09080706050403020100'
    """
    return guid.replace("-", "").lower()


def workspace_of(owner: str) -> str:
    """The workspace that an address names by its id, or by its subscription, which has the same id as a GUID.

    >>> workspace_of("0F0E0D0C-0B0A-0908-0706-050403020100")
    '0f0e0d0c0b0a09080706050403020100'
    """
    return hexadecimal(owner)


def digest_bytes(data: bytes) -> Digest:
    """Content digest of bytes."""
    return Digest(hashlib.sha256(data).hexdigest())


def digest_json(value: object) -> Digest:
    """Digest of a JSON-able value, independent of member order.

    >>> digest_json({"a": 1, "b": 2}) == digest_json({"b": 2, "a": 1})
    True
    """
    return digest_bytes(_CANONICAL.encode(value).encode())
