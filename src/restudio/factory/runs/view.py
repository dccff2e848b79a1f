"""Activity runs as monitoring shows them, from the events of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from restudio.factory.properties import Json
from restudio.factory.runs.events import Event
from restudio.factory.runs.state import ActivityState, AttemptState, fold
from restudio.factory.types import ActivityRun, PipelineRun


def activity_runs(run: PipelineRun, types: Mapping[str, str], events: Iterable[Event]) -> list[ActivityRun]:
    """Every attempt of a run, in the order in which they began. Skipped activities have none. ``types`` by name."""
    found = [
        _activity_run(run, types, activity, attempt)
        for activity in fold(events).activities.values()
        for attempt in activity.attempts
    ]
    return sorted(found, key=lambda each: each.started)


def _activity_run(
    run: PipelineRun, types: Mapping[str, str], activity: ActivityState, attempt: AttemptState
) -> ActivityRun:
    started, name = attempt.started, activity.path.rpartition("/")[2]
    return ActivityRun(
        id=started.id,
        run_id=run.id,
        pipeline=run.pipeline,
        path=activity.path,
        name=name,
        type=types.get(name, ""),
        status=attempt.status,
        started=started.at,
        ended=attempt.ended,
        input=started.input,
        output=_output(attempt),
        error=attempt.error,
        attempt=started.attempt,
        linked_service=started.linked_service,
        user_properties=started.user_properties,
        progress=attempt.progress,
        child_run_id=activity.called.run_id if activity.called and attempt is activity.attempt else None,
    )


def _output(attempt: AttemptState) -> Json:
    return {"secureOutput": True} if attempt.sealed is not None else attempt.output
