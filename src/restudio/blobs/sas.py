"""Service shared access signatures for a blob or a container (pure): make, read, verify, redact.

Only layouts of version 2020-12-06 and later are known. Stored access policies (``si``), snapshots and versions are
refused: this service has none.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from restudio.blobs.failures import refusal
from restudio.blobs.sharedkey import parse_query
from restudio.core.signing import sign

VERSION = "2021-12-02"
"""Signed version of tokens made here."""
OLDEST = "2020-12-06"
START_SKEW_S = 300.0
"""How far ahead of ours the clock of the signer may be. The expiry is exact."""

_OVERRIDES = ("rscc", "rscd", "rsce", "rscl", "rsct")
_SIGNED = ("si", "sip", "spr", "sv", "sr", "snapshot", "ses", *_OVERRIDES)
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_FORMATS = ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%d")
_FRACTION = re.compile(r"(\.\d{6})\d+Z\Z")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as far as a signature cares: what it touches, which permissions would do (any of ``letters``)."""

    account: str
    container: str
    blob: str | None
    letters: str
    now: float
    client: str | None = None
    is_https: bool = False
    raw_path: str | None = None
    """The path as sent: clients that meet an address without the account in its host sign ``/blob`` before it."""


def is_sas(query: Mapping[str, str]) -> bool:
    """Whether a query carries a signature at all."""
    return "sig" in query


def parse_sas(token: str) -> dict[str, str]:
    """The fields of a token, with or without its leading question mark."""
    return dict(parse_query(token.lstrip("?")))


def format_time(at: float) -> str:
    """Epoch seconds as tokens write them.

    >>> format_time(0)
    '1970-01-01T00:00:00Z'
    """
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str) -> float | None:
    """Epoch seconds of a time in one of the ISO forms that tokens use; ``None`` for anything else."""
    shortened = _FRACTION.sub(r"\1Z", text)
    for form in _FORMATS:
        try:
            return datetime.strptime(shortened, form).replace(tzinfo=UTC).timestamp()
        except (ValueError, OverflowError):
            continue
    return None


def canonical_name(account: str, container: str, blob: str | None) -> str:
    """The name of a blob, or of a container when ``blob`` is None, as signatures see it."""
    return f"/blob/{account}/{container}" + ("" if blob is None else f"/{blob}")


def signature(key: bytes, fields: Mapping[str, str], name: str) -> str:
    """The signature of the fields for a canonical name."""
    lines = [fields.get("sp", ""), fields.get("st", ""), fields.get("se", ""), name]
    return sign(key, "\n".join([*lines, *(fields.get(field, "") for field in _SIGNED)]))


def make_sas(
    key: bytes, account: str, container: str, blob: str | None, *, permissions: str, start: float, expiry: float
) -> str:
    """A token as a query string with its leading question mark."""
    fields = {
        "sv": VERSION,
        "st": format_time(start),
        "se": format_time(expiry),
        "sr": "c" if blob is None else "b",
        "sp": permissions,
    }
    return "?" + urlencode({**fields, "sig": signature(key, fields, canonical_name(account, container, blob))})


def ensure_sas(key: bytes, fields: Mapping[str, str], asked: Asked) -> str:
    """Permissions granted by a token, when it covers the request; else the refusal that storage would give."""
    version, resource = fields.get("sv", ""), fields.get("sr", "")
    if _VERSION.match(version) is None or version < OLDEST:
        raise refusal("AuthenticationFailed", f"The signed version sv={version[:20]!r} must be {OLDEST} or later.")
    if resource not in ("b", "c") or (resource == "b" and asked.blob is None):
        raise refusal("AuthenticationFailed", f"A signature with sr={resource[:8]!r} does not cover this resource.")
    names = [canonical_name(asked.account, asked.container, asked.blob if resource == "b" else None)]
    if resource == "b" and asked.raw_path is not None:
        names.append(f"/blob{asked.raw_path}")
    given = fields.get("sig", "").encode()
    if not any(hmac.compare_digest(signature(key, fields, name).encode(), given) for name in names):
        raise refusal("AuthenticationFailed", "Signature did not match.")
    if fields.get("si") or fields.get("snapshot"):
        raise refusal("AuthenticationFailed", "Stored access policies and snapshots are not kept here.")
    _ensure_time(fields, asked.now)
    _ensure_origin(fields, asked)
    granted = fields.get("sp", "")
    if not set(granted) & set(asked.letters):
        raise refusal(
            "AuthorizationPermissionMismatch", f"It needs one of '{asked.letters}', the signature grants '{granted}'."
        )
    return granted


def _ensure_time(fields: Mapping[str, str], now: float) -> None:
    start, expiry = fields.get("st", ""), fields.get("se", "")
    begins, ends = parse_time(start) if start else None, parse_time(expiry)
    if ends is None or (start and begins is None):
        raise refusal("AuthenticationFailed", "The signed start (st) and expiry (se) must be ISO 8601 UTC times.")
    if now >= ends:
        raise refusal(
            "AuthenticationFailed",
            f"Signature not valid in the specified time frame: it expired at {format_time(ends)}, "
            f"now it is {format_time(now)}.",
        )
    if begins is not None and now + START_SKEW_S < begins:
        raise refusal(
            "AuthenticationFailed",
            f"Signature not valid in the specified time frame: it starts at {format_time(begins)}, "
            f"now it is {format_time(now)}.",
        )


def _ensure_origin(fields: Mapping[str, str], asked: Asked) -> None:
    protocols = fields.get("spr")
    if protocols and not asked.is_https and "http" not in protocols.split(","):
        raise refusal("AuthorizationProtocolMismatch")
    addresses = fields.get("sip")
    if addresses and not _is_within(addresses, asked.client):
        raise refusal("AuthorizationSourceIPMismatch")


def _is_within(addresses: str, client: str | None) -> bool:
    low, _, high = addresses.partition("-")
    try:
        at = ipaddress.ip_address(client or "")
        first, last = ipaddress.ip_address(low), ipaddress.ip_address(high or low)
    except ValueError:
        return False
    if not at.version == first.version == last.version:
        return False
    return int(first) <= int(at) <= int(last)


_SECRET_QUERY = re.compile(r"([?&;](?:sig|code|token|key|password)=)[^&;\s\"']*", re.IGNORECASE)
_SECRET_PART = re.compile(r"((?:AccountKey|SharedAccessSignature)=)[^;\s\"']*", re.IGNORECASE)
_SECRET_USER = re.compile(r"(https?://)[^/@\s]*@", re.IGNORECASE)


def redact(text: str) -> str:
    """Text with signatures, account keys and passwords in addresses blanked out, for errors and logs.

    >>> redact("http://u:p@h/c/b?sv=1&sig=abc%3D&sp=r")
    'http://…@h/c/b?sv=1&sig=…&sp=r'
    """
    blanked = _SECRET_PART.sub(r"\1…", _SECRET_QUERY.sub(r"\1…", text))
    return _SECRET_USER.sub(r"\1…@", blanked)
