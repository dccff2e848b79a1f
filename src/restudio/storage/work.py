"""Durable work on DBOS, in SQLite beside our database or in a schema of the same PostgreSQL.

All calls to DBOS stand in this module. One workflow, ``kind:key``, calls one handler; it needs no step, because a
handler that is called again continues from its own state. Work that is handed over goes on as a second workflow,
``kind:key~1``. What DBOS leaves open is added here: work of a process that died is given back to the queue by any
living worker (:mod:`restudio.storage.leases`).
"""

from __future__ import annotations

import functools
import itertools
import json
import logging
import math
import threading
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig, EnqueueOptions
from dbos import Serializer as DbosSerializer

from restudio.seams.clock import Clock
from restudio.seams.work import Handler, HandOver
from restudio.storage.clock import SystemClock
from restudio.storage.db import dispose
from restudio.storage.work_database import open_work_database, reading_engine, workflows_of

_APPLICATION = "restudio"
_VERSION = "1"
"""Pinned: DBOS recovers only work of its own application version, by default a hash of the code."""
_WORKFLOW = "handle"
_POLL_S = 0.2
_JANITOR_S = 1.0
_GATHER_S = 0.01
"""How long the thread of a queue that was woken waits for more, to take it together."""
_QUEUE_THREAD = "queue-worker-"
"""What the names of DBOS's threads begin with that take work from a queue; the queue's name follows."""
_ENDED = ("SUCCESS", "ERROR", "CANCELLED")

_log = logging.getLogger(__name__)


