"""Filters of trigger runs, as the database answers them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from restudio.core.errors import RestudioError
from restudio.factory.runs.queries import firing_conditions, firing_order, read_filter
from restudio.storage.db import SqlDatabase
from restudio.triggers import rules, store
from restudio.triggers.types import FiringState, Ref, Trigger

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FIRED = (
    ("Weekly", FiringState.SUCCEEDED),
    ("weekly", FiringState.FAILED),
    ("Hours", FiringState.RUNNING),
    ("hours", FiringState.BLOCKED),
    ("Ärger", FiringState.CANCELLED),
)


@pytest.fixture
def fired(database: SqlDatabase) -> SqlDatabase:
    """One an hour from noon on, in the order of :data:`FIRED`."""
    with database.begin() as conn:
        for i, (name, state) in enumerate(FIRED):
            at = NOON + timedelta(hours=i)
            trigger = Trigger(f"{i:032}", Ref("factory", "f", name), "ScheduleTrigger", "{}", started=True)
            store.insert(conn, [replace(rules.make_firing(trigger, "k", at, at), state=state)], at)
    return database


def by(operand: str, operator: str, *values: str) -> dict[str, Any]:
    return {"filters": [{"operand": operand, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, [4, 3, 2, 1, 0]),
        (by("TriggerName", "Equals", "WEEKLY"), [1, 0]),
        (by("triggerName", "In", "hours", "Ärger"), [4, 3, 2]),
        (by("TriggerName", "NotEquals", "weekly"), [4, 3, 2]),
        (by("Status", "Equals", "inprogress"), [3, 2]),
        (by("Status", "NotIn", "InProgress", "Cancelled"), [1, 0]),
        (by("Status", "In", "WaitingOnDependency", "Failed"), [3, 1]),
        (by("Status", "Equals", "Canceling"), []),
        (by("Status", "NotEquals", "Canceling"), [4, 3, 2, 1, 0]),
        (by("TriggerRunTimestamp", "Equals", "2026-03-01T14:00:00.0000000Z"), [2]),
        (by("PipelineName", "Equals", "of another kind of query"), [4, 3, 2, 1, 0]),
        ({"lastUpdatedAfter": "2026-03-01T13:00:00Z", "lastUpdatedBefore": "2026-03-01T15:00:00Z"}, [3, 2, 1]),
        (
            {"lastUpdatedAfter": "0001-01-01T00:00:00+05:00", "lastUpdatedBefore": "9999-12-31T23:59:59-05:00"},
            [4, 3, 2, 1, 0],
        ),
        ({"orderBy": [{"orderBy": "TriggerRunTimestamp", "order": "ASC"}]}, [0, 1, 2, 3, 4]),
        ({"orderBy": [{"orderBy": "Status", "order": "DESC"}], **by("Status", "NotEquals", "Inprogress")}, [0, 1, 4]),
        (
            {"orderBy": [{"orderBy": "TriggerName", "order": "ASC"}], **by("TriggerName", "In", "hours", "weekly")},
            [3, 2, 1, 0],
        ),
    ],
)
def test_trigger_runs_are(fired: SqlDatabase, asked: dict[str, Any], expected: list[int]) -> None:
    wanted = read_filter(asked)
    with fired.read() as conn:
        found = store.list_firings(conn, "factory", "f", firing_conditions(wanted), firing_order(wanted), limit=10)
    assert [int(each.trigger_id) for each in found] == expected


def test_a_timestamp_that_is_none_is_refused() -> None:
    with pytest.raises(RestudioError, match="triggerruntimestamp must be"):
        firing_conditions(read_filter(by("TriggerRunTimestamp", "Equals", "noon")))
