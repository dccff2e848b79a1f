"""``restudio pipelines runs``: what ran, how far it is, and what it gave."""

from __future__ import annotations

from typing import Annotated

import typer

from restudio.cli.command import Session, command
from restudio.cli.pipeline_values import data_of, parameters_of
from restudio.cli.progress import watch_pipeline

app = typer.Typer(no_args_is_help=True, help="Runs of pipelines.")


@command(app, "list")
def list_(
    session: Session,
    experiment: Annotated[str | None, typer.Option(help="Only of this experiment.")] = None,
    pipeline: Annotated[str | None, typer.Option(help="Only of this published pipeline.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="Only of this pipeline endpoint.")] = None,
    draft: Annotated[str | None, typer.Option(help="Only of this draft.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.")] = 50,
) -> None:
    """Runs, the newest first."""
    found = session.client.pipeline_runs.list(
        experiment=experiment, pipeline=pipeline, endpoint=endpoint, draft=draft, limit=limit
    )
    rows = [(r.id, r.name, r.status, r.experiment, r.run_source, r.created_date, r.error_message) for r in found]
    columns = ("run", "pipeline", "status", "experiment", "source", "submitted", "failure")
    session.out.rows(found, columns, rows, empty="No runs yet.")


@command(app, "show")
def show(session: Session, run: str) -> None:
    """A run and its steps."""
    view = session.client.pipeline_runs.get(run)
    rows = [
        (s.id, s.name, s.status + (" (reused)" if s.is_reused else ""), f"{s.progress:.0%}", s.error_message)
        for s in view.steps
    ]
    session.out.rows(view, ("step", "component", "status", "done", "failure"), rows, empty=f"{view.id}  {view.status}")
    session.out.note(f"{view.status}; parameters: {view.parameter_assignments}")


@command(app, "watch")
def watch(session: Session, run: str) -> None:
    """Follow a run to its end; exit status 1 when it does not finish."""
    ended = watch_pipeline(session.out, session.client, run)
    session.out.value(ended, f"{ended.id}  {ended.status}")
    if not ended.ended_well:
        raise typer.Exit(1)


@command(app, "cancel")
def cancel(session: Session, run: str) -> None:
    """Stop a run; its working processes are killed."""
    session.client.pipeline_runs.cancel(run)
    session.out.value({"run": run}, f"{run} is being canceled.")


@command(app, "resubmit")
def resubmit(
    session: Session,
    run: str,
    parameters: Annotated[list[str] | None, typer.Option("--set", "-p", help="NAME=VALUE; repeat it.")] = None,
    data: Annotated[list[str] | None, typer.Option("--data", "-d", help="NAME=DATASET or NAME=STORE:PATH.")] = None,
) -> None:
    """Run again what a run did, with its values where no others are given."""
    again = session.client.pipeline_runs.resubmit(run, parameters=parameters_of(parameters), data=data_of(data))
    session.out.value(again, f"{again.id}  {again.status}")


@command(app, "metrics")
def metrics(session: Session, runs: list[str]) -> None:
    """Metrics of runs side by side."""
    told = {run: session.client.pipeline_runs.metrics(run) for run in runs}
    columns = [(run, trainer) for run, found in told.items() for trainer in found]
    names = dict.fromkeys(name for run, trainer in columns for name in told[run][trainer])
    rows = [(name, *(told[run][trainer].get(name) for run, trainer in columns)) for name in names]
    heads = ("metric", *(f"{run[:8]} {trainer}" for run, trainer in columns))
    session.out.rows(told, heads, rows, empty="The runs have no evaluation.")


@command(app, "register-model")
def register_model(
    session: Session,
    run: str,
    name: str,
    node: Annotated[str | None, typer.Option(help="The step that trained.")] = None,
) -> None:
    """Save the trained model of a run under a name; a known name gets its next version."""
    made = session.client.pipeline_runs.register_model(run, name, node=node)
    session.out.value(made, f"{made.id}  {made.name}, version {made.version}")


@command(app, "register-dataset")
def register_dataset(
    session: Session,
    run: str,
    node: Annotated[str, typer.Argument(help="The step, such as score.")],
    port: Annotated[str, typer.Argument(help="Its output, such as 'Scored dataset'.")],
    name: str,
) -> None:
    """Save a table that a run gave as a data set; a known name gets its next version."""
    made = session.client.pipeline_runs.register_dataset(run, node, port, name)
    session.out.value(made, f"{made.id}  {made.name}, version {made.version}")


@command(app, "clone")
def clone(session: Session, run: str, name: Annotated[str | None, typer.Option(help="Of the draft.")] = None) -> None:
    """Make a draft from a run, with its values as defaults."""
    made = session.client.pipeline_runs.clone(run, name=name)
    session.out.value(made, f"{made.id}  {made.name}")


@command(app, "inference")
def inference(
    session: Session,
    run: str,
    role: Annotated[str, typer.Argument(help="real-time or batch")] = "real-time",
    train: Annotated[str | None, typer.Option(help="The step that trained, where several did.")] = None,
) -> None:
    """Make the inference pipeline of a training run, or bring the one that is there up to date."""
    made = session.client.pipeline_runs.create_inference(run, role, train=train)
    rows = [(c.node, c.what, c.why) for c in made.changes]
    session.out.rows(made, ("node", "change", "because"), rows, empty="It was up to date.")
    session.out.note(f"{made.draft.id}  {made.draft.name}")
