"""Storage accounts: names, sealed keys, addresses, and signatures made with them."""

from __future__ import annotations

import base64
import hmac
import secrets as random
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa

from restudio.blobs.connection_string import format_connection_string
from restudio.blobs.failures import refusal
from restudio.blobs.rules import is_account_name
from restudio.blobs.sas import make_sas
from restudio.blobs.tables import accounts
from restudio.blobs.types import BlobPath
from restudio.core.errors import Kind, RestudioError
from restudio.core.signing import decode_key
from restudio.identity import audit
from restudio.identity.types import SYSTEM, Principal
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.seams.secrets import Secrets

START_LEEWAY_S = 900
"""Tokens begin this long ago, so that a reader whose clock is behind can use them at once."""


class Accounts:
    """Thread-safe. ``base_url`` is the public base URL of the server; accounts are served below ``/blob/{name}``."""

    def __init__(self, db: Database, secrets: Secrets, clock: Clock, base_url: str) -> None:
        self._db = db
        self._secrets = secrets
        self._clock = clock
        self._base_url = base_url.rstrip("/")

    def create(self, name: str, workspace_id: str | None = None) -> None:
        """A new account with a fresh key. ``AccountAlreadyExists`` when the name is taken."""
        if not is_account_name(name):
            raise RestudioError(
                Kind.BAD_ARGUMENT,
                "InvalidResourceName",
                f"An account name has 3 to 24 lower-case letters and digits, got '{name[:40]}'.",
                target=name[:40],
            )
        if not self._insert(name, workspace_id):
            raise RestudioError(
                Kind.CONFLICT, "AccountAlreadyExists", f"There is a storage account '{name}' already.", target=name
            )

    def ensure_default(self, workspace_id: str) -> str:
        """Name of the workspace's default account, made when it is missing. The name follows from the workspace id."""
        name = f"ws{workspace_id[:22]}"
        if self._find(name) is None:
            self._insert(name, workspace_id)
        return name

    def exists(self, name: str) -> bool:
        return self._find(name) is not None

    def workspace_of(self, name: str) -> str | None:
        """The workspace that owns an account; ``None`` when nobody does or there is no such account."""
        row = self._find(name)
        return None if row is None else row.workspace_id

    def key(self, name: str) -> bytes:
        """The key of an account. An unknown account is refused as a wrong key is."""
        return decode_key(self._key_text(name))

    def has_key(self, name: str, key: bytes) -> bool:
        """Whether this is the key of that account; False for an unknown account."""
        row = self._find(name)
        return row is not None and hmac.compare_digest(decode_key(self._secrets.open(row.sealed_key)), key)

    def renew_key(self, name: str, *, by: Principal = SYSTEM) -> None:
        """Replace the key; everything signed with the former one stops to work."""
        workspace = self.workspace_of(name)
        with self._db.begin() as conn:
            conn.execute(accounts.update().where(accounts.c.name == name).values(sealed_key=self._new_key()))
            now, resource = self._clock.now().timestamp(), f"storage account:{name}"
            audit.record(conn, now, by, "renew storage key", resource, {}, workspace_id=workspace)

    def endpoint(self, name: str) -> str:
        """Root of an account, without a trailing slash."""
        return f"{self._base_url}/blob/{name}"

    def url(self, path: BlobPath) -> str:
        return f"{self.endpoint(path.account)}/{path.relative}"

    def connection_string(self, name: str) -> str:
        return format_connection_string(name, self._key_text(name), self.endpoint(name))

    def sas(
        self, account: str, container: str, blob: str | None, permissions: str = "r", lifetime_s: float = 86400
    ) -> str:
        """A token for a blob, or for a container when ``blob`` is None, with its leading question mark."""
        now = self._clock.now().timestamp()
        key = self.key(account)
        return make_sas(
            key,
            account,
            container,
            blob,
            permissions=permissions,
            start=now - START_LEEWAY_S,
            expiry=now + lifetime_s,
        )

    def locate(self, url: str) -> BlobPath | None:
        """The blob that an address of ours names; ``None`` for any other address.

        Ours is what stands under the base URL, and every address of an account of ours: results are kept by callers
        while the server moves to another port or behind another name. Key or signature are checked in any case.
        """
        try:
            own, asked = urlsplit(self._base_url), urlsplit(url)
            same = (own.hostname, _port(own.scheme, own.port)) == (asked.hostname, _port(asked.scheme, asked.port))
        except ValueError:
            return None
        base, _, rest = asked.path.partition("/blob/")
        account, _, rest = rest.lstrip("/").partition("/")
        if not account or not ((same and base == own.path.rstrip("/")) or self._find(unquote(account)) is not None):
            return None
        container, _, name = rest.lstrip("/").partition("/")
        return BlobPath(unquote(account), unquote(container), unquote(name))

    def _find(self, name: str) -> sa.Row[tuple[object, ...]] | None:
        with self._db.read() as conn:
            return conn.execute(sa.select(accounts).where(accounts.c.name == name)).one_or_none()

    def _key_text(self, name: str) -> str:
        row = self._find(name)
        if row is None:
            raise refusal("AuthenticationFailed", target=name[:40])
        return self._secrets.open(row.sealed_key)

    def _new_key(self) -> str:
        return self._secrets.seal(base64.b64encode(random.token_bytes(64)).decode())

    def _insert(self, name: str, workspace_id: str | None) -> bool:
        with self._db.begin() as conn:
            if conn.scalar(sa.select(accounts.c.name).where(accounts.c.name == name)) is not None:
                return False
            conn.execute(
                accounts.insert().values(
                    name=name,
                    workspace_id=workspace_id,
                    sealed_key=self._new_key(),
                    created=self._clock.now().timestamp(),
                )
            )
            return True


def _port(scheme: str, port: int | None) -> int | None:
    return port if port is not None else {"http": 80, "https": 443}.get(scheme)
