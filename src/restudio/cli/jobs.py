"""``restudio jobs``: batch execution."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from restudio.cli.command import ServiceName, Session, command
from restudio.cli.console import at
from restudio.cli.location import parse_location
from restudio.cli.progress import watch_job
from restudio.client.blobs import BlobAccount
from restudio.client.scoring import ENDED, Scoring, blob_input, location_input
from restudio.core.errors import Kind, RestudioError

app = typer.Typer(no_args_is_help=True, help="Batch jobs of the workspace.")


@command(app, "list")
def list_(session: Session) -> None:
    """Jobs, newest first."""
    found = session.client.jobs.list()
    rows = [(j.id, j.status, at(j.created), at(j.ended), j.endpoint_id, j.failure) for j in found]
    session.out.rows(found, ("job", "status", "submitted", "ended", "endpoint", "failure"), rows, empty="No jobs yet.")


@command(app, "show")
def show(session: Session, job: str) -> None:
    """One job."""
    found = session.client.jobs.get(job)
    session.out.value(found, f"{found.id}  {found.status}  {found.failure or ''}".rstrip())


@command(app, "run")
def run(
    session: Session,
    service: ServiceName,
    inputs: Annotated[list[str], typer.Argument(help="PORT=FILE, or PORT=ADDRESS with its SAS.")],
    endpoint: Annotated[str, typer.Option(help="Which endpoint of the service.")] = "default",
    parameter: Annotated[list[str] | None, typer.Option(help="NAME=VALUE of a web-service parameter.")] = None,
) -> None:
    """Submit a batch job and follow it; local files are uploaded first. Prints where the results lie."""
    found = session.client.endpoints.get(session.service_id(service), endpoint)
    scoring = Scoring(found.api_location, found.primary_key)
    sources = {port: _source(session, where) for port, where in _pairs(inputs).items()}
    job = scoring.submit(sources, parameters=_pairs(parameter or []))
    scoring.start(job)
    ended = watch_job(session.out, scoring, job)
    told = {"job": job, "status": ended.status_code, "results": ended.results, "details": ended.details}
    lines = [f"{port}  {location.url}" for port, location in (ended.results or {}).items()]
    session.out.value(told, "\n".join([f"{job}  {ended.status_code}", *lines]))
    if ended.status_code != "Finished":
        raise RestudioError(Kind.MODULE_EXECUTION, "JobFailed", ended.details or f"The job is {ended.status_code}.")


@command(app, "cancel")
def cancel(session: Session, job: str) -> None:
    """Stop a job; what runs is killed. A job that has ended stays as it is."""
    known = session.client.jobs.get(job)
    endpoints = session.client.endpoints.list(known.service_id)
    endpoint = next(one for one in endpoints if one.id == known.endpoint_id)
    if known.status not in ENDED:
        Scoring(endpoint.api_location, endpoint.primary_key).cancel(job)
    session.out.value(session.client.jobs.get(job), f"{job} is {session.client.jobs.get(job).status}.")


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise RestudioError(Kind.BAD_ARGUMENT, "BadArgument", f"'{text}' should be NAME=VALUE.")
        pairs[name] = value
    return pairs


def _source(session: Session, where: str) -> dict[str, str]:
    if where.startswith(("http://", "https://")):
        return location_input(parse_location(where))
    file = Path(where)
    if not file.is_file():
        raise RestudioError(Kind.NOT_FOUND, "NoSuchFile", f"There is no file {file}.")
    connection = session.credentials.storage_connection_string
    BlobAccount(connection).upload(f"uploads/{file.name}", file)
    return blob_input(connection, f"uploads/{file.name}")
