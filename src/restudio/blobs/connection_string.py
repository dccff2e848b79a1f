"""Storage connection strings: ``Name=value;…``."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from restudio.blobs.rules import is_account_name
from restudio.core.errors import Kind, RestudioError
from restudio.core.signing import decode_key


@dataclass(frozen=True, slots=True, repr=False)
class ConnectionString:
    """An account and how to reach it. Exactly one of ``key`` and ``sas`` is set; ``repr`` shows neither.

    ``endpoint`` is the root of the blob service without a trailing slash. ``is_explicit`` is False when it was derived
    from the account name.
    """

    account: str
    endpoint: str
    key: bytes | None = None
    sas: str | None = None
    is_explicit: bool = True

    def __repr__(self) -> str:
        return f"ConnectionString(account={self.account!r}, endpoint={self.endpoint!r})"


def _invalid(because: str) -> RestudioError:
    return RestudioError(
        Kind.BAD_ARGUMENT,
        "InvalidBlobConnectionString",
        f"The blob connection string is not valid: {because}. Expected the form "
        "DefaultEndpointsProtocol=https;AccountName=…;AccountKey=… or BlobEndpoint=…;AccountName=…;AccountKey=….",
        target="ConnectionString",
    )


def parse_connection_string(text: str) -> ConnectionString:
    """Read a connection string; ``InvalidBlobConnectionString`` says which part is wrong, without showing values."""
    parts: dict[str, str] = {}
    for piece in text.split(";"):
        if not piece.strip():
            continue
        name, equals, value = piece.partition("=")
        if not equals:
            raise _invalid("every part must be a name, '=' and a value")
        parts[name.strip().casefold()] = value.strip()
    if parts.get("usedevelopmentstorage", "").casefold() == "true":
        raise _invalid("UseDevelopmentStorage is not available here; write BlobEndpoint, AccountName and AccountKey")
    endpoint = parts.get("blobendpoint", "").rstrip("/")
    account = parts.get("accountname", "") or (_account_of(endpoint) if endpoint else "")
    if not account or not is_account_name(account):
        raise _invalid("AccountName is missing" if not account else "AccountName must be 3 to 24 letters and digits")
    explicit = bool(endpoint)
    if not explicit:
        protocol = parts.get("defaultendpointsprotocol", "https").casefold()
        suffix = parts.get("endpointsuffix", "core.windows.net").strip("/")
        endpoint = f"{protocol}://{account}.blob.{suffix}"
    try:
        split = urlsplit(endpoint)
        reachable = split.scheme in ("http", "https") and bool(split.hostname) and split.port != 0
    except ValueError:
        reachable = False
    if not reachable:
        raise _invalid("BlobEndpoint must be an http or https address")
    return ConnectionString(account, endpoint, *_credential(parts), explicit)


def _credential(parts: dict[str, str]) -> tuple[bytes | None, str | None]:
    key, sas = parts.get("accountkey"), parts.get("sharedaccesssignature")
    if sas:
        return None, "?" + sas.lstrip("?")
    if not key:
        raise _invalid("AccountKey is missing")
    try:
        return decode_key(key), None
    except ValueError:
        raise _invalid("AccountKey is not Base64") from None


def _account_of(endpoint: str) -> str:
    try:
        split = urlsplit(endpoint)
    except ValueError:
        return ""
    last = split.path.rstrip("/").rpartition("/")[2]
    return last or (split.hostname or "").partition(".")[0]


def format_connection_string(account: str, key: str, endpoint: str) -> str:
    """The text for an account served under ``endpoint``; Azure's clients read it.

    >>> format_connection_string("acme", "a2V5", "http://localhost:8000/blob/acme")
    'DefaultEndpointsProtocol=http;AccountName=acme;AccountKey=a2V5;BlobEndpoint=http://localhost:8000/blob/acme;'
    """
    protocol = endpoint.partition(":")[0]
    return f"DefaultEndpointsProtocol={protocol};AccountName={account};AccountKey={key};BlobEndpoint={endpoint};"
