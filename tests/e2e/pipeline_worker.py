"""A process that carries out one pipeline run and may be killed at any commit.

Reads orders from standard input, one JSON object a line, and carries each out in a forked child, because importing
costs more than running. Answers each with a line: the child's exit status (-9 for killed).

``{"db": FILE, "folder": FOLDER, "run": ID}`` carries the run out; with ``"commit": N, "after": BOOL`` the child kills
itself before or after its N-th commit. ``{"db", "folder", "make": true}`` makes the pipeline and the run ``ID``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from tests.unit.factory.runs.workshop import Workshop, expression, step

from restudio.factory.activity import ActivityContext, Output
from restudio.factory.properties import Properties
from restudio.storage.db import SqlDatabase, open_database

CHILD = "Child"
MAIN = "Main"


class DeadlyDatabase:
    """A database whose process dies by kill -9 before or after its N-th commit."""

    def __init__(self, inner: SqlDatabase, commit: int | None, after: bool) -> None:
        self._inner = inner
        self._left = commit
        self._after = after
        self._lock = threading.Lock()
        self.read = inner.read

    @contextmanager
    def begin(self, *, alone: bool = True) -> Iterator[sa.Connection]:
        with self._lock:
            if self._left is not None:
                self._left -= 1
            due = self._left == 0
        with self._inner.begin(alone=alone) as conn:
            yield conn
            if due and not self._after:
                os.kill(os.getpid(), signal.SIGKILL)
        if due:
            os.kill(os.getpid(), signal.SIGKILL)


def pipeline() -> list[dict[str, Any]]:
    """Ten activities: effects, a variable, a condition, a loop, a child run."""
    return [
        step("Extract", value="extract"),
        step("Name", "SetVariable", "Extract", variableName="name", value="@activity('Extract').output.value"),
        step("Train", "Do", "Name", value="@concat(variables('name'), '-train')"),
        step(
            "Sites",
            "ForEach",
            "Train",
            items=expression("@range(0, 3)"),
            activities=[step("Score", value="@concat('score-', string(item()))")],
        ),
        step(
            "Good",
            "IfCondition",
            "Sites",
            expression=expression("@equals(variables('name'), 'extract')"),
            ifTrueActivities=[step("Update", value="update")],
        ),
        step("Call", "ExecutePipeline", "Good", pipeline={"referenceName": CHILD}, waitOnCompletion=True),
        step("Pause", "Wait", "Call", waitTimeInSeconds=0),
        step("Report", "Do", "Pause", value="report"),
    ]


def do(folder: Path) -> Any:
    """Each call leaves a line in ``calls``; its effect, a file by operation, is made once."""

    def run(p: Properties, ctx: ActivityContext) -> Output:
        with (folder / "calls").open("a") as file:
            file.write(f"{p['value']}\n")
        # Whole or not at all: a commit of another branch may kill the process while this file is written.
        draft = folder / f"draft-{uuid.uuid4()}"
        draft.write_text(p["value"])
        with suppress(FileExistsError):
            os.link(draft, folder / "effects" / ctx.operation_id)
        return {"value": p["value"]}

    return run


def carry_out(order: dict[str, Any]) -> None:
    folder = Path(order["folder"])
    (folder / "effects").mkdir(exist_ok=True)
    inner = open_database(order["db"])
    if order.get("make"):
        inner.create_all()
    db = DeadlyDatabase(inner, order.get("commit"), bool(order.get("after")))
    shop = Workshop(cast("SqlDatabase", db), folder / "scratch", do(folder))
    if order.get("make"):
        shop.put(CHILD, step("Inner", value="inner"))
        shop.put(MAIN, *pipeline(), variables={"name": {"type": "String"}})
        shop.start(MAIN, run_id=order["run"])
        inner.close()
        return
    shop.work.start()
    shop.runs.recover()
    shop.wait(order["run"], 60)
    shop.stop()
    inner.close()


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            try:
                carry_out(order)
            except BaseException:
                import traceback

                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
