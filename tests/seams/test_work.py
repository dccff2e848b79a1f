"""The promises of the Work seam, kept in memory and by DBOS on SQLite and PostgreSQL."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from restudio.seams.work import HandOver, Work
from restudio.storage.work import DbosWork
from restudio.storage.work_memory import MemoryWork


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def work(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Work]:
    made: Work
    if request.param == "memory":
        made = MemoryWork()
    elif request.param == "sqlite":
        made = DbosWork(database_url=f"sqlite:///{tmp_path / 'restudio.db'}")
    else:
        make: Callable[[], str] = request.getfixturevalue("make_postgresql")
        made = DbosWork(database_url=make())
    yield made
    made.stop(5)


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.01)


def test_each_job_is_handled_once(work: Work) -> None:
    handled: list[tuple[str, str]] = []
    work.register("a", lambda key: handled.append(("a", key)))
    work.register("b", lambda key: handled.append(("b", key)))
    work.submit("a", "before")
    work.start()
    work.submit("a", "x")
    work.submit("b", "x")
    work.submit("a", "x")
    wait_until(lambda: len(handled) == 3)
    work.submit("a", "x")
    work.submit("a", "last")
    wait_until(lambda: ("a", "last") in handled)
    assert Counter(handled) == Counter([("a", "before"), ("a", "x"), ("b", "x"), ("a", "last")])


def test_work_begins_soon(work: Work) -> None:
    begun: dict[str, float] = {}
    work.register("a", lambda key: begun.update({key: time.monotonic()}))
    work.start()
    work.submit("a", "warm")
    wait_until(lambda: "warm" in begun)
    submitted = time.monotonic()
    work.submit("a", "x")
    wait_until(lambda: "x" in begun)
    assert begun["x"] - submitted < 2


def test_a_handler_that_raises_is_not_called_again(work: Work) -> None:
    calls: list[str] = []

    def handle(key: str) -> None:
        calls.append(key)
        if key == "bad":
            raise OSError("broken")

    work.register("a", handle)
    work.start()
    work.submit("a", "bad")
    work.submit("a", "good")
    wait_until(lambda: len(calls) == 2)
    work.submit("a", "bad")
    work.submit("a", "end")
    wait_until(lambda: "end" in calls)
    assert Counter(calls) == {"bad": 1, "good": 1, "end": 1}


@pytest.mark.timeout(120)
def test_a_partition_never_exceeds_its_limit(work: Work) -> None:
    lock = threading.Lock()
    running = Counter[str]()
    most = Counter[str]()
    done: list[str] = []
    go = threading.Event()

    def handle(key: str) -> None:
        partition = key[0]
        with lock:
            running[partition] += 1
            most[partition] = max(most[partition], running[partition])
        go.wait(60)
        with lock:
            running[partition] -= 1
            done.append(key)

    work.register("jobs", handle, limit=40)
    for n in range(100):
        work.submit("jobs", f"p{n}", partition="p")
    work.submit("jobs", "q0", partition="q")
    work.start()
    wait_until(lambda: running["p"] == 40 and running["q"] == 1)
    go.set()
    wait_until(lambda: len(done) == 101, 60)
    assert most == {"p": 40, "q": 1}


def test_waiting_work_stands_in_line(work: Work) -> None:
    order: list[str] = []
    work.register("jobs", order.append, limit=1)
    keys = [f"{n * 7 % 10}" for n in range(10)]
    for key in keys:
        work.submit("jobs", key, partition="p")
    work.start()
    wait_until(lambda: len(order) == 10)
    assert order == keys


def test_cancelled_work_that_waits_is_never_begun(work: Work) -> None:
    begun: list[str] = []
    go = threading.Event()

    def handle(key: str) -> None:
        begun.append(key)
        go.wait(60)

    work.register("jobs", handle, limit=1)
    work.start()
    for key in ("first", "second", "third"):
        work.submit("jobs", key, partition="p")
    wait_until(lambda: begun == ["first"])
    work.cancel("second")
    work.cancel("first")
    work.cancel("unknown")
    go.set()
    wait_until(lambda: "third" in begun)
    assert begun == ["first", "third"]


def test_work_of_an_unknown_kind_is_refused(work: Work) -> None:
    work.register("jobs", print)
    with pytest.raises(ValueError, match="'other' has no handler"):
        work.submit("other", "x")
    with pytest.raises(ValueError, match="has a handler already"):
        work.register("jobs", print)


def test_stop_waits_for_what_runs(work: Work) -> None:
    ended: list[str] = []
    begun = threading.Event()

    def handle(key: str) -> None:
        begun.set()
        time.sleep(0.3)
        ended.append(key)

    work.register("jobs", handle)
    work.start()
    work.submit("jobs", "x")
    assert begun.wait(20)
    work.stop(10)
    assert ended == ["x"]


def test_work_handed_over_is_done_again_elsewhere(database_url: str) -> None:
    begun, stopping = threading.Event(), threading.Event()

    def hand_over(key: str) -> None:
        begun.set()
        stopping.wait(60)
        raise HandOver

    first = DbosWork(database_url=database_url, executor_id="first")
    first.register("jobs", hand_over, limit=3)
    first.start()
    first.submit("jobs", "x", partition="p")
    assert begun.wait(20)
    first.rest()
    stopping.set()
    first.stop(10)
    done: list[str] = []
    second = DbosWork(database_url=database_url, executor_id="second")
    second.register("jobs", done.append, limit=3)
    second.start()
    second.submit("jobs", "x", partition="p")
    wait_until(lambda: done == ["x"])
    second.submit("jobs", "y", partition="p")
    wait_until(lambda: "y" in done)
    second.stop(10)
    assert done == ["x", "y"]


def test_work_that_rests_takes_none(work: Work) -> None:
    done: list[str] = []
    work.register("jobs", done.append)
    work.start()
    work.submit("jobs", "x")
    wait_until(lambda: done == ["x"])
    work.rest()
    work.submit("jobs", "y")
    work.stop(5)
    assert done == ["x"]


def test_work_done_is_forgotten_after_a_while(database_url: str) -> None:
    work = DbosWork(database_url=database_url)
    go, done = threading.Event(), Counter[str]()

    def handle(key: str) -> None:
        if key == "slow":
            go.wait(60)
        done[key] += 1

    work.register("jobs", handle, limit=2)
    work.start()
    for key in ("slow", "a", "b"):
        work.submit("jobs", key, partition="p")
    wait_until(lambda: done == {"a": 1, "b": 1})
    assert work.purge(time.time() - 60) == 0
    purged = 0
    deadline = time.monotonic() + 20
    while purged < 2 and time.monotonic() < deadline:  # the last one's end may not be on record yet
        purged += work.purge(time.time() + 60)
    assert purged == 2
    go.set()
    wait_until(lambda: done["slow"] == 1)
    work.stop(10)
    assert done == {"a": 1, "b": 1, "slow": 1}
