"""Pipelines as a server runs them: real database, the loop, work in threads; activities that tests can steer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from restudio.factory.activities import control
from restudio.factory.activity import Activities, Activity, ActivityContext, Output, Property, activity
from restudio.factory.documents.check import Catalogs
from restudio.factory.errors import ActivityFailed
from restudio.factory.linked_service import all_linked_services
from restudio.factory.platform import Platform
from restudio.factory.properties import Json, Properties
from restudio.factory.runs.loop import PipelineLoop
from restudio.factory.runs.plan import Plans
from restudio.factory.runs.service import PipelineRuns
from restudio.factory.runs.starting import Starter
from restudio.factory.service import FactoryService
from restudio.factory.trigger import collect_triggers
from restudio.factory.types import ActivityRun, Factory, PipelineRun
from restudio.factory.vault import SecretVault
from restudio.identity.types import SYSTEM
from restudio.seams.clock import Clock
from restudio.storage.clock import SystemClock
from restudio.storage.db import SqlDatabase
from restudio.storage.secrets import MasterKeySecrets
from restudio.storage.work_memory import MemoryWork


class Workshop:
    """``do`` is what the activity type ``Do`` does; it gets its properties and context. Started under the same database
    again it is the next process."""

    def __init__(
        self,
        db: SqlDatabase,
        scratch: Path,
        do: Callable[[Properties, ActivityContext], Output] = lambda p, ctx: {"value": p.get("value")},
        clock: Clock | None = None,
    ) -> None:
        @activity(
            type="Do",
            properties=(Property("value", "any", help="Anything."), Property("number", "int", help="A number.")),
        )
        def do_activity(p: Properties, ctx: ActivityContext) -> Output:
            """Does what the test says."""
            return do(p, ctx)

        self.db = db
        self.secrets = MasterKeySecrets(bytes(range(32)))
        self.clock = clock or SystemClock()
        self.work = MemoryWork()
        controls = tuple(each for each in vars(control).values() if isinstance(each, Activity))
        catalog = Activities((*controls, do_activity))
        unused = cast("Any", None)  # no activity here reaches outside
        platform = Platform("http://here", unused, unused, unused, self.clock)
        plans = Plans(db, self.secrets, catalog)
        self.starter = Starter(db, self.secrets, self.clock, self.work, plans)
        self.vault = SecretVault(db, self.secrets, self.clock)
        self.loop = PipelineLoop(
            db, self.secrets, self.work, platform, catalog, plans, self.starter, scratch, self.vault
        )
        catalogs = Catalogs(catalog, all_linked_services(), collect_triggers())
        self.factories = FactoryService(db, self.secrets, self.clock, catalogs)
        self.runs = PipelineRuns(db, self.clock, plans, self.starter, self.loop)

    @property
    def factory(self) -> Factory:
        self.factories.ensure("w", "group", "factory")
        return self.factories.get_factory("w", "group", "factory")

    def put(self, name: str, *activities: Json, **properties: Json) -> None:
        self.factories.put(SYSTEM, self.factory, "pipeline", name, {"activities": list(activities), **properties})

    def start(self, pipeline: str, parameters: Mapping[str, Json] | None = None, **how: Any) -> PipelineRun:
        return self.runs.create(SYSTEM, self.factory, pipeline, parameters, **how)

    def wait(self, run_id: str, seconds: float = 20.0) -> PipelineRun:
        return self.until(run_id, lambda run: run.is_over, seconds)

    def until(self, run_id: str, holds: Callable[[PipelineRun], bool], seconds: float = 20.0) -> PipelineRun:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            run = self.runs.find(run_id)
            if run is not None and holds(run):
                return run
            time.sleep(0.01)
        raise AssertionError(f"the run is {run}")

    def run(self, pipeline: str, parameters: Mapping[str, Json] | None = None, **how: Any) -> PipelineRun:
        return self.wait(self.start(pipeline, parameters, **how).id)

    def attempts(self, run: PipelineRun) -> list[ActivityRun]:
        return self.runs.activity_runs(run)

    def status(self, run_id: str) -> str:
        run = self.runs.find(run_id)
        return "" if run is None else run.status

    def stop(self) -> None:
        self.work.rest()
        self.loop.stop()
        self.work.stop()


def step(name: str, type: str = "Do", *after: str, policy: Json = None, **properties: Json) -> dict[str, Json]:
    """An activity; ``after`` are ``predecessor`` or ``predecessor=Condition``."""
    depends = []
    for each in after:
        predecessor, _, condition = each.partition("=")
        depends.append({"activity": predecessor, "dependencyConditions": [condition or "Succeeded"]})
    found = {"name": name, "type": type, "dependsOn": depends, "typeProperties": properties}
    return found | ({"policy": policy} if policy else {})


def expression(text: str) -> dict[str, Json]:
    return {"value": text, "type": "Expression"}


class Gate:
    """An activity that stays in its thread until it is let go or told to end."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.open = threading.Event()
        self.told: list[str] = []

    def __call__(self, p: Properties, ctx: ActivityContext) -> Output:
        self.entered.set()
        try:
            while not self.open.is_set():
                ctx.pause(0.01)
        except BaseException as error:
            self.told.append(type(error).__name__)
            raise
        return {"passed": True}


def failing(times: int) -> tuple[Callable[[Properties, ActivityContext], Output], list[str]]:
    """An activity that fails so often before it succeeds, and the ids of its attempts."""
    seen: list[str] = []

    def do(p: Properties, ctx: ActivityContext) -> Output:
        seen.append(ctx.activity_run_id)
        if len(seen) <= times:
            raise ActivityFailed("2108", f"no luck in attempt {len(seen)}")
        return {"attempts": len(seen), "operation": ctx.operation_id}

    return do, seen
