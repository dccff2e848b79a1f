"""``restudio factory``: documents, runs and secrets of a data factory."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from restudio.cli.command import Session, command
from restudio.cli.factory_tree import follow, tree_text
from restudio.client.factories import ENDED, Document, Factory, PipelineRun
from restudio.core.errors import Kind, RestudioError

app = typer.Typer(no_args_is_help=True, help="Data Factory: pipelines that retrain on schedule.")
secret = typer.Typer(no_args_is_help=True, help="Secrets that linked services refer to as AzureKeyVaultSecret.")
app.add_typer(secret, name="secret")
Name = Annotated[str | None, typer.Option("--factory", help="Name of the factory, by default the first one.")]
Group = Annotated[str | None, typer.Option("--group", help="Its resource group.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="NAME=VALUE of a template or global parameter, or DOCUMENT.member=VALUE."),
]
Parameters = Annotated[list[str] | None, typer.Option("--parameter", "-p", help="NAME=VALUE of the pipeline.")]
_DEFAULT = ("restudio", "restudio-factory")


def factory_of(session: Session, name: str | None, group: str | None) -> Factory:
    """The factory that a command is about."""
    return session.client.factory(name or _DEFAULT[1], group or _DEFAULT[0])


@command(app, "import")
def import_(
    session: Session,
    source: Annotated[Path, typer.Argument(help="A folder of a repository, a document, or a resource template.")],
    set_: Settings = None,
    factory: Name = None,
    group: Group = None,
) -> None:
    """Publish documents from files, all or none."""
    documents = _read(source, set_)
    published = factory_of(session, factory, group).publish(documents)
    rows = [(each.kind, each.name) for each in published]
    session.out.rows(published, ("kind", "name"), rows, empty="Nothing was published.")


@command(app)
def validate(
    session: Session,
    source: Annotated[Path, typer.Argument(help="As for import.")],
    set_: Settings = None,
    factory: Name = None,
    group: Group = None,
) -> None:
    """Check documents against the factory without publishing: file, JSON path, and what to do."""
    problems = factory_of(session, factory, group).check(_read(source, set_))
    rows = [(each.where, each.path, each.code, each.message) for each in problems]
    session.out.rows(problems, ("file", "place", "code", "problem"), rows, empty="No problems.")
    if problems:
        raise typer.Exit(1)


@command(app)
def export(
    session: Session,
    folder: Annotated[Path, typer.Argument(help="Where the files go.")],
    factory: Name = None,
    group: Group = None,
) -> None:
    """Write what the factory holds as files in the layout of a repository; documents of version 1 into a folder of
    their own if there are others. Secrets are masked; a later import into the same factory keeps them."""
    from restudio.factory.documents.bundle import to_file

    found = factory_of(session, factory, group).export()
    mixed = len({each.version for each in found}) > 1
    written = []
    for each in found:
        path, content = to_file(each.kind, each.name, each.properties)  # type: ignore[arg-type]  # the server knows these kinds
        target = folder / ("v1" if mixed and each.version == 1 else "") / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        written.append(str(target))
    session.out.value(written, "\n".join(written) or "The factory is empty.")


@command(app)
def run(
    session: Session,
    pipeline: str,
    parameter: Parameters = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the run to its end.")] = False,
    factory: Name = None,
    group: Group = None,
) -> None:
    """Start a run of a pipeline."""
    found = factory_of(session, factory, group)
    _told(session, found, found.run(pipeline, _pairs(parameter)), wait=wait)


@command(app)
def rerun(
    session: Session,
    run: str,
    from_failure: Annotated[bool, typer.Option("--from-failure", help="Go on where it failed.")] = False,
    from_activity: Annotated[str | None, typer.Option("--from-activity", help="Begin at this activity.")] = None,
    parameter: Parameters = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the run to its end.")] = False,
    factory: Name = None,
    group: Group = None,
) -> None:
    """Run again: from the start, from the failed activity, or from a named one."""
    found = factory_of(session, factory, group)
    before = found.get_run(run)
    again = found.run(
        before.pipeline_name,
        _pairs(parameter),
        reference_run=run,
        recovery=not parameter,
        start_activity=from_activity,
        from_failure=from_failure,
    )
    _told(session, found, again, wait=wait)


@command(app)
def watch(session: Session, run: str, factory: Name = None, group: Group = None) -> None:
    """Follow a run: its activities as a live tree, with durations and progress."""
    _finish(session, factory_of(session, factory, group), run)


@command(app)
def runs(
    session: Session,
    pipeline: Annotated[str | None, typer.Argument(help="Only of this pipeline.")] = None,
    limit: int = 20,
    factory: Name = None,
    group: Group = None,
) -> None:
    """Runs, newest first."""
    found = factory_of(session, factory, group).list_runs(pipeline, limit=limit)
    rows = [(r.run_id, r.pipeline_name, r.status, r.invoked_by.name, r.run_start[:19], _seconds(r)) for r in found]
    columns = ("run", "pipeline", "status", "by", "started", "seconds")
    session.out.rows(found, columns, rows, empty="No runs yet.")


@command(app)
def show(session: Session, run: str, factory: Name = None, group: Group = None) -> None:
    """A run and its activities."""
    found = factory_of(session, factory, group)
    told, activities = found.get_run(run), found.activity_runs(run)
    session.out.value({"run": _builtins(told), "activities": _builtins(activities)}, tree_text(told, activities))


@command(app)
def cancel(
    session: Session,
    run: str,
    alone: Annotated[bool, typer.Option("--alone", help="Let runs that it started go on.")] = False,
    factory: Name = None,
    group: Group = None,
) -> None:
    """Stop a run, and the runs that it started. A run that has ended stays as it is."""
    found = factory_of(session, factory, group)
    found.cancel(run, recursive=not alone)
    told = found.get_run(run)
    session.out.value(told, f"{run}  {told.status}")


@command(app)
def evaluate(
    session: Session,
    expression: Annotated[str, typer.Argument(help="As in a document: '@concat(…)' or 'text @{…}'.")],
    parameter: Parameters = None,
    item: Annotated[str | None, typer.Option(help="What item() gives, as JSON.")] = None,
) -> None:
    """Evaluate an expression, here and without a server."""
    import random
    from datetime import UTC, datetime

    from restudio.expressions.scope import Scope
    from restudio.expressions.template import compile_template
    from restudio.expressions.values import ABSENT

    scope = Scope(
        now=lambda: datetime.now(UTC),
        random=random.SystemRandom(),
        pipeline={"parameters": _pairs(parameter), "globalParameters": {}},
        activities={},
        variables={},
        item=ABSENT if item is None else _value(item),
    )
    value = compile_template(expression).evaluate(scope)
    session.out.value(value, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


@command(secret, "set")
def set_secret(
    session: Session,
    name: str,
    value: Annotated[
        str | None, typer.Option(help="The value; asked for, or read from standard input, if absent.")
    ] = None,
    factory: Name = None,
    group: Group = None,
) -> None:
    """Keep a new version of a secret."""
    if value is None:
        value = typer.prompt("Value", hide_input=True) if sys.stdin.isatty() else sys.stdin.read().rstrip("\n")
    kept = factory_of(session, factory, group).set_secret(name, value)
    session.out.value(kept, f"{kept.name}  version {kept.version}")


@command(secret, "list")
def list_secrets(session: Session, factory: Name = None, group: Group = None) -> None:
    """Names of secrets."""
    found = factory_of(session, factory, group).list_secrets()
    session.out.rows(found, ("name", "version"), [(s.name, s.version) for s in found], empty="No secrets.")


@command(secret, "delete")
def delete_secret(session: Session, name: str, factory: Name = None, group: Group = None) -> None:
    """Forget a secret."""
    factory_of(session, factory, group).delete_secret(name)
    session.out.value(None, f"{name} is gone.")


def _told(session: Session, factory: Factory, run: str, *, wait: bool) -> None:
    if wait:
        _finish(session, factory, run)
    else:
        session.out.value({"runId": run}, run)


def _finish(session: Session, factory: Factory, run: str) -> None:
    ended = follow(session.out, factory, run)
    if session.out.as_json:
        session.out.value(ended, "")
    if ended.status in ENDED and ended.status != "Succeeded":
        message = ended.message or f"The run is {ended.status}."
        raise RestudioError(Kind.MODULE_EXECUTION, "PipelineRunFailed", message, target=run)


def _read(source: Path, settings: Sequence[str] | None) -> list[Document]:
    from restudio.factory.documents.bundle import FOLDER_OF, read_bundle

    if not source.exists():
        raise RestudioError(Kind.NOT_FOUND, "NoSuchFile", f"There is no file or folder {source}.")
    if source.is_dir():
        paths = sorted(each for each in source.rglob("*.json") if not any(p.startswith(".") for p in each.parts[1:]))
        files = [(each.relative_to(source).as_posix(), each.read_bytes()) for each in paths]
    else:
        # The folder of a repository tells what its files are, also when one is given alone.
        folder = source.resolve().parent.name
        is_known = folder.casefold() in {each.casefold() for each in FOLDER_OF.values()}
        files = [(f"{folder}/{source.name}" if is_known else source.name, source.read_bytes())]
    return [
        Document(each.kind, each.name, dict(each.properties), each.where, version=each.generation)
        for each in read_bundle(files, _texts(settings))
    ]


def _texts(written: Sequence[str] | None) -> dict[str, str]:
    pairs = {}
    for text in written or []:
        name, equals, value = text.partition("=")
        if not equals:
            raise RestudioError(Kind.BAD_ARGUMENT, "BadArgument", f"'{text}' should be NAME=VALUE.")
        pairs[name] = value
    return pairs


def _pairs(written: Sequence[str] | None) -> dict[str, Any]:
    return {name: _value(text) for name, text in _texts(written).items()}


def _value(text: str) -> Any:
    """A value of the command line: JSON where it is that, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _seconds(run: PipelineRun) -> str:
    return "" if run.duration_in_ms is None else f"{run.duration_in_ms / 1000:.1f}"


def _builtins(value: object) -> Any:
    import msgspec

    return msgspec.to_builtins(value)
