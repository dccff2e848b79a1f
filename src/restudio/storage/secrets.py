"""Secrets under one master key: AES-256-GCM sealing, keyed fingerprints and signatures.

Each use has its own key, derived from the master key with HKDF, so that a signature can never stand for a fingerprint.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = "v1."
_KEY_BYTES = 32
_NONCE_BYTES = 12


class MasterKeySecrets:
    """All secrets of an installation hang on ``key`` (32 random bytes); losing it loses what was sealed."""

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY_BYTES:
            raise ValueError(f"a master key has {_KEY_BYTES} bytes, got {len(key)}")
        self._cipher = AESGCM(_derive(key, b"seal"))
        self._fingerprint_key = _derive(key, b"fingerprint")
        self._sign_key = _derive(key, b"sign")

    def seal(self, plain: str) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, plain.encode(), _VERSION.encode())
        return _VERSION + base64.urlsafe_b64encode(sealed).decode()

    def open(self, sealed: str) -> str:
        if not sealed.startswith(_VERSION):
            raise ValueError("not a sealed text: its version mark is missing")
        try:
            data = base64.b64decode(sealed[len(_VERSION) :], altchars=b"-_", validate=True)
            plain = self._cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], _VERSION.encode())
        except (InvalidTag, binascii.Error, ValueError) as error:
            raise ValueError("the sealed text was damaged or sealed under another master key") from error
        return plain.decode()

    def fingerprint(self, plain: str) -> str:
        return hmac.new(self._fingerprint_key, plain.encode(), hashlib.sha256).hexdigest()

    def sign(self, message: bytes) -> bytes:
        return hmac.new(self._sign_key, message, hashlib.sha256).digest()


def load_or_create_key(path: Path) -> bytes:
    """The master key kept in ``path`` as hexadecimal text; a fresh one is written there, mode 0600, when it is missing.

    Processes that start together on one home folder agree on one key.
    """
    if not path.exists():
        _create_key(path)
    try:
        key = bytes.fromhex(path.read_text().strip())
    except ValueError as error:
        raise ValueError(
            f"'{path.name}' must hold {2 * _KEY_BYTES} hexadecimal digits; restore it from a backup"
        ) from error
    if len(key) != _KEY_BYTES:
        raise ValueError(f"'{path.name}' must hold {2 * _KEY_BYTES} hexadecimal digits, it has {2 * len(key)}")
    return key


def _create_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp gives mode 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(os.urandom(_KEY_BYTES).hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A link, not a rename: of several processes the first wins and the others read its key.
        os.link(temporary, path)
    except FileExistsError:
        return
    finally:
        Path(temporary).unlink()


def _derive(key: bytes, use: bytes) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"restudio/" + use).derive(key)


if TYPE_CHECKING:
    from restudio.seams.secrets import Secrets

    _fits: Secrets = MasterKeySecrets(b"")
