"""Blob references as clients of the web services write them: four members, or a plain HTTP(S) address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urlsplit

from restudio.blobs.connection_string import parse_connection_string
from restudio.blobs.sas import redact
from restudio.core.errors import Kind, RestudioError

_MEMBERS = {
    "connectionstring": "connection_string",
    "baselocation": "base_location",
    "relativelocation": "relative_location",
    "sasblobtoken": "sas_token",
}
# Escapes stay as they are: clients send back names that came escaped in a result.
_SAFE = "/%+:@!$&'()*,;=~"


def _bad(detail: str, message: str, target: str | None = None) -> RestudioError:
    return RestudioError(Kind.BAD_ARGUMENT, detail, message, target=target)


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """Where a reference leads. ``url`` carries no secret; ``sas`` begins with a question mark or is empty.

    ``account`` and ``key`` are set for connection strings with an account key; ``is_derived`` says that the host was
    made from the account name.
    """

    url: str
    sas: str = ""
    account: str | None = None
    key: bytes | None = None
    is_derived: bool = False

    def __repr__(self) -> str:
        return f"Address({redact(self.url)!r})"


@dataclass(frozen=True, slots=True, repr=False)
class BlobReference:
    """``connection_string`` + ``relative_location``, or ``base_location`` + ``relative_location`` + ``sas_token``.

    A base location alone is a plain address. ``repr`` shows no secret.
    """

    connection_string: str | None = None
    base_location: str | None = None
    relative_location: str | None = None
    sas_token: str | None = None

    @classmethod
    def from_json(cls, value: object, *, target: str) -> BlobReference:
        """Read a reference of a request; ``target`` names its place in errors. Unknown members are ignored."""
        if isinstance(value, str):
            return cls.from_url(value)
        if not isinstance(value, Mapping):
            raise _bad("RequestBodyInvalid", f"{target} must be a blob reference object.", target)
        members: dict[str, str | None] = {}
        for name, member in value.items():
            field = _MEMBERS.get(str(name).casefold())
            if field is None:
                continue
            if member is not None and not isinstance(member, str):
                raise _bad("RequestBodyInvalid", f"{name} of {target} must be a text or null.", target)
            members[field] = member.strip() or None if member else None
        reference = cls(**members)
        reference.check(target)
        return reference

    @classmethod
    def from_url(cls, url: str) -> BlobReference:
        """A plain address; a signature in its query is kept apart."""
        base, question, token = url.strip().partition("?")
        reference = cls(base_location=base, sas_token=question + token if token else None)
        reference.check("the address")
        return reference

    def check(self, target: str) -> None:
        """Refuse a reference that names no place, with the documented codes."""
        if self.connection_string is None and self.base_location is None:
            if self.relative_location is not None and self.relative_location.startswith(("http://", "https://")):
                return
            raise _bad(
                "MissingInputBlobInformation",
                f"{target} needs ConnectionString and RelativeLocation, or BaseLocation, RelativeLocation and "
                "SasBlobToken, or the address of a file.",
                target,
            )
        if self.connection_string is not None:
            parse_connection_string(self.connection_string)
            container, slash, blob = (self.relative_location or "").lstrip("/").partition("/")
            if not (container and slash and blob):
                raise _bad(
                    "InputBlobRelativeLocationInvalid",
                    f"RelativeLocation of {target} must have the form container/blob, got "
                    f"'{(self.relative_location or '')[:200]}'.",
                    target,
                )

    def address(self) -> Address:
        """The full address: exactly one slash between base and relative location, then the signature."""
        if self.connection_string is not None:
            found = parse_connection_string(self.connection_string)
            relative = quote((self.relative_location or "").lstrip("/"), safe=_SAFE)
            return Address(
                f"{found.endpoint}/{relative}", found.sas or "", found.account, found.key, not found.is_explicit
            )
        url = self.base_location or ""
        if self.relative_location:
            url = f"{url.rstrip('/')}/{self.relative_location.lstrip('/')}" if url else self.relative_location
        base, _, query = url.partition("?")
        token = (self.sas_token or query).lstrip("?&")
        _ensure_http(base)
        return Address(_quoted(base), f"?{token}" if token else "")

    @property
    def shown(self) -> str:
        """Container and blob, or the path of an address: for messages."""
        if self.relative_location and not self.relative_location.startswith(("http://", "https://")):
            return self.relative_location.lstrip("/").partition("?")[0]
        return redact((self.base_location or self.relative_location or "").partition("?")[0])

    @property
    def extension(self) -> str:
        """Lower-case extension with its dot, or nothing."""
        return PurePosixPath(unquote(self.shown)).suffix.lower()

    def to_json(self) -> dict[str, str | None]:
        """The four members as the service writes them."""
        return {
            "ConnectionString": self.connection_string,
            "RelativeLocation": self.relative_location,
            "BaseLocation": self.base_location,
            "SasBlobToken": self.sas_token,
        }

    def __repr__(self) -> str:
        return f"BlobReference({self.shown!r})"


def _quoted(url: str) -> str:
    """A URL without query with what needs it escaped; brackets stay only around an IPv6 address."""
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return scheme + mark + quote(host, safe=_SAFE + "[]") + slash + quote(path, safe=_SAFE)


def _ensure_http(url: str) -> None:
    try:
        split = urlsplit(url)
        good = split.scheme in ("http", "https") and bool(split.hostname) and split.port != 0
    except ValueError:
        good = False
    if not good or any(ord(c) < 33 and c != " " for c in url):
        raise _bad("InvalidBlob", f"'{redact(url)[:200]}' is not a valid http or https address of a blob.")
