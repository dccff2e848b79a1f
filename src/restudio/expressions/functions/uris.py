"""Parts of an absolute address: understood by the engine, though not on Data Factory's list."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from restudio.expressions.declaration import STRING, function, parameter
from restudio.expressions.errors import ExpressionError, shorten

_PORTS = {"http": 80, "https": 443, "ftp": 21, "ws": 80, "wss": 443}


def _split(uri: str, name: str) -> tuple[SplitResult, int]:
    """The parts, and the port; -1 when the scheme has none."""
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), None
    if not parts.scheme or not (parts.netloc or parts.path):
        raise ExpressionError(
            f"The template language function '{name}' expects its parameter to be an absolute URI, such as"
            f" 'https://host/path'. The provided value is '{shorten(uri)}'."
        )
    return parts, _PORTS.get(parts.scheme, -1) if port is None else port


@function("uriScheme", parameter("uri", STRING), extra=True)
def uri_scheme(uri: str) -> str:
    """`https` of `https://host:8080/path?query`."""
    return _split(uri, "uriScheme")[0].scheme


@function("uriHost", parameter("uri", STRING), extra=True)
def uri_host(uri: str) -> str:
    """`host` of `https://host:8080/path?query`."""
    return _split(uri, "uriHost")[0].hostname or ""


@function("uriPort", parameter("uri", STRING), extra=True)
def uri_port(uri: str) -> int:
    """`8080` of `https://host:8080/path?query`; that of the scheme when it is not written, -1 when there is none."""
    return _split(uri, "uriPort")[1]


@function("uriPath", parameter("uri", STRING), extra=True)
def uri_path(uri: str) -> str:
    """`/path` of `https://host:8080/path?query`."""
    parts, _ = _split(uri, "uriPath")
    return parts.path or "/"


@function("uriQuery", parameter("uri", STRING), extra=True)
def uri_query(uri: str) -> str:
    """`?query` of `https://host:8080/path?query`."""
    query = _split(uri, "uriQuery")[0].query
    return f"?{query}" if query else ""


@function("uriPathAndQuery", parameter("uri", STRING), extra=True)
def uri_path_and_query(uri: str) -> str:
    """`/path?query` of `https://host:8080/path?query`."""
    parts, _ = _split(uri, "uriPathAndQuery")
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
