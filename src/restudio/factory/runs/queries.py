"""Filters of the management API over runs (Data Factory reference, section 10.3).

Operands of another kind of query are accepted and ignored: clients send one filter everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from restudio.core.errors import Kind, RestudioError
from restudio.factory.properties import Json, Properties
from restudio.factory.tables import pipeline_runs
from restudio.factory.types import ActivityRun
from restudio.triggers.tables import firings
from restudio.triggers.types import FiringState

PAGE = 100
OPERATORS = ("Equals", "NotEquals", "In", "NotIn")
OPERANDS = frozenset(
    {
        "pipelinename",
        "runstart",
        "runend",
        "status",
        "rungroupid",
        "latestonly",
        "activityname",
        "activityrunstart",
        "activityrunend",
        "activitytype",
        "triggername",
        "triggerruntimestamp",
    }
)
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Condition:
    """``operand`` is folded."""

    operand: str
    negative: bool
    values: tuple[str, ...]

    def holds(self, value: str) -> bool:
        return (value.casefold() in {each.casefold() for each in self.values}) != self.negative


@dataclass(frozen=True, slots=True)
class RunFilter:
    """What to list. ``after`` and ``before`` are epoch seconds, both inclusive; ``order`` holds pairs of a folded
    field and whether it descends; ``offset`` is where the page begins."""

    after: float | None = None
    before: float | None = None
    conditions: tuple[Condition, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    items: list[Item]
    next_offset: int | None


def read_filter(body: Mapping[str, Json]) -> RunFilter:
    """A filter as clients send it; 400 for what cannot be one."""
    members = Properties(body)
    return RunFilter(
        after=_instant(members, "lastUpdatedAfter"),
        before=_instant(members, "lastUpdatedBefore"),
        conditions=tuple(_condition(each) for each in members.list("filters")),
        order=tuple(_order(each) for each in members.list("orderBy")),
        offset=_offset(members.get("continuationToken")),
    )


def run_conditions(asked: RunFilter) -> list[sa.ColumnElement[bool]]:
    """The filter of pipeline runs in SQL."""
    table = pipeline_runs.c
    columns: Mapping[str, Any] = {
        "pipelinename": table.pipeline_key,
        "status": sa.func.lower(table.status),
        "rungroupid": sa.func.lower(table.group_id),
    }
    found: list[sa.ColumnElement[bool]] = []
    if asked.after is not None:
        found.append(table.updated >= asked.after)
    if asked.before is not None:
        found.append(table.updated <= asked.before)
    for condition in asked.conditions:
        values = [each.casefold() for each in condition.values]
        if condition.operand in columns:
            column = columns[condition.operand]
            found.append(column.not_in(values) if condition.negative else column.in_(values))
        elif condition.operand == "latestonly" and condition.holds("true"):
            found.append(table.is_latest.is_(True))
        elif condition.operand in ("runstart", "runend"):
            moments = [_parse(each, condition.operand) for each in condition.values]
            column = table.started if condition.operand == "runstart" else table.ended
            found.append(column.not_in(moments) if condition.negative else column.in_(moments))
    return found


def run_order(asked: RunFilter) -> list[Any]:
    """The order of pipeline runs in SQL, newest first unless told; complete, so that pages neither repeat nor miss."""
    table = pipeline_runs.c
    columns: Mapping[str, Any] = {
        "pipelinename": table.pipeline_key,
        "status": table.status,
        "runstart": table.created,
        "runend": table.ended,
    }
    told = [columns[f].desc() if down else columns[f].asc() for f, down in asked.order if f in columns]
    return [*(told or [table.created.desc()]), table.id]


def firing_conditions(asked: RunFilter) -> list[sa.ColumnElement[bool]]:
    """The filter of trigger runs in SQL. A status is one of the management API, or a state of :class:`FiringState`."""
    table = firings.c
    found: list[sa.ColumnElement[bool]] = []
    if asked.after is not None:
        found.append(table.updated >= asked.after)
    if asked.before is not None:
        found.append(table.updated <= asked.before)
    for condition in asked.conditions:
        values = [each.casefold() for each in condition.values]
        if condition.operand == "triggername":
            # Databases know the other case of ASCII letters alone.
            named = table.name.in_(condition.values) | sa.func.lower(table.name).in_(values)
            found.append(~named if condition.negative else named)
        elif condition.operand == "status":
            states = [s.value for s in FiringState if {s.value.casefold(), status_of(s).casefold()} & set(values)]
            found.append(table.state.not_in(states) if condition.negative else table.state.in_(states))
        elif condition.operand == "triggerruntimestamp":
            moments = [_parse(each, condition.operand) for each in condition.values]
            found.append(table.created.not_in(moments) if condition.negative else table.created.in_(moments))
    return found


def firing_order(asked: RunFilter) -> list[Any]:
    """The order of trigger runs in SQL, as far as one is told."""
    table = firings.c
    columns: Mapping[str, Any] = {
        "triggername": sa.func.lower(table.name),
        "triggerruntimestamp": table.created,
        "status": table.state,
    }
    return [columns[f].desc() if down else columns[f].asc() for f, down in asked.order if f in columns]


def status_of(state: FiringState) -> str:
    """The status of a trigger run as the management API tells it."""
    return state.value if state.ended else "Inprogress"


def filter_activity_runs(found: Sequence[ActivityRun], asked: RunFilter) -> Page[ActivityRun]:
    """A page of the attempts of a run."""
    values: Mapping[str, Callable[[ActivityRun], str]] = {
        "activityname": lambda run: run.name,
        "activitytype": lambda run: run.type,
        "status": lambda run: run.status,
    }
    kept = [
        run
        for run in found
        if (asked.after is None or (run.ended or run.started) >= asked.after)
        and (asked.before is None or run.started <= asked.before)
        and all(c.holds(values[c.operand](run)) for c in asked.conditions if c.operand in values)
    ]
    keys: Mapping[str, Callable[[ActivityRun], Any]] = {
        "activityname": lambda run: run.name.casefold(),
        "status": lambda run: run.status,
        "activityrunstart": lambda run: run.started,
        "activityrunend": lambda run: run.ended or float("inf"),
    }
    for field, down in reversed(asked.order):
        if field in keys:
            kept.sort(key=keys[field], reverse=down)
    return page_of(kept, asked.offset)


def page_of(items: Sequence[Item], offset: int, size: int = PAGE) -> Page[Item]:
    """The items of one page."""
    end = offset + size
    return Page(list(items[offset:end]), end if len(items) > end else None)


def _condition(written: Json) -> Condition:
    entry = Properties(written) if isinstance(written, Mapping) else Properties({})
    operand, operator = str(entry.get("operand", "")), str(entry.get("operator", ""))
    if operand.casefold() not in OPERANDS:
        raise _wrong(f"'{operand[:80]}' cannot be filtered by.", "filters")
    known = next((each for each in OPERATORS if each.casefold() == operator.casefold()), None)
    if known is None:
        raise _wrong(f"A filter's operator is one of {', '.join(OPERATORS)}; got '{operator[:80]}'.", "filters")
    return Condition(operand.casefold(), known.startswith("Not"), tuple(str(each) for each in entry.list("values")))


def _order(written: Json) -> tuple[str, bool]:
    entry = Properties(written) if isinstance(written, Mapping) else Properties({})
    return str(entry.get("orderBy", "")).casefold(), str(entry.get("order", "ASC")).casefold() == "desc"


def _offset(token: Json) -> int:
    if token is None or token == "":
        return 0
    if isinstance(token, str) and token.isascii() and token.isdigit() and len(token) < 10:
        return int(token)
    raise _wrong("The continuationToken is not one that an earlier answer gave.", "continuationToken")


def _instant(members: Properties, name: str) -> float | None:
    value = members.get(name)
    return None if value is None else _parse(value, name)


def _parse(value: Json, name: str) -> float:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise _wrong(f"{name} must be an ISO 8601 instant; got '{str(value)[:80]}'.", name) from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _wrong(message: str, target: str) -> RestudioError:
    return RestudioError(Kind.BAD_ARGUMENT, "InvalidFilter", message, target=target)
