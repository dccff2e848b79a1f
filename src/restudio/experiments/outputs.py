"""The cache of module outputs: which objects an execution with a given cache key produced."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import sqlalchemy as sa

from restudio.core.ids import Digest
from restudio.seams.clock import Clock
from restudio.seams.database import Database, metadata
from restudio.seams.objects import Objects

module_outputs = sa.Table(
    "module_outputs",
    metadata,
    sa.Column("scope", sa.String(64), primary_key=True),
    sa.Column("cache_key", sa.String(64), primary_key=True),
    sa.Column("outputs", sa.Text, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("expired", sa.Float),
)
"""``expired`` is when a sweep found that nobody needs the outputs any more; using them again takes it back."""

Outputs = Mapping[str, str]
"""Output port → object key."""


class OutputCache:
    """Shared by all runs of a scope (a workspace). Thread-safe."""

    def __init__(self, db: Database, objects: Objects, clock: Clock) -> None:
        self._db = db
        self._objects = objects
        self._clock = clock

    def find(self, scope: str, keys: list[Digest]) -> dict[Digest, Outputs]:
        """The known outputs of some keys, in one query; those whose objects are gone are left out."""
        if not keys:
            return {}
        table = module_outputs.c
        query = sa.select(module_outputs).where(table.scope == scope, table.cache_key.in_(keys))
        with self._db.read() as conn:
            rows = conn.execute(query).all()
        kept = [row for row in rows if row.expired is None or self._revive(scope, row.cache_key)]
        found = {Digest(row.cache_key): json.loads(row.outputs) for row in kept}
        return {key: outputs for key, outputs in found.items() if all(map(self._exists, outputs.values()))}

    def _revive(self, scope: str, key: str) -> bool:
        """Take an entry back that was to be removed; whether it was still there. A sweep that removes it now is waited
        for."""
        same = (module_outputs.c.scope == scope) & (module_outputs.c.cache_key == key)
        with self._db.begin() as conn:
            return conn.execute(module_outputs.update().where(same).values(expired=None)).rowcount == 1

    def remember(self, scope: str, key: Digest, outputs: Outputs) -> None:
        """Keep the outputs of a finished execution. Doing it again changes nothing."""
        row = {"outputs": json.dumps(dict(outputs)), "created": self._clock.now().timestamp(), "expired": None}
        same = (module_outputs.c.scope == scope) & (module_outputs.c.cache_key == key)
        with self._db.begin() as conn:
            if conn.execute(module_outputs.update().where(same).values(**row)).rowcount == 0:
                conn.execute(module_outputs.insert().values(scope=scope, cache_key=key, **row))

    def digest(self, object_key: str) -> Digest:
        """Content digest of a stored output, for what no key foresees."""
        digest = hashlib.sha256()
        for chunk in self._objects.stream(object_key):
            digest.update(chunk)
        return Digest(digest.hexdigest())

    def _exists(self, object_key: str) -> bool:
        try:
            self._objects.info(object_key)
        except KeyError:
            return False
        return True
