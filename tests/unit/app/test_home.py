from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from tests.databases import make_sqlite

from restudio.app.home import prepare_home
from restudio.blobs.service import BlobService
from restudio.client.credentials import read_credentials
from restudio.core.credentials import Credentials
from restudio.core.errors import RestudioError
from restudio.identity.service import IdentityService
from restudio.storage.clock import SystemClock
from restudio.storage.objects import MemoryObjects
from restudio.storage.secrets import MasterKeySecrets


class House:
    """What a server has before it prepares its home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.db = make_sqlite(home / "restudio.sqlite")
        secrets, clock = MasterKeySecrets(b"k" * 32), SystemClock()
        self.identity = IdentityService(self.db, secrets, clock)
        self.blobs = BlobService(self.db, MemoryObjects(), secrets, clock, "http://here:1")

    def prepare(self, url: str = "http://here:1") -> Credentials:
        return prepare_home(self.home, url, "local", self.identity, self.blobs)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_new_home_gets_a_workspace_an_owner_and_a_private_file(house: House) -> None:
    made = house.prepare()
    path = house.home / "credentials.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(json.loads(path.read_text())) == set(Credentials.__struct_fields__)
    assert read_credentials(house.home) == made
    assert made.owner_password not in repr(made)
    assert house.identity.authenticate_workspace(made.workspace_id, made.workspace_token).workspace_id
    owner = house.identity.authenticate_user(made.owner, made.owner_password)
    assert house.identity.act_in(owner, made.workspace_id).roles == {"owner"}
    assert house.identity.issue_access_token(
        made.tenant_id, made.client_id, made.client_secret, audience="a", issuer="i"
    ).text
    assert "BlobEndpoint=http://here:1/blob/" in made.storage_connection_string


def test_a_restart_keeps_everything_but_the_url(house: House) -> None:
    first = house.prepare()
    second = house.prepare("http://there:2")
    assert second.url == "http://there:2"
    assert second.owner_password == first.owner_password
    assert second.client_secret == first.client_secret
    assert second.workspace_token == first.workspace_token


def test_a_lost_file_is_made_again_with_a_new_password(house: House) -> None:
    first = house.prepare()
    (house.home / "credentials.json").write_text("{broken")
    second = house.prepare()
    assert second.workspace_id == first.workspace_id
    assert house.identity.authenticate_user(second.owner, second.owner_password)
    with pytest.raises(RestudioError, match="password is wrong"):
        house.identity.authenticate_user(first.owner, first.owner_password)


def test_credentials_never_show_in_a_repr(house: House) -> None:
    assert house.prepare().workspace_token not in repr(house.prepare())
