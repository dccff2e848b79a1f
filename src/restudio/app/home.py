"""The home folder: a new one gets a workspace and an owner; ``credentials.json`` tells clients how to come in."""

from __future__ import annotations

import os
import secrets as randomness
import uuid
from pathlib import Path

import msgspec

from restudio.blobs.service import BlobService
from restudio.core.credentials import FILE_NAME, Credentials
from restudio.core.decoding import decode_json
from restudio.identity.service import IdentityService
from restudio.identity.types import Role, Workspace

OWNER = "owner@restudio.local"
WORKSPACE_NAME = "Workspace"
RESOURCE_GROUP = "restudio"
FACTORY_NAME = "restudio-factory"


def prepare_home(home: Path, url: str, region: str, identity: IdentityService, blobs: BlobService) -> Credentials:
    """Make the first workspace if there is none, and write the credentials file with what is true now.

    What the file held and only it knows (password, client secret) is kept; when the file was lost, both are renewed.
    """
    home.mkdir(parents=True, exist_ok=True)
    known = _read(home / FILE_NAME)
    workspaces: dict[str, Workspace] = {workspace.id: workspace for workspace in identity.list_workspaces()}
    if known is not None and known.workspace_id in workspaces:
        workspace = workspaces[known.workspace_id]
    else:
        known = None
        workspace = next(iter(workspaces.values()), None) or _first_workspace(identity, region)
    kept = known or _new_access(identity, workspace)
    account = blobs.accounts.ensure_default(workspace.id)
    credentials = Credentials(
        url=url,
        workspace_id=workspace.id,
        workspace_name=workspace.name,
        workspace_token=identity.tokens(workspace.id).primary,
        owner=kept.owner,
        owner_password=kept.owner_password,
        subscription_id=kept.subscription_id,
        resource_group=RESOURCE_GROUP,
        factory_name=FACTORY_NAME,
        tenant_id=kept.tenant_id,
        client_id=kept.client_id,
        client_secret=kept.client_secret,
        storage_connection_string=blobs.accounts.connection_string(account),
    )
    _write(home / FILE_NAME, credentials)
    return credentials


def refresh_home(home: Path, url: str, region: str, identity: IdentityService, blobs: BlobService) -> None:
    """Write the credentials file anew after a change of what it holds. One that the operator took away stays away."""
    if (home / FILE_NAME).exists():
        prepare_home(home, url, region, identity, blobs)


class _Access(msgspec.Struct, frozen=True):
    """The part of the file that the database does not give back."""

    workspace_id: str
    owner: str
    owner_password: str
    subscription_id: str
    tenant_id: str
    client_id: str
    client_secret: str


def _first_workspace(identity: IdentityService, region: str) -> Workspace:
    return identity.create_workspace(WORKSPACE_NAME, owner=OWNER, region=region)


def _new_access(identity: IdentityService, workspace: Workspace) -> _Access:
    password = randomness.token_urlsafe(18)
    user = identity.find_user(workspace.owner)
    if user is None:
        user = identity.create_user(workspace.owner, password)
        identity.set_role(workspace.id, user.id, Role.OWNER)
    else:
        identity.set_password(user.id, password)
    tenant, subscription = str(uuid.uuid4()), str(uuid.UUID(workspace.id))
    program = identity.create_service_principal(workspace.id, "credentials.json", tenant_id=tenant)
    return _Access(
        workspace.id, workspace.owner, password, subscription, tenant, program.client_id, program.secret or ""
    )


def _read(path: Path) -> _Access | None:
    try:
        return decode_json(path.read_bytes(), _Access)
    except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def _write(path: Path, credentials: Credentials) -> None:
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    text = msgspec.json.format(msgspec.json.encode(credentials), indent=2)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text + b"\n")
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
