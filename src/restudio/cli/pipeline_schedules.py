"""``restudio pipelines schedule``: pipelines that run by themselves."""

from __future__ import annotations

from typing import Annotated

import typer

from restudio.cli.command import Session, command
from restudio.cli.pipeline_values import data_of, parameters_of
from restudio.client.pipeline_types import Schedule

app = typer.Typer(no_args_is_help=True, help="Pipelines that run by the clock, or when files change.")


@command(app, "list")
def list_(session: Session) -> None:
    """All schedules, the newest first."""
    found = session.client.schedules.list()
    rows = [(s.id, s.name, s.status, _rule(s), s.pipeline_endpoint_id or s.pipeline_id, s.next_time) for s in found]
    session.out.rows(found, ("id", "name", "status", "when", "runs", "next"), rows, empty="No schedules yet.")


@command(app, "create")
def create(
    session: Session,
    name: str,
    pipeline: Annotated[str | None, typer.Option(help="Published pipeline to run.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="Pipeline endpoint (id or name) to run.")] = None,
    every: Annotated[str | None, typer.Option(help="Minute, Hour, Day, Week or Month.")] = None,
    interval: Annotated[int, typer.Option(help="Every so many of them.")] = 1,
    start: Annotated[str | None, typer.Option(help="Local start time, such as 2031-07-28T06:00:00.")] = None,
    zone: Annotated[str, typer.Option(help="Time zone.")] = "UTC",
    on: Annotated[list[str] | None, typer.Option(help="Week day; repeat it.")] = None,
    hour: Annotated[list[int] | None, typer.Option(help="Hour of the day; repeat it.")] = None,
    minute: Annotated[list[int] | None, typer.Option(help="Minute of the hour; repeat it.")] = None,
    watch: Annotated[str | None, typer.Option(help="STORE:FOLDER; new and changed files run the pipeline.")] = None,
    poll: Annotated[int, typer.Option(help="Minutes between looks.")] = 5,
    path_parameter: Annotated[str | None, typer.Option(help="Parameter that receives the file's path.")] = None,
    experiment: Annotated[str | None, typer.Option(help="Name that groups runs.")] = None,
    parameters: Annotated[list[str] | None, typer.Option("--set", "-p", help="NAME=VALUE; repeat it.")] = None,
    data: Annotated[list[str] | None, typer.Option("--data", "-d", help="NAME=STORE:PATH; repeat it.")] = None,
) -> None:
    """Let a pipeline or an endpoint run by itself: --every by the clock, or --watch on changes."""
    recurrence: dict[str, object] | None = None
    if every is not None:
        recurrence = {"Frequency": every, "Interval": interval, "StartTime": start, "TimeZone": zone,
                      "Hours": hour or [], "Minutes": minute or [], "WeekDays": on or []}  # fmt: skip
    watching: dict[str, object] | None = None
    if watch is not None:
        store, _, folder = watch.partition(":")
        watching = {"DataStoreName": store, "RelativePath": folder, "PollingInterval": poll,
                    "DataPathParameterName": path_parameter}  # fmt: skip
    made = session.client.schedules.create(
        name,
        pipeline=pipeline,
        endpoint=session.client.pipeline_endpoints.get(endpoint).id if endpoint else None,
        recurrence=recurrence,
        watch=watching,
        experiment=experiment,
        parameters=parameters_of(parameters),
        data=data_of(data),
    )
    _told(session, made)


@command(app, "enable")
def enable(session: Session, schedule: str) -> None:
    """Let a schedule fire again."""
    _told(session, session.client.schedules.enable(schedule))


@command(app, "disable")
def disable(session: Session, schedule: str) -> None:
    """Keep a schedule, but let it rest."""
    _told(session, session.client.schedules.disable(schedule))


@command(app, "delete")
def delete(session: Session, schedule: str) -> None:
    """Remove a schedule; its runs stay."""
    session.client.schedules.delete(schedule)
    session.out.value({"deleted": schedule}, f"{schedule} is deleted.")


@command(app, "fire")
def fire(session: Session, schedule: str) -> None:
    """Let a schedule fire now."""
    session.out.value(session.client.schedules.fire(schedule), f"{schedule} fires now.")


@command(app, "runs")
def runs(session: Session, schedule: str) -> None:
    """What a schedule ran, the newest first."""
    found = session.client.schedules.runs(schedule)
    rows = [(r.id, r.status, r.created_date, r.error_message) for r in found]
    session.out.rows(found, ("run", "status", "submitted", "failure"), rows, empty="It has not fired yet.")


def _told(session: Session, schedule: Schedule) -> None:
    following = f", next {schedule.next_time}" if schedule.next_time else ""
    session.out.value(schedule, f"{schedule.id}  {schedule.name} is {schedule.status}{following}")


def _rule(schedule: Schedule) -> str:
    if schedule.watch:
        return f"changes in {schedule.watch['DataStoreName']}:{schedule.watch['RelativePath']}"
    told = schedule.recurrence or {}
    return f"every {told.get('Interval')} {told.get('Frequency')}"
