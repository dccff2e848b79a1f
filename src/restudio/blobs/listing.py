"""Pages of a listing with prefix, delimiter and marker.

A marker is the name that the next page begins with (Base64, so that it survives any transport).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence

from restudio.blobs.failures import refusal
from restudio.blobs.types import Blob, BlobPage

MAX_RESULTS = 5000
_LAST = "\U0010ffff"

Fetch = Callable[[str, int], Sequence[Blob]]
"""Blobs below the prefix in name order, names from the first argument on, at most so many."""


def encode_marker(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def decode_marker(marker: str) -> str:
    try:
        return base64.b64decode(marker, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as cause:
        raise refusal("InvalidQueryParameterValue", "The marker did not come from a former page.") from cause


def page(fetch: Fetch, prefix: str, delimiter: str, marker: str, limit: int) -> BlobPage:
    """One page of at most ``limit`` entries; names that share the part up to a delimiter after the prefix are one."""
    start = decode_marker(marker)
    if not delimiter:
        found = fetch(start, limit + 1)
        return BlobPage(tuple(found[:limit]), (), encode_marker(found[limit].path.name) if found[limit:] else "")
    blobs: list[Blob] = []
    prefixes: list[str] = []
    while True:
        room = limit - len(blobs) - len(prefixes)
        group = ""
        for blob in fetch(start, room + 1):
            name = blob.path.name
            if room == 0:
                return BlobPage(tuple(blobs), tuple(prefixes), encode_marker(name))
            head, found_delimiter, _ = name.removeprefix(prefix).partition(delimiter)
            if found_delimiter:
                group = prefix + head + delimiter
                prefixes.append(group)
                break
            blobs.append(blob)
            room -= 1
        if not group:
            return BlobPage(tuple(blobs), tuple(prefixes))
        # Skip the rest of the group: no name holds this last code point, so nothing sorts between.
        start = group + _LAST
