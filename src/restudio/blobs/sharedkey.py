"""SharedKey: the signature of a request with an account key (pure).

HMAC-SHA256 over the verb, eleven standard headers, the sorted ``x-ms-*`` headers and the canonical resource.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from urllib.parse import unquote

from restudio.core.signing import sign

_SLOTS = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)

_Order = Callable[[str], object]


def _ordinal(name: str) -> object:
    return name


def _hyphens_last(name: str) -> object:
    # azure-storage-blob compares headers without their hyphens first; ordinal order differs for x-ms-meta-a-c and
    # x-ms-meta-ab.
    return name.replace("-", ""), name


def parse_query(raw: str) -> tuple[tuple[str, str], ...]:
    """Decoded names and values in order. A ``+`` stays a plus: storage clients escape blanks as ``%20``."""
    parts = (part.partition("=") for part in raw.split("&") if part)
    return tuple((unquote(name), unquote(value)) for name, _, value in parts)


def string_to_sign(
    method: str,
    headers: Mapping[str, str],
    resource: str,
    query: Sequence[tuple[str, str]],
    *,
    order: _Order = _ordinal,
) -> str:
    """What is signed. ``headers`` have lower-case names; ``resource`` is ``/account/path`` as sent (still escaped)."""
    slots = ["" if name == "content-length" and headers.get(name) == "0" else headers.get(name, "") for name in _SLOTS]
    if "x-ms-date" in headers:
        slots[_SLOTS.index("date")] = ""
    special = sorted((name for name in headers if name.startswith("x-ms-")), key=order)  # type: ignore[arg-type]  # a key of mixed parts that compare
    lines = [method.upper(), *slots, *(f"{name}:{headers[name]}" for name in special)]
    return "\n".join(lines) + "\n" + resource + _canonical_query(query)


def _canonical_query(query: Sequence[tuple[str, str]]) -> str:
    values: dict[str, list[str]] = {}
    for name, value in query:
        values.setdefault(name.lower(), []).append(value)
    return "".join(f"\n{name}:{','.join(sorted(values[name]))}" for name in sorted(values))


def authorization(
    account: str,
    key: bytes,
    method: str,
    headers: Mapping[str, str],
    path: str,
    query: Sequence[tuple[str, str]] = (),
) -> str:
    """The ``Authorization`` header for a request to ``path`` (escaped, as it is sent)."""
    return f"SharedKey {account}:{sign(key, string_to_sign(method, headers, f'/{account}{path}', query))}"


def is_signed(
    key: bytes,
    signature: str,
    method: str,
    headers: Mapping[str, str],
    resources: Iterable[str],
    query: Sequence[tuple[str, str]],
) -> bool:
    """Whether a request carries the right signature.

    ``resources`` are the acceptable canonical resources: the path as sent, and the path as the client saw it before a
    proxy or an adapter rewrote the address. Every candidate is compared in constant time.
    """
    good = False
    for resource in resources:
        for order in (_ordinal, _hyphens_last):
            expected = sign(key, string_to_sign(method, headers, resource, query, order=order))
            good |= hmac.compare_digest(expected.encode(), signature.encode())
    return good
