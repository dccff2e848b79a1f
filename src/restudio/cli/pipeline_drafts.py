"""``restudio pipelines draft``: editable pipelines and their parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from restudio.cli.command import Session, command
from restudio.client.pipeline_types import Draft

app = typer.Typer(no_args_is_help=True, help="Editable pipelines and their parameters.")


@command(app, "list")
def list_(session: Session) -> None:
    """All drafts, the newest first."""
    found = session.client.drafts.list()
    rows = [(d.id, d.name, d.version, d.role, d.experiment_name, len(d.parameters)) for d in found]
    columns = ("id", "name", "version", "role", "experiment", "parameters")
    session.out.rows(found, columns, rows, empty="No drafts yet.")


@command(app, "import")
def import_(
    session: Session, file: Path, into: Annotated[str | None, typer.Option(help="Draft to replace.")] = None
) -> None:
    """Save a *.pipeline.yaml file as a draft."""
    saved = session.client.drafts.import_yaml(file.read_text(encoding="utf-8"), draft=into)
    session.out.value(saved, f"{saved.id}  {saved.name}, version {saved.version}")


@command(app, "export")
def export(
    session: Session, draft: str, file: Annotated[Path | None, typer.Argument(help="Default: print it.")] = None
) -> None:
    """Write a draft as YAML; importing it again loses nothing."""
    text = session.client.drafts.export_yaml(draft)
    if file is None:
        session.out.value({"yaml": text}, text)
    else:
        file.write_text(text, encoding="utf-8")
        session.out.value({"file": str(file)}, f"Written to {file}.")


@command(app, "check")
def check(session: Session, draft: str) -> None:
    """Tell what keeps a draft from running; exit status 1 when something does."""
    found = session.client.drafts.problems(draft)
    session.out.rows(found, ("node", "problem"), [(p.node, p.message) for p in found], empty="It can run.")
    if found:
        raise typer.Exit(1)


@command(app, "delete")
def delete(session: Session, draft: str) -> None:
    """Remove a draft; its runs and what was published stay."""
    session.client.drafts.delete(draft)
    session.out.value({"deleted": draft}, f"{draft} is deleted.")


@command(app, "parameters")
def parameters(session: Session, draft: str) -> None:
    """The parameters of a draft and the fields that they serve."""
    _show(session, session.client.drafts.get(draft))


@command(app, "declare")
def declare(
    session: Session,
    draft: str,
    name: str,
    type: Annotated[str, typer.Argument(help="String, Int, Float, Boolean or DataSource")],
    default: Annotated[str | None, typer.Option(help="Without one a call must give a value.")] = None,
    description: Annotated[str, typer.Option(help="What it means.")] = "",
) -> None:
    """Add a parameter that serves no field yet."""
    _show(session, session.client.drafts.declare(draft, name, type, default=default, description=description))


@command(app, "attach")
def attach(session: Session, draft: str, node: str, field: str, parameter: str) -> None:
    """Let a parameter, new or known, serve a field of a node."""
    _show(session, session.client.drafts.attach(draft, node, field, parameter))


@command(app, "detach")
def detach(session: Session, draft: str, node: str, field: str) -> None:
    """Give a field its own value again: the parameter's."""
    _show(session, session.client.drafts.detach(draft, node, field))


@command(app, "parameter")
def parameter(
    session: Session,
    draft: str,
    name: str,
    rename: Annotated[str | None, typer.Option(help="Another name.")] = None,
    default: Annotated[str | None, typer.Option(help="Another default.")] = None,
    description: Annotated[str | None, typer.Option(help="What it means.")] = None,
    remove: Annotated[bool, typer.Option(help="Take it away; its fields keep the value.")] = False,
) -> None:
    """Rename, describe, change or remove a parameter."""
    drafts = session.client.drafts
    if remove:
        _show(session, drafts.remove_parameter(draft, name))
    else:
        _show(session, drafts.change_parameter(draft, name, name=rename, default=default, description=description))


@command(app, "update-inference")
def update_inference(
    session: Session,
    draft: str,
    run: Annotated[str | None, typer.Option(help="Training run; default: the newest that finished.")] = None,
) -> None:
    """Bring an inference pipeline to what a training run learned; tells what it replaced."""
    made = session.client.drafts.update_inference(draft, run=run)
    rows = [(c.node, c.what, c.why) for c in made.changes]
    session.out.rows(made, ("node", "change", "because"), rows, empty="It was up to date.")


@command(app, "deploy")
def deploy(
    session: Session,
    draft: str,
    name: Annotated[str | None, typer.Option(help="Of the web service; default: the draft's.")] = None,
    staging: Annotated[bool, typer.Option("--staging", help="To staging only.")] = False,
) -> None:
    """Deploy a real-time inference pipeline as a web service, or as the next version of the one it is."""
    made = session.client.drafts.deploy(draft, name=name, go_live=not staging)
    session.out.value(made, f"{made.name} version {made.version} ({made.stage})\n{made.scoring_uri}")


def _show(session: Session, draft: Draft) -> None:
    rows = [
        (p.name, p.type, p.default, p.required, ", ".join(f"{u.node} / {u.field}" for u in p.uses), p.description)
        for p in draft.parameters
    ]
    columns = ("name", "type", "default", "required", "used by", "description")
    session.out.rows(draft, columns, rows, empty="The draft has no parameters.")
