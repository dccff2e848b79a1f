"""Keys and tokens: how they look, and how they are kept."""

from __future__ import annotations

import base64
import secrets as randomness
import uuid
from dataclasses import dataclass, field

from restudio.seams.secrets import Secrets


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A key at rest: ``sealed`` to show it again to those who may see it, ``fingerprint`` to find it."""

    sealed: str = field(repr=False)
    fingerprint: str


def new_key() -> str:
    """An API key: 64 random bytes in base64, 88 characters."""
    return base64.b64encode(randomness.token_bytes(64)).decode()


def new_token() -> str:
    """A workspace token: 32 random hexadecimal digits."""
    return randomness.token_hex(16)


def new_client_id() -> str:
    """The id of a service principal, a GUID with dashes."""
    return str(uuid.uuid4())


def keep(secrets: Secrets, key: str) -> KeptKey:
    """What the database holds of a key."""
    return KeptKey(secrets.seal(key), secrets.fingerprint(key))
