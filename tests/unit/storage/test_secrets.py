from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restudio.storage.secrets import MasterKeySecrets, load_or_create_key

SECRETS = MasterKeySecrets(bytes(32))
OTHER = MasterKeySecrets(bytes([1]) * 32)


@given(st.text(st.characters(codec="utf-8")))
def test_what_is_sealed_can_be_opened(plain: str) -> None:
    sealed = SECRETS.seal(plain)
    assert SECRETS.open(sealed) == plain
    assert sealed != SECRETS.seal(plain)


def test_only_our_own_seals_are_opened() -> None:
    sealed = SECRETS.seal("key")
    middle = len(sealed) // 2
    damaged = sealed[:middle] + ("A" if sealed[middle] != "A" else "B") + sealed[middle + 1 :]
    for text in (damaged, sealed[3:], "v1.", "v1.????", "", "v1.ü", OTHER.seal("key")):
        with pytest.raises(ValueError, match="seal"):
            SECRETS.open(text)


def test_fingerprints_and_signatures_depend_on_the_master_key() -> None:
    assert SECRETS.fingerprint("k") == MasterKeySecrets(bytes(32)).fingerprint("k") != OTHER.fingerprint("k")
    assert SECRETS.sign(b"k") == MasterKeySecrets(bytes(32)).sign(b"k") != OTHER.sign(b"k")
    assert SECRETS.sign(b"k").hex() != SECRETS.fingerprint("k")


def test_a_master_key_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        MasterKeySecrets(b"short")


def test_the_key_file_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "home" / "master.key"
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(load_or_create_key(path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["master.key"]


@pytest.mark.parametrize("text", ["", "zz", "00" * 31])
def test_a_damaged_key_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "master.key"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"master\.key"):
        load_or_create_key(path)
