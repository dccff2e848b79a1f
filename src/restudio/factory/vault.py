"""The secret store behind ``AzureKeyVaultSecret`` references: named secrets of a workspace, in versions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from restudio.core.errors import Kind, RestudioError
from restudio.core.ids import new_id
from restudio.factory.errors import ActivityFailed
from restudio.factory.properties import Properties
from restudio.factory.tables import vault_secrets as table
from restudio.identity import audit
from restudio.identity.rules import ensure_allowed
from restudio.identity.types import Action, Principal, Resource
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.seams.secrets import Secrets

_NAME = re.compile(r"[0-9A-Za-z-]{1,127}\Z")


@dataclass(frozen=True, slots=True)
class VaultSecret:
    """A secret without its value. ``changed`` in epoch seconds."""

    name: str
    version: str
    changed: float


class SecretVault:
    """Thread-safe. All vaults that linked services of a workspace name are this one."""

    def __init__(self, db: Database, secrets: Secrets, clock: Clock) -> None:
        self._db = db
        self._secrets = secrets
        self._clock = clock

    def put(self, principal: Principal, workspace_id: str, name: str, value: str) -> VaultSecret:
        """Keep a new version of a secret."""
        ensure_allowed(principal, Action.EDIT, Resource(workspace_id))
        if not _NAME.match(name):
            message = f"A secret's name has 1 to 127 letters, digits and hyphens; got '{name[:130]}'."
            raise RestudioError(Kind.BAD_ARGUMENT, "InvalidName", message, target=name[:130])
        made = VaultSecret(name, new_id(), self._clock.now().timestamp())
        with self._db.begin() as conn:
            conn.execute(
                table.insert().values(
                    workspace_id=workspace_id,
                    key=name.casefold(),
                    version=made.version,
                    name=name,
                    sealed=self._secrets.seal(value),
                    changed=made.changed,
                )
            )
            audit.record(conn, made.changed, principal, "put secret", f"secret:{name}", workspace_id=workspace_id)
        return made

    def list_secrets(self, workspace_id: str) -> Sequence[VaultSecret]:
        """The newest version of each, by name."""
        query = sa.select(table.c.key, table.c.name, table.c.version, table.c.changed)
        with self._db.read() as conn:
            rows = conn.execute(query.where(table.c.workspace_id == workspace_id).order_by(table.c.changed)).all()
        newest = {row.key: VaultSecret(row.name, row.version, row.changed) for row in rows}
        return [newest[key] for key in sorted(newest)]

    def delete(self, principal: Principal, workspace_id: str, name: str) -> bool:
        """Forget all versions of a secret; False when there is none."""
        ensure_allowed(principal, Action.EDIT, Resource(workspace_id))
        with self._db.begin() as conn:
            here = (table.c.workspace_id == workspace_id, table.c.key == name.casefold())
            gone = conn.execute(table.delete().where(*here)).rowcount
            if gone:
                now = self._clock.now().timestamp()
                audit.record(conn, now, principal, "delete secret", f"secret:{name}", workspace_id=workspace_id)
        return bool(gone)

    def open(self, workspace_id: str, reference: Properties) -> str:
        """The secret that a document refers to, by default its newest version; ``ActivityFailed`` if there is none."""
        name, version = reference.get("secretName"), reference.get("secretVersion")
        if not isinstance(name, str) or not name:
            raise ActivityFailed.missing("secretName")
        query = sa.select(table.c.sealed).where(table.c.workspace_id == workspace_id, table.c.key == name.casefold())
        if version:
            query = query.where(table.c.version == str(version))
        with self._db.read() as conn:
            sealed = conn.execute(query.order_by(table.c.changed.desc()).limit(1)).scalar()
        if sealed is None:
            which = f"version '{version}' of the secret '{name}'" if version else f"secret '{name}'"
            message = f"There is no {which} in the vault. Set it with 'restudio factory secret set {name}'."
            raise ActivityFailed("SecretNotFound", message)
        return self._secrets.open(str(sealed))
