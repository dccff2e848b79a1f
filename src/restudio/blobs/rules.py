"""Pure decisions of the Blob service: names, preconditions, ranges, metadata."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from restudio.blobs.failures import refusal
from restudio.blobs.types import Blob, Conditions

_ACCOUNT = re.compile(r"[a-z0-9]{3,24}\Z")
_CONTAINER = re.compile(r"[a-z0-9](?:-?[a-z0-9])+\Z")
_METADATA_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)\Z")
MAX_METADATA = 8192


def is_account_name(name: str) -> bool:
    """3 to 24 lower-case letters and digits."""
    return _ACCOUNT.match(name) is not None


def check_container_name(name: str) -> None:
    """3 to 63 lower-case letters, digits and single dashes (or ``$root``-like names, which are not kept here)."""
    if not 3 <= len(name) <= 63 or _CONTAINER.match(name) is None:
        raise refusal(
            "InvalidResourceName",
            "A container has 3 to 63 lower-case letters, digits and single dashes.",
            target=name[:80],
        )


def check_blob_name(name: str) -> None:
    """1 to 1024 characters, at most 254 path segments, no control characters."""
    if not 1 <= len(name) <= 1024 or name.count("/") > 254:
        raise refusal("InvalidResourceName", "A blob name has 1 to 1024 characters and at most 254 segments.")
    if any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) <= 0xDFFF or ord(c) in (0xFFFE, 0xFFFF) for c in name):
        raise refusal("InvalidResourceName", "A blob name must not contain control characters.")


def check_block_id(block: str) -> None:
    """Base64 of 1 to 64 bytes."""
    try:
        size = len(base64.b64decode(block, validate=True))
    except (binascii.Error, ValueError) as cause:
        raise refusal("InvalidQueryParameterValue", "A block id must be Base64.", target="blockid") from cause
    if not 1 <= size <= 64:
        raise refusal("InvalidQueryParameterValue", "A block id has 1 to 64 bytes.", target="blockid")


def check_metadata(metadata: Mapping[str, str]) -> None:
    """Names are identifiers, values fit into a header; together they have at most 8 KB."""
    if any(_METADATA_NAME.match(name) is None for name in metadata):
        raise refusal("InvalidMetadata")
    if not all(value.isprintable() and max(map(ord, value), default=0) < 256 for value in metadata.values()):
        raise refusal("InvalidMetadata", "Values are printable Latin-1 text.")
    if sum(len(name) + len(value) for name, value in metadata.items()) > MAX_METADATA:
        raise refusal("InvalidMetadata")


def ensure_conditions(conditions: Conditions, blob: Blob | None) -> None:
    """Preconditions of a write against what is there now (``None``: nothing).

    ``If-None-Match: *`` over an existing blob is ``BlobAlreadyExists``; every other unmet one ``ConditionNotMet``.
    """
    if blob is not None and conditions.if_none_match == "*":
        raise refusal("BlobAlreadyExists", target=blob.path.name)
    if blob is None:
        if conditions.if_match is not None or conditions.if_unmodified_since is not None:
            raise refusal("ConditionNotMet")
        return
    if is_unchanged(conditions, blob):
        raise refusal("ConditionNotMet")
    if conditions.if_match is not None and not _matches(conditions.if_match, blob.etag):
        raise refusal("ConditionNotMet")
    if conditions.if_unmodified_since is not None and int(blob.modified) > conditions.if_unmodified_since:
        raise refusal("ConditionNotMet")


def is_unchanged(conditions: Conditions, blob: Blob) -> bool:
    """Whether ``If-None-Match`` or ``If-Modified-Since`` say that the caller has this version (304 for reads)."""
    if conditions.if_none_match is not None:
        return conditions.if_none_match == "*" or _matches(conditions.if_none_match, blob.etag)
    return conditions.if_modified_since is not None and int(blob.modified) <= conditions.if_modified_since


def _matches(header: str, etag: str) -> bool:
    given = (part.strip().removeprefix("W/").strip('"') for part in header.split(","))
    return header.strip() == "*" or etag.strip('"') in given


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Start and length of a ``bytes=`` range of a blob of ``size`` bytes; ``None`` when there is no range.

    A range that begins at or after the end is ``InvalidRange``. A header of another form is ignored, as HTTP asks.

    >>> parse_range("bytes=0-3", 10), parse_range("bytes=8-", 10), parse_range("bytes=-4", 10)
    ((0, 4), (8, 2), (6, 4))
    """
    match = _RANGE.match(header.strip()) if header else None
    if match is None or match.group(0) == "bytes=-" or max(len(match[1]), len(match[2])) > 20:
        return None
    if not match[1]:
        length = min(int(match[2]), size)
        if length == 0:
            raise refusal("InvalidRange")
        return size - length, length
    start = int(match[1])
    end = int(match[2]) if match[2] else size - 1
    if start >= size:
        raise refusal("InvalidRange")
    return None if end < start else (start, min(end, size - 1) - start + 1)
