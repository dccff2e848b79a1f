"""Deployments: keeps the data plane of this process equal to the ledgers in the database."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from types import MappingProxyType

from restudio.core.errors import RestudioError
from restudio.endpoints import store
from restudio.endpoints.building import ScorerBuilder
from restudio.endpoints.types import Endpoint, Revision, ServiceVersion
from restudio.scoring.dataplane import DataPlane, key_digest
from restudio.scoring.live import Live, Variant
from restudio.scoring.scorer import Scorer
from restudio.seams.database import Database
from restudio.seams.secrets import Secrets

POLL_S = 0.2
_BUILDERS = 4
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Wanted:
    endpoint: Endpoint
    revision: Revision
    version: ServiceVersion
    keys: frozenset[bytes]


class Deployments:
    """Thread-safe. A revision that cannot be built leaves the last good one in place and stands in :attr:`failures`."""

    def __init__(self, db: Database, secrets: Secrets, builder: ScorerBuilder, plane: DataPlane) -> None:
        self._db = db
        self._secrets = secrets
        self._builder = builder
        self._plane = plane
        self._seq = 0
        self._looking = threading.Lock()
        self._looked = 0.0
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._failures: dict[str, str] = {}
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None

    @property
    def failures(self) -> Mapping[str, str]:
        """Endpoint id → why its live revision could not be installed here."""
        return MappingProxyType(self._failures)

    def start(self) -> None:
        """Install every endpoint, then follow the changes of other processes until :meth:`stop`."""
        with self._db.read() as conn:
            # The number first: what changes while we build is built again, never missed.
            self._seq = store.deployment_seq(conn)
            ids = store.endpoint_ids(conn)
        with ThreadPoolExecutor(_BUILDERS, thread_name_prefix="deploy") as pool:
            for _ in pool.map(self.deploy, ids):
                continue
        self._watcher = threading.Thread(target=self._watch, name="deployments", daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._watcher is not None:
            self._watcher.join()

    def deploy(self, endpoint_id: str, built: tuple[str, Scorer, Variant] | None = None) -> None:
        """Install what the database says now. ``built`` is a revision id with its scorer, if that is at hand."""
        with self._locks[endpoint_id]:
            try:
                self._deploy(endpoint_id, built)
            except RestudioError as error:
                self._failures[endpoint_id] = error.message
                _log.warning("endpoint %s keeps its last good scorer: %s", endpoint_id, error.message)
            except Exception:
                self._failures[endpoint_id] = "An unexpected error occurred; see the server's log."
                _log.exception("endpoint %s keeps its last good scorer", endpoint_id)
            else:
                self._failures.pop(endpoint_id, None)

    def poll(self) -> list[str]:
        """Take over what was announced since the last look; gives the endpoints concerned."""
        with self._looking:
            return self._look()

    def catch_up(self, since: float) -> None:
        """Take over all that was announced before ``since`` (of ``time.monotonic``): for a call that would be refused
        though another process may just have made its endpoint or its key. Many such calls share one look."""
        with self._looking:
            if self._looked <= since:
                self._look()

    def _look(self) -> list[str]:
        began = time.monotonic()
        changed = self._announced()
        for endpoint_id in changed:
            self.deploy(endpoint_id)
        self._looked = began
        return changed

    def _announced(self) -> list[str]:
        with self._db.read() as conn:
            if store.deployment_seq(conn) == self._seq:
                return []
            gap = store.has_gap(conn, self._seq)
            self._seq, changed = store.announced_since(conn, self._seq)
            if gap:
                # Away for too long: what was announced meanwhile is forgotten, so look at everything.
                changed = list(dict.fromkeys([*store.endpoint_ids(conn), *self._plane.iter_ids(), *changed]))
        return changed

    def prune(self) -> int:
        """Forget announcements that every living process has long seen; gives their number."""
        with self._db.begin() as conn:
            return store.prune_announcements(conn)

    def _watch(self) -> None:
        while not self._stopping.wait(POLL_S):
            try:
                self.poll()
            except Exception:
                _log.exception("looking for new revisions failed; trying again")

    def _deploy(self, endpoint_id: str, built: tuple[str, Scorer, Variant] | None) -> None:
        wanted = self._read(endpoint_id)
        if wanted is None or not wanted.version.scores:
            self._plane.remove(endpoint_id)
            return
        calls = wanted.endpoint.settings.max_calls
        live = self._plane.find_live(endpoint_id)
        if live is not None and live.revision == wanted.revision.id:
            if (live.keys, live.max_concurrent) != (wanted.keys, calls):
                self._plane.install(endpoint_id, replace(live, keys=wanted.keys, max_concurrent=calls))
            return
        if built is not None and built[0] == wanted.revision.id:
            _, scorer, variant = built
        else:
            scorer, variant = self._builder.build(wanted.version, wanted.revision.state)
        parameters = wanted.version.graph.parameters
        self._plane.install(
            endpoint_id,
            Live(
                scorer,
                wanted.revision.id,
                wanted.keys,
                calls,
                wanted.endpoint.workspace_id,
                parameters,
                variant if parameters else None,
            ),
        )

    def _read(self, endpoint_id: str) -> _Wanted | None:
        with self._db.read() as conn:
            endpoint = store.find_endpoint_by_id(conn, endpoint_id)
            if endpoint is None:
                return None
            revision = store.live_revision(conn, endpoint)
            version = store.get_version(conn, endpoint.service_id, revision.state.version)
            kept = store.get_keys(conn, endpoint_id)
        keys = frozenset(key_digest(self._secrets.open(key.sealed)) for key in kept)
        return _Wanted(endpoint, revision, version, keys)
