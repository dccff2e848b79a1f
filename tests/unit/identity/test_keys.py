from __future__ import annotations

import base64

from restudio.core.ids import is_id
from restudio.identity import keys
from restudio.storage.secrets import MasterKeySecrets


def test_keys_look_as_clients_know_them() -> None:
    assert len(keys.new_key()) == 88
    assert len(base64.b64decode(keys.new_key(), validate=True)) == 64
    assert is_id(keys.new_token())
    assert len({keys.new_key() for _ in range(100)}) == 100


def test_a_kept_key_is_found_and_shown_but_not_readable(secrets: MasterKeySecrets) -> None:
    key = keys.new_key()
    kept = keys.keep(secrets, key)
    assert kept.fingerprint == secrets.fingerprint(key)
    assert secrets.open(kept.sealed) == key
    assert key not in repr(kept)
    assert kept.sealed not in repr(kept)
