"""``credentials.json`` of a home folder: what its server writes, and clients on the same machine read."""

from __future__ import annotations

import msgspec

FILE_NAME = "credentials.json"


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """Members of the file; all are secrets or lead to them."""

    url: str
    workspace_id: str
    workspace_name: str
    workspace_token: str
    owner: str
    owner_password: str
    subscription_id: str
    resource_group: str
    factory_name: str
    tenant_id: str
    client_id: str
    client_secret: str
    storage_connection_string: str

    def __repr__(self) -> str:
        return f"Credentials(url={self.url!r}, …)"
