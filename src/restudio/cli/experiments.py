"""``restudio experiments``: documents and their runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from restudio.cli.command import Session, command
from restudio.cli.console import at
from restudio.cli.progress import watch_run
from restudio.client.types import PortColumns, Rewritten, Run

app = typer.Typer(no_args_is_help=True, help="Import, export, run and publish experiments.")


@command(app, "list")
def list_(session: Session) -> None:
    """All experiments of the workspace."""
    found = session.client.experiments.list()
    rows = [(e.id, e.title, e.version, at(e.updated)) for e in found]
    session.out.rows(found, ("id", "title", "version", "saved"), rows, empty="No experiments yet.")


@command(app, "import")
def import_(
    session: Session, file: Path, into: Annotated[str | None, typer.Option(help="Experiment to update.")] = None
) -> None:
    """Save a *.experiment.yaml file as an experiment, or as the next version of one.

    A .json file is read as a classic experiment or ARM definition; what has no equal here is listed with its line.
    """
    if file.suffix == ".json":
        _import_classic(session, file, into)
        return
    saved = session.client.experiments.import_yaml(file.read_text(encoding="utf-8"), experiment=into)
    session.out.value(saved, f"{saved.id}  {saved.title}, version {saved.version}")


def _import_classic(session: Session, file: Path, into: str | None) -> None:
    if into is not None:
        raise typer.BadParameter("A classic experiment becomes a new one; leave --into out.")
    imported = session.client.experiments.import_classic(file.read_text(encoding="utf-8"))
    saved = imported.experiment
    report = [f"  {f'line {f.line}: ' if f.line else ''}{f.subject}: {f.reason}" for f in imported.findings]
    session.out.value(imported, "\n".join([f"{saved.id}  {saved.title}, version {saved.version}", *report]))


@command(app, "check")
def check(session: Session, experiment: str) -> None:
    """Check an experiment (an id, or a file) without running it, and show the columns that will be at each output.

    Exit status 1 when it cannot run.
    """
    file = Path(experiment)
    experiments = session.client.experiments
    found = (
        experiments.check_yaml(file.read_text(encoding="utf-8")) if file.is_file() else experiments.check(experiment)
    )
    session.out.rows(
        found, ("node", "output", "columns"), map(_columns_row, found.ports), empty="There is nothing to tell."
    )
    for problem in found.problems:
        session.out.note(f"{problem.node}: {problem.message}" if problem.node else problem.message)
    count = len(found.problems)
    session.out.note("It can run." if found.can_run else f"It cannot run: {count} problem{'s' if count > 1 else ''}.")
    if not found.can_run:
        raise typer.Exit(1)


@command(app, "export")
def export(
    session: Session,
    experiment: str,
    file: Annotated[Path | None, typer.Argument(help="Default: print it.")] = None,
    version: Annotated[int | None, typer.Option(help="Default: the current one.")] = None,
    of_run: Annotated[bool, typer.Option("--of-run", help="EXPERIMENT is a run: write what that run did.")] = False,
) -> None:
    """Write an experiment as YAML; importing it again loses nothing."""
    client = session.client
    text = client.runs.export_yaml(experiment) if of_run else client.experiments.export_yaml(experiment, version)
    if file is None:
        session.out.value({"yaml": text}, text)
    else:
        file.write_text(text, encoding="utf-8")
        session.out.value({"file": str(file)}, f"Written to {file}.")


@command(app, "versions")
def versions(session: Session, experiment: str) -> None:
    """All versions of an experiment, oldest first."""
    found = session.client.experiments.versions(experiment)
    rows = [(e.version, e.title, at(e.updated)) for e in found]
    session.out.rows(found, ("version", "title", "saved"), rows, empty="No versions.")


@command(app, "run")
def run(session: Session, experiment: str) -> None:
    """Run an experiment and follow it; exit status 1 when it does not finish."""
    started = session.client.experiments.run(experiment)
    ended = watch_run(session.out, session.client, started.id)
    session.out.value(ended, f"{ended.id}  {ended.state}")
    if not ended.ended_well:
        raise typer.Exit(1)


@command(app, "runs")
def runs(session: Session, experiment: str) -> None:
    """The history of an experiment."""
    found = session.client.experiments.runs(experiment)
    session.out.rows(found, ("run", "state", "started", "seconds"), map(_run_row, found), empty="No runs yet.")


@command(app, "show-run")
def show_run(session: Session, run: str) -> None:
    """State of every node of a run."""
    view = session.client.runs.get(run)
    rows = [
        (
            name,
            node.state + (" (cached)" if node.cached else ""),
            f"{node.fraction:.0%}",
            ", ".join(node.outputs),
            node.failure and node.failure.message,
        )
        for name, node in view.nodes.items()
    ]
    session.out.rows(view, ("node", "state", "done", "outputs", "failure"), rows, empty=f"{view.id}  {view.state}")


@command(app, "cancel")
def cancel(session: Session, run: str) -> None:
    """Stop a run; its working processes are killed."""
    session.client.runs.cancel(run)
    session.out.value({"run": run, "state": "Canceled"}, f"{run} is being canceled.")


@command(app, "output")
def output(
    session: Session,
    run: str,
    node: str,
    port: str,
    rows: Annotated[int, typer.Option(help="How many rows to show.")] = 20,
    file: Annotated[Path | None, typer.Option(help="Save the whole output here instead.")] = None,
) -> None:
    """Show the first rows of an output port, or save all of it."""
    if file is not None:
        written = session.client.runs.download(run, node, port, file)
        session.out.value({"file": str(file), "size": written}, f"{written} bytes written to {file}.")
        return
    seen = session.client.runs.preview(run, node, port, rows=rows)
    session.out.rows(seen, [str(c["name"]) for c in seen.columns], seen.rows, empty="The table has no rows.")
    session.out.note(f"{len(seen.rows)} of {seen.total_rows} rows")


@command(app, "statistics")
def statistics(session: Session, run: str, node: str, port: str) -> None:
    """What the columns of an output hold: counts, gaps, distinct values, moments; with --json also histograms."""
    found = session.client.runs.statistics(run, node, port)
    names = ("name", "type", "count", "missing", "unique", "min", "max", "mean", "median", "std")
    features = found["features"]
    assert isinstance(features, list)
    session.out.rows(found, names, ([f.get(name) for name in names] for f in features), empty="There are no columns.")


@command(app, "view")
def view(
    session: Session,
    run: str,
    node: str,
    port: str,
    images: Annotated[Path | None, typer.Option(help="Save the images of a script into this folder.")] = None,
) -> None:
    """Show what an output has beside its table, as JSON: curves of an evaluation, text and images of a script."""
    found = session.client.runs.view(run, node, port)
    drawn = found.get("images")
    if images is not None and isinstance(drawn, list):
        images.mkdir(parents=True, exist_ok=True)
        for name in map(str, drawn):
            session.client.runs.image(run, node, port, name, images / Path(name).name)
    session.out.value(found, json.dumps(found, indent=1, ensure_ascii=False))


@command(app, "promote")
def promote(
    session: Session,
    run: str,
    node: str,
    port: str,
    name: str,
    kind: Annotated[str, typer.Option(help="dataset, model or transform")] = "model",
    family: Annotated[str | None, typer.Option(help="Save as the next version of this family.")] = None,
) -> None:
    """Save an output of a run as a dataset, trained model or transform."""
    asset = session.client.runs.promote(run, node, port, kind=kind, name=name, family=family)
    session.out.value(asset, f"{asset.id}  {asset.name}, version {asset.version}")


@command(app, "set-up-web-service")
def set_up_web_service(
    session: Session,
    run: str,
    train: Annotated[str | None, typer.Option(help="The node whose model is served, where several train one.")] = None,
    fresh: Annotated[bool, typer.Option(help="Make a new one, even if there is one already.")] = False,
) -> None:
    """Turn the training experiment of a finished run into a predictive experiment."""
    _show_changes(session, session.client.runs.set_up_web_service(run, train=train, fresh=fresh))


@command(app, "set-up-retraining")
def set_up_retraining(session: Session, experiment: str) -> None:
    """Give a training experiment the ports of a retraining web service."""
    _show_changes(session, session.client.experiments.set_up_retraining(experiment))


def _show_changes(session: Session, result: Rewritten) -> None:
    rows = [(c.node, c.what, c.why) for c in result.changes]
    session.out.rows(result, ("node", "change", "why"), rows, empty="Nothing to change.")
    session.out.note(f"{result.experiment.id}  {result.experiment.title}")


def _run_row(run: Run) -> tuple[object, ...]:
    seconds = f"{run.ended - run.started:.1f}" if run.ended and run.started else ""
    return run.id, run.state, at(run.started), seconds


_SHOWN_COLUMNS = 12


def _columns_row(told: PortColumns) -> tuple[str, str, str]:
    if told.columns is None:
        return told.node, told.port, f"known by running: {told.reason}"
    names = [f"{column['name']}: {column['type']}" for column in told.columns[:_SHOWN_COLUMNS]]
    more = len(told.columns) - len(names)
    listed = ", ".join([*names, *([f"and {more} more"] if more else [])])
    return told.node, told.port, listed if told.exact else f"some of {listed}"
