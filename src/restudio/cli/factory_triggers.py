"""``restudio factory trigger`` and ``slices``: what starts pipelines by itself, and what it started."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from restudio.cli.command import Session, command
from restudio.cli.factory import Group, Name, app, factory_of
from restudio.client.factories import Slice
from restudio.core.errors import Kind, RestudioError

trigger = typer.Typer(no_args_is_help=True, help="Triggers: start, stop, fire by hand, and their runs.")
slices = typer.Typer(no_args_is_help=True, help="Slices of pipelines of version 1.")
app.add_typer(trigger, name="trigger")
app.add_typer(slices, name="slices")
Limit = Annotated[int, typer.Option(help="At most so many, the newest.")]
Pipeline = Annotated[str, typer.Argument(help="Name of the pipeline of version 1.")]


@command(trigger, "list")
def list_triggers(session: Session, factory: Name = None, group: Group = None) -> None:
    """Triggers, and whether they are started."""
    found = factory_of(session, factory, group).list_triggers()
    rows = [(each.name, each.type, each.state) for each in found]
    session.out.rows(found, ("trigger", "type", "state"), rows, empty="No triggers.")


@command(trigger)
def start(session: Session, name: str, factory: Name = None, group: Group = None) -> None:
    """Let a trigger fire from now on."""
    factory_of(session, factory, group).start_trigger(name)
    session.out.value(None, f"{name} is started.")


@command(trigger)
def stop(session: Session, name: str, factory: Name = None, group: Group = None) -> None:
    """Let a trigger fire no more; what it started goes on."""
    factory_of(session, factory, group).stop_trigger(name)
    session.out.value(None, f"{name} is stopped.")


@command(trigger)
def fire(
    session: Session,
    name: str,
    at: Annotated[str | None, typer.Option(help="The instant, or one in the window, as 2026-03-01T06:00:00Z.")] = None,
    body: Annotated[str | None, typer.Option(help="Body of the event, as JSON.")] = None,
    factory: Name = None,
    group: Group = None,
) -> None:
    """Fire a trigger once by hand, started or not."""
    run = factory_of(session, factory, group).fire_trigger(name, at, None if body is None else _object(body))
    session.out.value(run, run.trigger_run_id)


@command(trigger)
def runs(
    session: Session, name: str | None = None, limit: Limit = 50, factory: Name = None, group: Group = None
) -> None:
    """What fired, the newest first."""
    found = factory_of(session, factory, group).list_trigger_runs(name, limit=limit)
    rows = [
        (
            each.trigger_name,
            each.properties.get("ScheduleTime", ""),
            each.properties.get("State", each.status),
            ", ".join(each.triggered_pipelines.values()),
            each.message,
            each.trigger_run_id,
        )
        for each in found
    ]
    session.out.rows(found, ("trigger", "for", "state", "runs", "message", "id"), rows, empty="Nothing has fired.")


@command(trigger)
def rerun(session: Session, name: str, run: str, factory: Name = None, group: Group = None) -> None:
    """Start what a trigger run started once more."""
    factory_of(session, factory, group).rerun_trigger(name, run)
    session.out.value(None, f"{run} runs again.")


@command(trigger)
def cancel(session: Session, name: str, run: str, factory: Name = None, group: Group = None) -> None:
    """End a trigger run that waits or runs."""
    factory_of(session, factory, group).cancel_trigger(name, run)
    session.out.value(None, f"{run} is being cancelled.")


@command(slices, "list")
def list_slices(
    session: Session,
    pipeline: Pipeline,
    begin: Annotated[str | None, typer.Option("--from", help="Only slices after this instant.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Only slices before this instant.")] = None,
    factory: Name = None,
    group: Group = None,
) -> None:
    """Slices that a pipeline's activities make, the oldest first, with their states."""
    found = factory_of(session, factory, group).list_slices(pipeline, begin, end)
    rows = [(s.activity, s.dataset, s.start, s.end, _state(s), s.message) for s in found]
    columns = ("activity", "dataset", "from", "to", "state", "message")
    session.out.rows(found, columns, rows, empty="No slices: does the pipeline have an active period?")


@command(slices, "start")
def start_slices(session: Session, pipeline: Pipeline, factory: Name = None, group: Group = None) -> None:
    """Work on the slices of a pipeline, from the begin of its active period on."""
    factory_of(session, factory, group).resume_pipeline(pipeline)
    session.out.value(None, f"{pipeline} is started.")


@command(slices, "pause")
def pause_slices(session: Session, pipeline: Pipeline, factory: Name = None, group: Group = None) -> None:
    """Start no further slices; what runs goes on."""
    factory_of(session, factory, group).suspend_pipeline(pipeline)
    session.out.value(None, f"{pipeline} is paused.")


@command(slices, "set")
def set_slice(
    session: Session,
    pipeline: Pipeline,
    activity: str,
    start: Annotated[str, typer.Argument(help="Where the slice starts, as 2024-01-08 or 2024-01-08T00:00:00Z.")],
    state: Annotated[str, typer.Argument(help="Waiting (run again), Ready or Skipped.")],
    end: Annotated[str | None, typer.Option("--to", help="All slices from there to this instant.")] = None,
    upstream: Annotated[bool, typer.Option("--upstream", help="Also the slices that it needs, and theirs.")] = False,
    factory: Name = None,
    group: Group = None,
) -> None:
    """Set the state of one slice, or of all in an interval."""
    found = factory_of(session, factory, group)
    count = found.set_slices(pipeline, activity, start, state, end=end, upstream=upstream)
    session.out.value({"count": count}, f"{count} slice{'s are' if count > 1 else ' is'} {state} now.")


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        message = f'--body must be a JSON object such as {{"fileName": "a.csv"}}; got \'{text[:80]}\'.'
        raise RestudioError(Kind.BAD_ARGUMENT, "BadArgument", message)
    return found


def _state(found: Slice) -> str:
    return f"{found.state}/{found.substate}" if found.substate else found.state
