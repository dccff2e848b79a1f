"""TumblingWindowTrigger: every interval from a start on, past ones included (Data Factory reference, section 8.3)."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal, cast

from restudio.core.errors import Kind, RestudioError
from restudio.expressions.errors import ExpressionError
from restudio.expressions.scope import Scope
from restudio.expressions.template import compile_template, evaluate_tree, expression_of
from restudio.factory.activity import Property
from restudio.factory.documents.fields import Fields
from restudio.factory.documents.problems import Problems
from restudio.factory.properties import Json
from restudio.factory.trigger import trigger, trigger_context
from restudio.triggers.windows import Dependency, Terms, Window, Windows

MAX_CONCURRENCY = 50
MAX_DEPENDENCIES = 5
MIN_MINUTES = 5
SELF = "SelfDependencyTumblingWindowTriggerReference"
OTHER = "TumblingWindowTriggerDependencyReference"
_UNSTEADY = frozenset({"utcnow", "getfuturetime", "getpasttime", "rand", "guid"})
"""Functions that answer otherwise whenever they are asked, so that a window would be due at no certain time."""


@trigger(
    type="TumblingWindowTrigger",
    single=True,
    properties=(
        Property("frequency", "string", required=True, choices=("Minute", "Hour", "Month"), help="Unit of a window."),
        Property("interval", "int", required=True, help="Length of a window in that unit; at least 5 minutes."),
        Property("startTime", "string", required=True, help="Where the first window starts; may be past."),
        Property("endTime", "string", help="No window starts at it or later."),
        Property(
            "delay", "string", default="00:00:00", help="How long after its end a window is due; or an expression."
        ),
        Property("maxConcurrency", "int", required=True, help="Windows worked on at once, 1 to 50."),
        Property(
            "retryPolicy",
            "object",
            help="count (or an expression) and intervalInSeconds: reruns before a window counts as failed.",
        ),
        Property("dependsOn", "array", help="Up to five windows, of other triggers or earlier ones, that come first."),
    ),
)
def tumbling_window(fields: Fields) -> Windows:
    """Starts a pipeline for every window of time, oldest first, and waits for it; a window runs until it succeeds.
    Expressions see the window: `trigger().outputs.windowStartTime`, `trigger().outputs.windowEndTime`."""
    frequency = fields.choice("frequency", ("Minute", "Hour", "Month"), required=True, default="Hour")
    interval = fields.integer("interval", 1, 100_000, required=True, default=1)
    if frequency == "Minute" and interval < MIN_MINUTES:
        fields.problem("interval", f"a window has at least {MIN_MINUTES} minutes; got {interval}.")
        interval = MIN_MINUTES
    retry = fields.object("retryPolicy")
    entries = fields.objects("dependsOn")
    if len(entries) > MAX_DEPENDENCIES:
        fields.problem("dependsOn", f"a trigger depends on at most {MAX_DEPENDENCIES} others; got {len(entries)}.")
    asks = _is_expression(fields.raw.get("delay")) or _is_expression(retry.raw.get("count"))
    terms = Terms(timedelta(0), 0) if asks else _read_terms(fields)
    windows = Windows(
        frequency=cast(Literal["Minute", "Hour", "Month"], frequency),
        interval=interval,
        start=(fields.utc("startTime", required=True) or datetime(2000, 1, 1, tzinfo=UTC)).replace(microsecond=0),
        end=fields.utc("endTime"),
        delay=terms.delay,
        max_concurrency=fields.integer("maxConcurrency", 1, MAX_CONCURRENCY, required=True, default=1),
        retries=terms.retries,
        retry_interval=timedelta(seconds=retry.integer("intervalInSeconds", 0, 86_400, default=30)),
        depends_on=tuple(_read_dependency(each) for each in entries),
    )
    return _with_expressions(windows, fields) if asks else windows


def _with_expressions(windows: Windows, fields: Fields) -> Windows:
    """What goes wrong for the first window is told at once."""

    def tell_terms(window: Window) -> Terms:
        problems = Problems("")
        terms = _evaluate_terms(fields, window, problems)
        for each in problems.found:
            place = each.path.removeprefix(f"{fields.path}.")
            message = f"'{place}' of the window from {window.start.isoformat()}: {each.message}"
            raise RestudioError(Kind.BAD_ARGUMENT, each.code, message, target=each.path)
        return terms

    first = windows.window(windows.first)
    if first is not None:
        _evaluate_terms(fields, first, fields.problems)
    return replace(windows, tell_terms=tell_terms)


def _evaluate_terms(fields: Fields, window: Window, problems: Problems) -> Terms:
    trigger = trigger_context(window.end, window.start, window.end)
    scope = Scope(now=lambda: window.end, random=random.Random(0), trigger=trigger)

    def evaluate(fields: Fields, name: str) -> Json:
        try:
            return _evaluate(fields.raw.get(name), scope)
        except ExpressionError as error:
            problems.add(f"{fields.path}.{name}", error.detail, error.message)
            return None

    told = {
        "delay": evaluate(fields, "delay"),
        "retryPolicy": {"count": evaluate(fields.object("retryPolicy"), "count")},
    }
    return _read_terms(Fields(told, fields.path, problems))


def _evaluate(value: Json, scope: Scope) -> Json:
    text = expression_of(value) or value
    unsteady = _UNSTEADY & compile_template(text).references.functions if isinstance(text, str) else None
    if unsteady:
        raise ExpressionError(
            f"{min(unsteady)}() answers otherwise each time that it is asked; expected what follows from the window, "
            "such as trigger().outputs.windowStartTime."
        )
    return evaluate_tree(value, scope)


def _is_expression(value: Json) -> bool:
    return expression_of(value) is not None or (isinstance(value, str) and "@" in value)


def _read_terms(fields: Fields) -> Terms:
    return Terms(_read_delay(fields), fields.object("retryPolicy").integer("count", 0, 1000, default=0))


def _read_delay(fields: Fields) -> timedelta:
    delay = fields.span("delay", default=timedelta(0))
    if delay < timedelta(0):
        fields.problem("delay", "a window cannot be due before its end; expected a time span from 00:00:00.")
    return max(delay, timedelta(0))


def _read_dependency(fields: Fields) -> Dependency:
    kind = fields.choice("type", (SELF, OTHER), default=OTHER)
    offset = fields.span("offset", required=kind == SELF, default=timedelta(0))
    size = fields.span("size", default=timedelta(0))
    if size < timedelta(0):
        fields.problem("size", "expected a time span longer than 00:00:00.")
    if kind == SELF:
        if offset >= timedelta(0):
            fields.problem("offset", "a trigger depends on its earlier windows: expected a negative time span.")
        return Dependency(None, offset, size or None)
    reference = fields.object("referenceTrigger", required=True).text("referenceName", required=True)
    return Dependency(reference, offset, size or None)
