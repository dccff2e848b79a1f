"""Trials side by side: results in order, both cores at once, the first error ends all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest
from tests.unit.modules.catalog import CTX

from restudio.core.errors import ModuleError
from restudio.modules.trials import run_all
from restudio.seams.context import Context


def _value(number: int, _: Context) -> int:
    return number


def test_results_come_in_the_order_of_the_jobs() -> None:
    assert run_all([partial(_value, n) for n in range(20)], CTX, "jobs") == list(range(20))


def test_an_error_ends_the_whole() -> None:
    def fail(_: Context) -> int:
        raise ModuleError("0083", "no")

    jobs: list[Callable[[Context], int]] = [partial(_value, 1), fail, *[partial(_value, n) for n in range(100)]]
    with pytest.raises(ModuleError, match="0083"):
        run_all(jobs, CTX, "jobs")


def test_jobs_tell_no_progress_of_their_own_and_reach_the_catalog() -> None:
    def speak(ctx: Context) -> str:
        ctx.progress(0.123)
        ctx.log("hello")
        return ctx.entry("train-model").spec.name

    CTX.reported.clear()
    assert run_all([speak, speak], CTX, "jobs") == ["Train Model"] * 2
    assert CTX.reported == [0.5, 1.0]


def test_cores_work_at_the_same_time() -> None:
    """Two jobs that wait for each other end only side by side; on one core there is nothing to show."""
    from restudio.modules.cores import cores

    if len(cores()) > 1:
        both = threading.Barrier(2, timeout=30)
        assert sorted(run_all([lambda _: both.wait()] * 2, CTX, "jobs")) == [0, 1]
