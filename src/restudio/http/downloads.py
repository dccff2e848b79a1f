"""Addresses of asset contents that need no header: signed, and valid for a day."""

from __future__ import annotations

import base64
import hmac
from urllib.parse import urlencode

from restudio.core.errors import Kind, RestudioError
from restudio.seams.clock import Clock
from restudio.seams.secrets import Secrets

LIFETIME_S = 86_400


class Downloads:
    """Signs and verifies. The credential opens one asset, its content and its schema, for reading."""

    def __init__(self, secrets: Secrets, clock: Clock) -> None:
        self._secrets = secrets
        self._clock = clock

    def credential(self, asset_id: str) -> str:
        """The query string to append, ``?`` included."""
        expires = int(self._clock.now().timestamp()) + LIFETIME_S
        return "?" + urlencode({"se": expires, "sig": self._signature(asset_id, str(expires))})

    def ensure_allowed(self, asset_id: str, expires: str, signature: str) -> None:
        """Raises ``DownloadUnauthorized`` for a credential that is not ours, or that has expired."""
        if not hmac.compare_digest(self._signature(asset_id, expires).encode(), signature.encode()):
            raise RestudioError(
                Kind.UNAUTHORIZED, "DownloadUnauthorized", "The address is not signed for this; copy it whole."
            )
        if int(expires) < self._clock.now().timestamp():
            raise RestudioError(
                Kind.UNAUTHORIZED, "DownloadUnauthorized", "The address has expired; ask for the dataset again."
            )

    def _signature(self, asset_id: str, expires: str) -> str:
        digest = self._secrets.sign(f"download\n{asset_id}\n{expires}".encode())
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