class DbosWork:
    """See :class:`restudio.seams.work.Work`. A process that only submits need not call :meth:`start`.

    DBOS is one per process, so one instance of this class can be started at a time. ``executor_id`` names the worker
    process; a living process of the same name makes this one add a number, and without a name it gets a fresh one.
    """

    def __init__(self, *, database_url: str, executor_id: str | None = None, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._name = executor_id or uuid.uuid4().hex
        self._executor = self._name
        self._handlers: dict[str, tuple[Handler, int | None]] = {}
        self._submitted: dict[str, threading.Event] = {}
        self._lock = threading.Lock()
        self._last_ms = 0
        self._active = 0
        self._stopping = threading.Event()
        self._janitor: threading.Thread | None = None
        self._dbos: DBOS | None = None
        self._engine, self._leases = open_work_database(database_url, self._clock, DBOS.migrate)
        self._client = DBOSClient(
            system_database_engine=self._engine, serializer=_Json(), application_name=_APPLICATION
        )
        self._workflows = workflows_of(self._engine)

    def register(self, kind: str, handler: Handler, *, limit: int | None = None) -> None:
        if self._janitor is not None:
            raise ValueError(f"work of kind {kind!r} must be registered before the start")
        if kind in self._handlers:
            raise ValueError(f"work of kind {kind!r} has a handler already")
        self._handlers[kind] = (handler, limit)
        self._submitted[_queue(kind)] = threading.Event()

    def start(self) -> None:
        self._executor = self._claim_name()
        for kind, (_, limit) in self._handlers.items():
            # Before the launch: queues that exist by then are polled at once, later ones after a second.
            self._client.register_queue(
                _queue(kind),
                partition_concurrency=limit,
                polling_interval_sec=_POLL_S,
            )
        logging.getLogger("dbos").setLevel(logging.WARNING)
        self._dbos = DBOS(config=self._config())
        # Without a limit on attempts: a job that a crash interrupts is never given up.
        DBOS.workflow(name=_WORKFLOW, max_recovery_attempts=None)(self._make_workflow())
        DBOS.listen_queues([_queue(kind) for kind in self._handlers])
        DBOS.launch()
        self._look_before_taking(self._dbos)
        self._let_wake(self._dbos)
        self._stopping.clear()
        self._janitor = threading.Thread(target=self._adopt_for_ever, name="work-janitor", daemon=True)
        self._janitor.start()

    def submit(self, kind: str, key: str, *, partition: str | None = None) -> None:
        if kind not in self._handlers:
            raise ValueError(f"work of kind {kind!r} has no handler; known: {sorted(self._handlers)}")
        with self._engine.begin() as connection:
            if not self._is_known(connection, _name(kind, key, 0)):
                self._enqueue(connection, kind, key, 0, partition or "-")
        self._wake(kind)

    def cancel(self, key: str) -> None:
        # Not DBOS's own cancel: it would also mark work that runs, which after a crash nobody would finish.
        name = self._workflows.c.workflow_uuid
        ours = sa.or_(
            *(sa.or_(name == _name(k, key, 0), name.startswith(_name(k, key, 0) + "~")) for k in self._handlers)
        )
        waiting = sa.and_(ours, self._workflows.c.status == "ENQUEUED")
        with self._engine.begin() as connection:
            connection.execute(sa.update(self._workflows).where(waiting).values(status="CANCELLED", queue_name=None))

    def purge(self, before: float) -> int:
        workflows = self._workflows.c
        ended = sa.func.coalesce(workflows.completed_at, workflows.created_at) < int(before * 1000)
        old = sa.and_(workflows.status.in_(_ENDED), ended)
        with self._engine.begin() as connection:
            return connection.execute(sa.delete(self._workflows).where(old)).rowcount

    def rest(self, timeout: float = 10.0) -> None:
        if self._dbos is not None:
            _stop_taking(self._dbos, timeout)

    def stop(self, timeout: float = 10.0) -> bool:
        if self._janitor is not None and self._dbos is not None:
            self._stopping.set()
            self._janitor.join()
            self._janitor = None
            self.rest(timeout)
            # DBOS looks whether its work is done once a second only, so do not make it look when nothing runs.
            seconds = math.ceil(timeout) if self._has_running() else 0
            DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=seconds)
        ended = self._active == 0
        if ended:
            # What still runs keeps the name, and with it its work, until the process ends.
            self._leases.release()
        self._client.destroy()
        dispose(self._engine)
        return ended

    def _claim_name(self) -> str:
        """Our name, or with a number behind when a living process has it: same names for the same set of processes."""
        names = itertools.chain([self._name], (f"{self._name}-{number}" for number in itertools.count(2)))
        return next(name for name in names if self._leases.hold(name))

    def _config(self) -> DBOSConfig:
        return {
            "name": _APPLICATION,
            "system_database_url": self._engine.url.render_as_string(hide_password=False),
            "system_database_engine": self._engine,
            "application_version": _VERSION,
            "executor_id": self._executor,
            "serializer": _Json(),
            "run_migrations": False,
            "use_listen_notify": False,
            "log_level": "WARNING",
        }

    def _look_before_taking(self, dbos: DBOS) -> None:
        """Let the queues ask for waiting work by one read. DBOS itself reads the settings of a queue, which never
        change, and begins a writing transaction several times a second, whether there is work or not."""
        system = dbos._sys_db
        every_scope = system.dequeue_scopes
        ours, reading = self._workflows.c, reading_engine(self._engine)
        waiting = sa.and_(ours.queue_name == sa.bindparam("queue"), ours.status == "ENQUEUED")
        query = sa.select(ours.workflow_uuid).where(waiting).limit(1)

        def scopes_with_work(queue_name: str) -> list[str | None]:
            with reading.connect() as connection:
                found = connection.execute(query, {"queue": queue_name}).first()
            return every_scope(queue_name) if found else []

        system.dequeue_scopes = scopes_with_work  # type: ignore[method-assign]
        system.get_queue = functools.cache(system.get_queue)  # type: ignore[method-assign]

    def _let_wake(self, dbos: DBOS) -> None:
        """Let the threads of queues wake when this process submits something to them, instead of after their pause.
        DBOS has the database tell them, at the price of a connection, on PostgreSQL alone; others it lets sleep."""
        for stopping in dbos.background_thread_stop_events:
            stopping.wait = functools.partial(self._wait, stopping.wait, stopping.is_set)  # type: ignore[method-assign]

    def _wait(
        self, wait: Callable[[float | None], bool], is_set: Callable[[], bool], timeout: float | None = None
    ) -> bool:
        mine = self._submitted.get(threading.current_thread().name.removeprefix(_QUEUE_THREAD))
        if mine is None:
            return wait(timeout)
        if mine.wait(timeout):
            wait(_GATHER_S)
            mine.clear()
        return is_set()

    def _wake(self, kind: str) -> None:
        submitted = self._submitted.get(_queue(kind))
        if submitted is not None:
            submitted.set()

    def _make_workflow(self) -> Callable[[str, str, int], None]:
        def handle(kind: str, key: str, turn: int = 0) -> None:
            with self._lock:
                self._active += 1
            try:
                if not self._is_passed_on(kind, key, turn):
                    self._handlers[kind][0](key)
            except HandOver:
                self._pass_on(kind, key, turn)
            except Exception:
                _log.exception("work %s:%s failed", kind, key)
            finally:
                with self._lock:
                    self._active -= 1

        return handle

    def _enqueue(self, connection: sa.Connection, kind: str, key: str, turn: int, partition: str) -> None:
        name = _name(kind, key, turn)
        options: EnqueueOptions = {
            "workflow_name": _WORKFLOW,
            "queue_name": _queue(kind),
            "workflow_id": name,
            "app_version": _VERSION,
        }
        if self._handlers[kind][1] is not None:
            options["queue_partition_key"] = partition
        self._client.enqueue_in_transaction(connection, options, kind, key, turn)
        if self._engine.dialect.name == "sqlite":
            # DBOS stamps whole seconds there, too coarse to keep the order of submission.
            ours = self._workflows.c.workflow_uuid == name
            connection.execute(sa.update(self._workflows).where(ours).values(created_at=self._next_ms()))

    def _is_known(self, connection: sa.Connection, name: str) -> bool:
        ours = self._workflows.c.workflow_uuid == name
        return connection.execute(sa.select(self._workflows.c.workflow_uuid).where(ours)).first() is not None

    def _is_passed_on(self, kind: str, key: str, turn: int) -> bool:
        """Whether a crash came between passing work on and recording that this turn of it is over."""
        with reading_engine(self._engine).begin() as connection:
            return self._is_known(connection, _name(kind, key, turn + 1))

    def _pass_on(self, kind: str, key: str, turn: int) -> None:
        ours = self._workflows.c.workflow_uuid == _name(kind, key, turn)
        with self._engine.begin() as connection:
            partition = connection.execute(sa.select(self._workflows.c.queue_partition_key).where(ours)).scalar()
            self._enqueue(connection, kind, key, turn + 1, partition or "-")

    def _next_ms(self) -> int:
        """Now in epoch milliseconds, but always later than the last answer."""
        with self._lock:
            self._last_ms = max(int(self._clock.now().timestamp() * 1000), self._last_ms + 1)
            return self._last_ms

    def _has_running(self) -> bool:
        running = sa.and_(self._workflows.c.status == "PENDING", self._workflows.c.executor_id == self._executor)
        with self._engine.begin() as connection:
            return connection.execute(sa.select(self._workflows.c.workflow_uuid).where(running)).first() is not None

    def _adopt_for_ever(self) -> None:
        while True:
            try:
                self._leases.keep()
                self._adopt_orphans()
            except Exception:  # the database may be away for a while
                _log.exception("looking for work of dead processes failed; it is tried again")
            if self._stopping.wait(_JANITOR_S):
                return

    def _adopt_orphans(self) -> None:
        """Give the running work of dead workers back to its queue."""
        executors = sa.select(self._workflows.c.executor_id).where(self._workflows.c.status == "PENDING").distinct()
        with self._engine.begin() as connection:
            holders = connection.execute(executors).scalars().all()
        dead = [name for name in holders if name != self._executor and self._leases.is_free(name)]
        if dead:
            # The public resume_workflow would take work from a living worker that adopted it meanwhile; this call
            # moves only what still belongs to the dead.
            DBOS._recover_pending_workflows(dead)


class _Json(DbosSerializer):
    """Arguments are two strings. DBOS's default would pickle them."""

    def serialize(self, data: object) -> str:
        return json.dumps(data, default=str)

    def deserialize(self, serialized_data: str) -> object:
        return json.loads(serialized_data)

    def name(self) -> str:
        return "restudio_json"


def _stop_taking(dbos: DBOS, timeout: float) -> None:
    """Let the queues rest before the end, or work claimed in the last moment would find nobody to do it."""
    for event in dbos.background_thread_stop_events:
        event.set()
    for thread in threading.enumerate():
        if thread.name.startswith(_QUEUE_THREAD):
            thread.join(timeout)


def _name(kind: str, key: str, turn: int) -> str:
    return f"{kind}:{key}~{turn}" if turn else f"{kind}:{key}"


def _queue(kind: str) -> str:
    return f"work-{kind}"


if TYPE_CHECKING:
    from restudio.seams.work import Work

    _fits: Work = DbosWork(database_url="")
