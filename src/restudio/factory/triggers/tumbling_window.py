"""TumblingWindowTrigger: every interval from a start on, past ones included (Data Factory reference, section 8.3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal, cast

from restudio.factory.activity import Property
from restudio.factory.documents.fields import Fields
from restudio.factory.trigger import trigger
from restudio.triggers.windows import Dependency, Windows

MAX_CONCURRENCY = 50
MAX_DEPENDENCIES = 5
MIN_MINUTES = 5
SELF = "SelfDependencyTumblingWindowTriggerReference"
OTHER = "TumblingWindowTriggerDependencyReference"


@trigger(
    type="TumblingWindowTrigger",
    single=True,
    fixed=("frequency", "interval", "startTime"),
    properties=(
        Property("frequency", "string", required=True, choices=("Minute", "Hour", "Month"), help="Unit of a window."),
        Property("interval", "int", required=True, help="Length of a window in that unit; at least 5 minutes."),
        Property("startTime", "string", required=True, help="Where the first window starts; may be past."),
        Property("endTime", "string", help="No window starts at it or later."),
        Property("delay", "string", default="00:00:00", help="How long after its end a window is due."),
        Property("maxConcurrency", "int", required=True, help="Windows worked on at once, 1 to 50."),
        Property("retryPolicy", "object", help="count and intervalInSeconds: reruns before a window counts as failed."),
        Property("dependsOn", "array", help="Up to five windows, of other triggers or earlier ones, that come first."),
    ),
)
def tumbling_window(fields: Fields) -> Windows:
    """Starts a pipeline for every window of time, oldest first, and waits for it; a window runs until it succeeds."""
    frequency = fields.choice("frequency", ("Minute", "Hour", "Month"), required=True, default="Hour")
    interval = fields.integer("interval", 1, 100_000, required=True, default=1)
    if frequency == "Minute" and interval < MIN_MINUTES:
        fields.problem("interval", f"a window has at least {MIN_MINUTES} minutes; got {interval}.")
        interval = MIN_MINUTES
    retry = fields.object("retryPolicy")
    entries = fields.objects("dependsOn")
    if len(entries) > MAX_DEPENDENCIES:
        fields.problem("dependsOn", f"a trigger depends on at most {MAX_DEPENDENCIES} others; got {len(entries)}.")
    return Windows(
        frequency=cast(Literal["Minute", "Hour", "Month"], frequency),
        interval=interval,
        start=_read_instant(fields, "startTime", required=True) or datetime(2000, 1, 1, tzinfo=UTC),
        end=_read_instant(fields, "endTime"),
        delay=_read_delay(fields),
        max_concurrency=fields.integer("maxConcurrency", 1, MAX_CONCURRENCY, required=True, default=1),
        retries=retry.integer("count", 0, 1000, default=0),
        retry_interval=timedelta(seconds=retry.integer("intervalInSeconds", 0, 86_400, default=30)),
        depends_on=tuple(_read_dependency(each) for each in entries),
    )


def _read_instant(fields: Fields, name: str, *, required: bool = False) -> datetime | None:
    found = fields.instant(name, required=required)
    if found is None:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)


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
