"""``restudio factory trigger`` and ``slices``: what starts pipelines by itself, and what it started."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from restudio.cli.command import Session, command
from restudio.cli.factory import Group, Name, factory_of
from restudio.client.factories import TriggerRun
from restudio.core.errors import Kind, RestudioError, nearest

trigger = typer.Typer(no_args_is_help=True, help="Triggers: start, stop, fire by hand, and their runs.")
slices = typer.Typer(no_args_is_help=True, help="Slices of pipelines of version 1.")
Limit = Annotated[int, typer.Option(help="At most so many, the newest.")]
_SLICE_STATES = {
    "Waiting": "Waiting/ConcurrencyLimit",
    "WaitingOnDependency": "Waiting/DatasetDependencies",
    "Starting": "Waiting/Retry",
    "Running": "InProgress",
    "Succeeded": "Ready",
}


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
    run = factory_of(session, factory, group).fire_trigger(name, at, None if body is None else json.loads(body))
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
    pipeline: Annotated[str, typer.Argument(help="Name of the pipeline of version 1.")],
    limit: Limit = 500,
    factory: Name = None,
    group: Group = None,
) -> None:
    """Slices of a pipeline's activities, the newest first, with their states."""
    found = _slices(session, pipeline, limit, factory, group)
    rows = [
        (
            each.trigger_name.removeprefix(f"{pipeline} - "),
            each.properties.get("windowStartTime", ""),
            each.properties.get("windowEndTime", ""),
            _state(each),
            each.message,
        )
        for each in found
    ]
    columns = ("activity", "from", "to", "state", "message")
    session.out.rows(found, columns, rows, empty="No slices: is the pipeline started?")


@command(slices, "start")
def start_slices(session: Session, pipeline: str, factory: Name = None, group: Group = None) -> None:
    """Work on the slices of a pipeline, from the begin of its active period on."""
    found = factory_of(session, factory, group)
    names = [each.name for each in found.list_triggers() if each.name.startswith(f"{pipeline} - ")]
    for name in names:
        found.start_trigger(name)
    session.out.value(names, "\n".join(names) or f"There is no pipeline of version 1 named {pipeline}.")


@command(slices, "pause")
def pause_slices(session: Session, pipeline: str, factory: Name = None, group: Group = None) -> None:
    """Start no further slices; what runs goes on."""
    found = factory_of(session, factory, group)
    names = [each.name for each in found.list_triggers() if each.name.startswith(f"{pipeline} - ")]
    for name in names:
        found.stop_trigger(name)
    session.out.value(names, "\n".join(names) or f"There is no pipeline of version 1 named {pipeline}.")


@command(slices, "set")
def set_slice(
    session: Session,
    pipeline: str,
    activity: str,
    start: Annotated[str, typer.Argument(help="Where the slice starts, as the list shows it.")],
    state: Annotated[str, typer.Argument(help="Waiting (run again), Ready or Skipped.")],
    upstream: Annotated[bool, typer.Option("--upstream", help="Also slices of the same time before it.")] = False,
    factory: Name = None,
    group: Group = None,
) -> None:
    """Set the state of one slice."""
    name = f"{pipeline} - {activity}"
    mine = _slices(session, pipeline, 5000, factory, group)
    chosen = [
        each
        for each in mine
        if each.properties.get("windowStartTime") == start and (upstream or each.trigger_name == name)
    ]
    if not chosen:
        starts = sorted({each.properties.get("windowStartTime", "") for each in mine if each.trigger_name == name})
        message = (
            f"No slice of {name} starts at '{start}'.{nearest(start, starts)} 'slices list {pipeline}' shows them."
        )
        raise RestudioError(Kind.NOT_FOUND, "SliceNotFound", message, target="start")
    found = factory_of(session, factory, group)
    for each in chosen:
        if state.casefold() == "waiting":
            found.rerun_trigger(each.trigger_name, each.trigger_run_id)
        else:
            found.mark_trigger(each.trigger_name, each.trigger_run_id, state)
    session.out.value([each.trigger_run_id for each in chosen], f"{len(chosen)} slices are {state} now.")


def _slices(session: Session, pipeline: str, limit: int, factory: Name, group: Group) -> list[TriggerRun]:
    found = factory_of(session, factory, group).list_trigger_runs(None, limit=limit)
    return [each for each in found if each.trigger_name.startswith(f"{pipeline} - ")]


def _state(run: TriggerRun) -> str:
    state = run.properties.get("State", run.status)
    if state == "Cancelled":
        return "Skipped" if run.message == "Skipped" else "Failed/Canceled"
    return _SLICE_STATES.get(state, state)
