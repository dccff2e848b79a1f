"""An account of blob storage as a linked service names it, and references to its blobs."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from restudio.blobs.connection_string import format_connection_string, parse_connection_string
from restudio.blobs.reference import BlobReference
from restudio.blobs.sas import make_sas
from restudio.core.errors import Kind, RestudioError

LEEWAY_S = 900
"""Signatures begin this long ago: clocks differ."""


@dataclass(frozen=True, slots=True, repr=False)
class BlobAccount:
    """Exactly one of ``connection_string`` (with a key) and ``sas`` is set, or neither for public containers.

    ``container`` is set when the address was that of a container. ``repr`` shows no secret.
    """

    name: str
    endpoint: str
    connection_string: str | None = None
    key: bytes | None = None
    sas: str = ""
    container: str = ""

    @classmethod
    def from_connection_string(cls, text: str) -> BlobAccount:
        found = parse_connection_string(text)
        kept = text if found.key is not None else None
        return cls(found.account, found.endpoint, kept, found.key, found.sas or "")

    @classmethod
    def from_address(cls, url: str, *, key: str | None = None, sas: str = "") -> BlobAccount:
        """From the address of an account or a container, with a signature in its query or beside it."""
        base, _, query = url.strip().partition("?")
        base = base.rstrip("/")
        try:
            split = urlsplit(base)
            good = split.scheme in ("http", "https") and bool(split.hostname) and split.port != 0
        except ValueError:
            good = False
        if not good:
            raise RestudioError(
                Kind.BAD_ARGUMENT,
                "InvalidBlobConnectionString",
                "Expected the address of an account or of a container over http or https.",
            )
        name, root, container = _divide(base)
        if key is not None:
            return cls.from_connection_string(format_connection_string(name, key, root))
        token = (sas or query).lstrip("?&")
        return cls(name, root, sas=f"?{token}" if token else "", container=container)

    def reference(self, path: str, *, escaped: bool = False) -> BlobReference:
        """A blob by ``container/name``, with what opens it; ``escaped`` for names that may hold a percent sign."""
        relative = path.lstrip("/").replace("%", "%25") if escaped else path.lstrip("/")
        if self.connection_string is not None:
            return BlobReference(connection_string=self.connection_string, relative_location=relative)
        return BlobReference(None, f"{self.endpoint}/", quote(relative, safe="/%"), self.sas or None)

    def signed(self, path: str, now: float, *, permissions: str = "r", lifetime_s: float = 86_400) -> BlobReference:
        """A blob with a signature of its own in the place of the account key; a given signature is passed on."""
        if self.key is None:
            return self.reference(path)
        container, _, name = path.lstrip("/").partition("/")
        token = make_sas(
            self.key,
            self.name,
            container,
            name,
            permissions=permissions,
            start=now - LEEWAY_S,
            expiry=now + lifetime_s,
        )
        return BlobReference(None, f"{self.endpoint}/", f"{container}/{quote(name)}", token)

    def __repr__(self) -> str:
        return f"BlobAccount({self.name!r}, {self.endpoint!r})"


def _divide(base: str) -> tuple[str, str, str]:
    """Account name, address of the account, and container, of an address of either.

    The account stands in the host (``acme.blob.core…``), or is the first segment after an address without it
    (an emulator), or follows ``/blob/`` (this product).
    """
    split = urlsplit(base)
    host = f"{split.scheme}://{split.netloc}"
    before, served, after = split.path.rpartition("/blob/")
    if served:
        account, _, container = after.partition("/")
        return account, f"{host}{before}/blob/{account}", container
    first, _, rest = split.path.lstrip("/").partition("/")
    if ".blob." in (split.hostname or ""):
        return (split.hostname or "").partition(".")[0], host, first
    return first, f"{host}/{first}", rest
