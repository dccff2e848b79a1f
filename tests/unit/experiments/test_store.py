"""Tables of experiments and runs, the event log and the output cache, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from restudio.core.ids import Digest, digest_bytes
from restudio.experiments import store
from restudio.experiments.eventlog import EventLog
from restudio.experiments.outputs import OutputCache
from restudio.experiments.types import Experiment, PinnedAsset, Run, Snapshot
from restudio.graph.events import Event, Failure
from restudio.graph.model import Graph, Node
from restudio.seams.objects import Objects
from restudio.storage.clock import ManualClock
from restudio.storage.db import SqlDatabase

GRAPH = Graph((Node("a", "dataset", {"asset": "x"}, position=(1.0, 2.0)),))
RUN = Run("r1", "w", "e1", 1, "T", "NotStarted", 5.0)


def _experiment(version: int) -> Experiment:
    return Experiment("e1", "w", f"Title {version}", version, float(version), GRAPH)


def test_versions_and_predictive_experiments(database: SqlDatabase) -> None:
    with database.begin() as conn:
        store.insert_version(conn, _experiment(1), "me")
        store.insert_version(conn, _experiment(2), "me")
        made = Experiment("e2", "w", "P", 1, 9.0, GRAPH, training_id="e1")
        store.insert_version(conn, made, "me")
        assert store.find_experiment(conn, "e1") == _experiment(2)
        assert store.find_experiment(conn, "e1", 1) == _experiment(1)
        assert store.find_experiment(conn, "e1", 3) is None
        assert store.find_predictive(conn, "e1") == made
        assert [e.id for e in store.list_experiments(conn, "w", "experiment")] == ["e2", "e1"]
        store.delete_experiment(conn, "e2")
        assert store.find_predictive(conn, "e1") is None
        assert store.list_versions(conn, "e1") == [1, 2]


def test_runs_keep_their_snapshot(database: SqlDatabase) -> None:
    snapshot = Snapshot(GRAPH, {"a": PinnedAsset("x", "d", "k")}, 7, ("a",))
    with database.begin() as conn:
        store.insert_run(conn, RUN, snapshot, "me")
        assert store.find_run(conn, "r1") == RUN
        assert store.find_run(conn, "r2") is None
        assert store.get_snapshot(conn, "r1") == snapshot
        assert not store.is_cancel_requested(conn, "r1")
        store.request_cancel(conn, "r1")
        assert store.is_cancel_requested(conn, "r1")


def test_events_are_written_when_they_matter(database: SqlDatabase) -> None:
    with database.begin() as conn:
        store.insert_run(conn, RUN, Snapshot(GRAPH), "me")
    log = EventLog(database, "r1")

    def written() -> list[int]:
        with database.read() as conn:
            return [number for number, _ in store.list_events(conn, "r1")]

    log.emit(Event("started", 10.0))
    log.emit(Event("started", 10.0, "a"))
    log.emit(Event("progress", 10.1, "a", fraction=0.5))
    assert written() == [0]
    log.tick(10.1)
    assert written() == [0]
    log.tick(10.3)
    assert written() == [0, 1, 2]
    log.emit(Event("finished", 10.4, "a", outputs={"x": "k"}))
    assert written() == [0, 1, 2, 3]
    failure = Failure("0017", "no", column="c")
    log.emit(Event("failed", 11.0, failure=failure))
    log.flush()
    with database.read() as conn:
        run = store.find_run(conn, "r1")
        assert [e.kind for _, e in store.list_events(conn, "r1", after=2)] == ["finished", "failed"]
    assert run is not None
    assert (run.state, run.started, run.ended, run.failure) == ("Failed", 10.0, 11.0, failure)
    again = EventLog(database, "r1")
    assert again.view == log.view
    again.emit(Event("started", 12.0))
    assert written() == [0, 1, 2, 3, 4, 5]


def test_two_cannot_write_one_run(database: SqlDatabase) -> None:
    with database.begin() as conn:
        store.insert_run(conn, RUN, Snapshot(GRAPH), "me")
    one, two = EventLog(database, "r1"), EventLog(database, "r1")
    one.emit(Event("started", 1.0))
    with pytest.raises(sa.exc.IntegrityError):
        two.emit(Event("started", 1.0))


def test_outputs_are_found_while_their_objects_live(
    database: SqlDatabase, objects: Objects, clock: ManualClock
) -> None:
    cache = OutputCache(database, objects, clock)
    key, other = Digest("a" * 64), Digest("b" * 64)
    objects.put("o/1", b"one")
    cache.remember("w", key, {"x": "o/1"})
    cache.remember("w", key, {"x": "o/1"})
    cache.remember("w", other, {"x": "o/gone"})
    assert cache.find("w", [key, other]) == {key: {"x": "o/1"}}
    assert cache.find("other workspace", [key]) == {}
    assert cache.find("w", []) == {}
    assert cache.digest("o/1") == digest_bytes(b"one")
