"""Runner: drives a plan. Ready modules run in parallel, known outputs come from the cache, events tell what happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Literal

from restudio.core.errors import ModuleError, RestudioError
from restudio.core.ids import Digest, digest_bytes
from restudio.experiments.bindings import Bindings
from restudio.experiments.eventlog import EventLog
from restudio.experiments.outputs import OutputCache, Outputs
from restudio.graph.cachekey import output_digest
from restudio.graph.events import Event, Failure, State
from restudio.graph.plan import Plan, PortId, Task
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.seams.engine import Cancelled, Engine, Execution, ProcessLost, Progress
from restudio.seams.objects import Objects

_LOOK_S = 0.1
"""How often a running plan looks whether it is cancelled."""

Emit = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a plan ended. ``outputs`` has an object key for every output that was stored, bound inputs included."""

    state: State
    outputs: Mapping[PortId, str]
    failure: Failure | None = None

    def value_of(self, source: PortId) -> str:
        """The object key of an output; ``KeyError`` when its node did not finish."""
        return self.outputs[source]


class Runner:
    """Thread-safe; every call of :meth:`execute` is a run of its own.

    ``open_params`` opens what is sealed in a module's parameters, given the scope; nothing opened is stored.
    """

    def __init__(
        self,
        engine: Engine,
        objects: Objects,
        db: Database,
        clock: Clock,
        *,
        open_params: Callable[[Mapping[str, object], str], Mapping[str, object]] | None = None,
    ) -> None:
        self._engine = engine
        self._open_params = open_params
        self._db = db
        self._cache = OutputCache(db, objects, clock)
        self._clock = clock

    def open_log(self, run: str) -> EventLog:
        """What earlier attempts of a run have told, to be continued by the next one."""
        return EventLog(self._db, run)

    def execute(
        self,
        plan: Plan,
        emit: Emit,
        is_cancelled: Callable[[], bool],
        *,
        run: str,
        scope: str,
        bindings: Bindings | None = None,
        stop_on_failure: bool = False,
    ) -> Outcome:
        """Run the tasks of a plan; blocks until all have ended. ``emit`` is called from several threads.

        A module that fails ends its branch: what stands below is skipped, other branches finish. With
        ``stop_on_failure`` the modules that run are stopped then, and nothing more is started. ``run`` names the run:
        executing it again finds the same places for its outputs. ``scope`` is the workspace, whose runs share the
        cache. Raises ``Cancelled`` when the engine was closed: the run is not over, it can be executed again.
        """
        attempt = _Attempt(plan, run, scope, bindings or Bindings(), stop_on_failure=stop_on_failure)
        emit(Event("started", self._now()))
        with ThreadPoolExecutor(self._engine.parallelism, thread_name_prefix=f"run-{run[:8]}") as pool:
            try:
                self._drive(attempt, emit, is_cancelled, pool)
            except BaseException:
                while attempt.running:
                    self._stop(attempt)  # again and again: an execution may begin while it is being stopped
                    for future in wait(attempt.running, timeout=_LOOK_S).done:
                        del attempt.running[future]
                raise
        outcome = attempt.outcome()
        emit(Event(_KINDS[outcome.state], self._now(), failure=outcome.failure))
        return outcome

    def _drive(self, attempt: _Attempt, emit: Emit, is_cancelled: Callable[[], bool], pool: ThreadPoolExecutor) -> None:
        while attempt.unfinished:
            attempt.cancelled = attempt.cancelled or is_cancelled()
            if attempt.is_ending:
                self._stop(attempt)
            else:
                self._start_ready(attempt, emit, pool)
            if not attempt.running:
                break
            done, _ = wait(attempt.running, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
            for future in done:
                self._finish(attempt, attempt.running.pop(future), future, emit, is_cancelled)
        for task in attempt.unfinished:
            emit(Event("skipped", self._now(), task.node))

    def _start_ready(self, attempt: _Attempt, emit: Emit, pool: ThreadPoolExecutor) -> None:
        """Start what may run; outputs that are known already may make more ready, so repeat until nothing moves."""
        while ready := attempt.take_ready():
            keys = {task.node: self._key(attempt, task) for task in ready}
            known = self._cache.find(attempt.scope, [key for key in keys.values() if key is not None])
            for task in ready:
                key = keys[task.node]
                outputs = attempt.bindings.finished.get(task.node)
                if outputs is None and key is not None:
                    outputs = known.get(key)
                    if outputs is not None:
                        emit(Event("finished", self._now(), task.node, outputs=outputs, cached=True))
                if outputs is not None:
                    attempt.keep(task, outputs, key)
                    continue
                emit(Event("started", self._now(), task.node))
                attempt.running[pool.submit(self._run, attempt, task, key, emit)] = (task, key)

    def _run(self, attempt: _Attempt, task: Task, key: Digest | None, emit: Emit) -> Outputs:
        outputs = {port: _place(attempt, task, key, i) for i, port in enumerate(task.outputs)}
        execution = Execution(
            id=f"{attempt.run}:{task.node}",
            module=task.module,
            params=task.params if self._open_params is None else self._open_params(task.params, attempt.scope),
            inputs={port: attempt.outputs[source] for port, source in task.inputs.items()},
            outputs=outputs,
            assets={asset: attempt.bindings.assets[asset] for asset in task.assets},
            seed=attempt.plan.seed,
            limits=attempt.bindings.limits,
            scope=attempt.scope,
        )

        def on_progress(told: Progress) -> None:
            kind: Literal["log", "progress"] = "log" if told.fraction is None else "progress"
            emit(Event(kind, self._now(), task.node, fraction=told.fraction, text=told.text or None))

        self._insist(task, execution, on_progress)
        if key is not None:
            self._cache.remember(attempt.scope, key, outputs)
        return outputs

    def _insist(self, task: Task, execution: Execution, on_progress: Callable[[Progress], None]) -> None:
        """Execute; once more when the process was lost, unless the module may have had an effect by then."""
        try:
            self._engine.execute(execution, on_progress)
        except ProcessLost as lost:
            if not task.cacheable:
                raise
            on_progress(Progress(None, f"{lost.text} It is tried once more."))
            self._engine.execute(execution, on_progress)

    def _finish(
        self,
        attempt: _Attempt,
        started: tuple[Task, Digest | None],
        future: Future[Outputs],
        emit: Emit,
        is_cancelled: Callable[[], bool],
    ) -> None:
        task, key = started
        try:
            outputs = future.result()
        except Cancelled:
            attempt.cancelled = attempt.cancelled or is_cancelled()
            if not attempt.is_ending:
                raise
            emit(Event("canceled", self._now(), task.node))
        except RestudioError as error:
            attempt.failure = attempt.failure or failure_of(error)
            emit(Event("failed", self._now(), task.node, failure=failure_of(error)))
        else:
            attempt.keep(task, outputs, key)
            emit(Event("finished", self._now(), task.node, outputs=outputs))

    def _key(self, attempt: _Attempt, task: Task) -> Digest | None:
        if task.key is not None or not task.cacheable:
            return task.key
        digests = {port: self._digest(attempt, source) for port, source in task.inputs.items()}
        return task.key_for(digests)

    def _digest(self, attempt: _Attempt, source: PortId) -> Digest:
        """What stands for the content of an output: foreseen from its key, else taken from the stored bytes."""
        if source not in attempt.digests:
            attempt.digests[source] = self._cache.digest(attempt.outputs[source])
        return attempt.digests[source]

    def _stop(self, attempt: _Attempt) -> None:
        for task, _ in attempt.running.values():
            self._engine.cancel(f"{attempt.run}:{task.node}")

    def _now(self) -> float:
        return self._clock.now().timestamp()


class _Attempt:
    """What one call of ``execute`` knows so far; changed by its thread only."""

    def __init__(self, plan: Plan, run: str, scope: str, bindings: Bindings, *, stop_on_failure: bool) -> None:
        self.plan = plan
        self.run = run
        self.scope = scope
        self.bindings = bindings
        self.waiting: list[Task] = list(plan.tasks)
        self.running: dict[Future[Outputs], tuple[Task, Digest | None]] = {}
        self.outputs: dict[PortId, str] = dict(bindings.inputs)
        self.digests: dict[PortId, Digest] = {port: Digest(digest) for port, digest in plan.bound.items()}
        self.failure: Failure | None = None
        self.cancelled = False
        self._stop_on_failure = stop_on_failure

    @property
    def is_ending(self) -> bool:
        """Whether what runs is to be stopped."""
        return self.cancelled or (self._stop_on_failure and self.failure is not None)

    @property
    def unfinished(self) -> list[Task]:
        return [*self.waiting, *(task for task, _ in self.running.values())]

    def take_ready(self) -> list[Task]:
        """Tasks whose inputs are all stored, taken out of the waiting ones."""
        ready = [t for t in self.waiting if all(source in self.outputs for source in t.inputs.values())]
        self.waiting = [t for t in self.waiting if t not in ready]
        return ready

    def keep(self, task: Task, outputs: Outputs, key: Digest | None) -> None:
        for port, object_key in outputs.items():
            self.outputs[task.node, port] = object_key
            if key is not None:
                self.digests[task.node, port] = output_digest(key, port)

    def outcome(self) -> Outcome:
        state: State = "Canceled" if self.cancelled else "Failed" if self.failure else "Finished"
        return Outcome(state, self.outputs, self.failure)


def failure_of(error: RestudioError) -> Failure:
    """An error as events keep it."""
    if isinstance(error, ModuleError):
        return Failure(error.number, error.message, error.parameter, error.column, error.row)
    return Failure(error.detail, error.message)


def _place(attempt: _Attempt, task: Task, key: Digest | None, index: int) -> str:
    """Where an output goes: by cache key, so that all runs share it, else to a place of the run itself."""
    if key is not None:
        return f"module-outputs/{attempt.scope}/{key}/{index}"
    return f"run-outputs/{attempt.run}/{digest_bytes(task.node.encode())[:32]}/{index}"


_KINDS: Mapping[State, Literal["finished", "failed", "canceled"]] = {
    "Finished": "finished",
    "Failed": "failed",
    "Canceled": "canceled",
}
