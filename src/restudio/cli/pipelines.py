"""``restudio pipelines``: draw, submit, publish and follow designer pipelines."""

from __future__ import annotations

from typing import Annotated

import typer

from restudio.cli import pipeline_drafts, pipeline_endpoints, pipeline_runs, pipeline_schedules
from restudio.cli.command import Session, command
from restudio.cli.pipeline_values import data_of, default_data_of, parameters_of
from restudio.cli.progress import watch_pipeline
from restudio.client.connection import ServerError
from restudio.client.pipeline_types import PipelineRun
from restudio.core.errors import Kind

app = typer.Typer(no_args_is_help=True, help="Designer pipelines: drafts, published pipelines, endpoints, runs.")
app.add_typer(pipeline_drafts.app, name="draft")
app.add_typer(pipeline_endpoints.app, name="endpoints")
app.add_typer(pipeline_runs.app, name="runs")
app.add_typer(pipeline_schedules.app, name="schedule")

PARAMETERS = Annotated[list[str] | None, typer.Option("--set", "-p", help="NAME=VALUE of a parameter; repeat it.")]
DATA = Annotated[
    list[str] | None,
    typer.Option("--data", "-d", help="NAME=DATASET, or NAME=STORE:PATH for a path of a data store; repeat it."),
]


@command(app, "submit")
def submit(
    session: Session,
    target: str,
    parameters: PARAMETERS = None,
    data: DATA = None,
    version: Annotated[str | None, typer.Option(help="Version of an endpoint; default: its default.")] = None,
    experiment: Annotated[str | None, typer.Option(help="Name that groups runs.")] = None,
    description: Annotated[str | None, typer.Option(help="What the run is for.")] = None,
    continue_on_failure: Annotated[
        bool | None, typer.Option(help="Whether a failed step leaves the others running; default: as published.")
    ] = None,
    regenerate: Annotated[bool, typer.Option(help="Take nothing from earlier runs.")] = False,
    wait: Annotated[bool, typer.Option(help="Follow the run to its end.")] = True,
) -> None:
    """Run a draft, a published pipeline (their ids) or a pipeline endpoint (its id or name)."""
    asked = {
        "parameters": parameters_of(parameters),
        "data": data_of(data),
        "experiment": experiment,
        "description": description,
        "continue_on_failure": continue_on_failure,
        "regenerate_outputs": regenerate,
        "source": "CLI",
    }
    run = _submit(session, target, version, asked)
    if wait:
        run = watch_pipeline(session.out, session.client, run.id)
    session.out.value(
        run, f"{run.id}  {run.status}" + (f", {run.reused} of {len(run.steps)} steps reused" if run.reused else "")
    )
    if wait and not run.ended_well:
        raise typer.Exit(1)


def _submit(session: Session, target: str, version: str | None, asked: dict[str, object]) -> PipelineRun:
    client = session.client
    if version is None:
        for submit in (client.published.submit, client.drafts.submit):
            try:
                return submit(target, **asked)  # type: ignore[arg-type]  # the three take the same names
            except ServerError as error:
                if error.kind is not Kind.NOT_FOUND or error.detail not in ("PipelineNotFound", "DraftNotFound"):
                    raise
    return client.pipeline_endpoints.submit(target, version=version, **asked)  # type: ignore[arg-type]  # as above


@command(app, "publish")
def publish(
    session: Session,
    draft: str,
    name: Annotated[str | None, typer.Option(help="Default: the draft's name.")] = None,
    description: Annotated[str, typer.Option(help="Default: the draft's.")] = "",
    version: Annotated[str, typer.Option(help="A name of your own for this state of it.")] = "",
    defaults: Annotated[
        list[str] | None, typer.Option("--set", "-p", help="NAME=VALUE, another default of a parameter; repeat it.")
    ] = None,
    data: DATA = None,
    continue_on_failure: Annotated[
        bool | None, typer.Option(help="Whether a failed step leaves the others running; default: as the draft says.")
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option(help="Add it to the endpoint of this name, which is made when it is not there.")
    ] = None,
    default: Annotated[bool, typer.Option(help="Make it the endpoint's default.")] = True,
) -> None:
    """Freeze a draft under an address, and with --endpoint put it on a pipeline endpoint."""
    made = session.client.drafts.publish(
        draft,
        name=name,
        description=description,
        version=version,
        defaults={**parameters_of(defaults), **default_data_of(data)},
        continue_on_failure=continue_on_failure,
    )
    if endpoint is None:
        session.out.value(made, f"{made.id}  {made.name}\n{made.rest_endpoint}")
        return
    known = {found.name for found in session.client.pipeline_endpoints.list()}
    if endpoint in known:
        shown = session.client.pipeline_endpoints.add(endpoint, made.id, default=default)
    else:
        shown = session.client.pipeline_endpoints.create(endpoint, made.id)
    newest = shown.pipeline_version_list[-1].version
    told = f"{shown.name} version {newest} is {made.id}; the default is {shown.default_version}\n{shown.rest_endpoint}"
    session.out.value(shown, told)


@command(app, "published")
def published(
    session: Session, active: Annotated[bool, typer.Option("--active", help="Only enabled ones.")] = False
) -> None:
    """Published pipelines, the newest first."""
    found = session.client.published.list(active_only=active)
    rows = [
        (p.id, p.name, p.status, p.total_run_steps, p.published_date, p.last_run_status, p.last_run_time) for p in found
    ]
    columns = ("id", "name", "status", "steps", "published", "last run", "at")
    session.out.rows(found, columns, rows, empty="Nothing is published yet.")


@command(app, "enable")
def enable(session: Session, pipeline: str) -> None:
    """Let a published pipeline run again."""
    changed = session.client.published.enable(pipeline)
    session.out.value(changed, f"{changed.name} is {changed.status}.")


@command(app, "disable")
def disable(session: Session, pipeline: str) -> None:
    """Keep a published pipeline, but refuse its runs."""
    changed = session.client.published.disable(pipeline)
    session.out.value(changed, f"{changed.name} is {changed.status}.")


@command(app, "clone")
def clone(
    session: Session, pipeline: str, name: Annotated[str | None, typer.Option(help="Of the draft.")] = None
) -> None:
    """Make a draft from a published pipeline."""
    made = session.client.published.clone(pipeline, name=name)
    session.out.value(made, f"{made.id}  {made.name}")
