"""Tables and queries of experiments and runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import msgspec
import sqlalchemy as sa

from restudio.core.decoding import decode_json, from_builtins
from restudio.experiments.types import Experiment, ExperimentKind, Run, Snapshot
from restudio.graph.events import Event, Failure, RunView
from restudio.graph.stored import dump_graph, load_graph
from restudio.seams.database import metadata

experiments = sa.Table(
    "experiments",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("workspace_id", sa.String(32), nullable=False, index=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("training_id", sa.String(32), nullable=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("deleted", sa.Boolean, nullable=False, default=False),
)

experiment_versions = sa.Table(
    "experiment_versions",
    metadata,
    sa.Column("experiment_id", sa.String(32), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("graph", sa.Text, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("workspace_id", sa.String(32), nullable=False),
    sa.Column("experiment_id", sa.String(32), nullable=False, index=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("snapshot", sa.Text, nullable=False),
    sa.Column("cancel_requested", sa.Boolean, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("started", sa.Float, nullable=True),
    sa.Column("ended", sa.Float, nullable=True),
    sa.Column("failure", sa.Text, nullable=True),
)

run_events = sa.Table(
    "run_events",
    metadata,
    sa.Column("run_id", sa.String(32), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
)


def insert_version(conn: sa.Connection, experiment: Experiment, author: str) -> None:
    """Add a version and make it the current one; the first version adds the experiment."""
    if experiment.version == 1:
        conn.execute(
            experiments.insert().values(
                id=experiment.id,
                workspace_id=experiment.workspace_id,
                version=1,
                training_id=experiment.training_id,
                kind=experiment.kind,
                deleted=False,
            )
        )
    else:
        conn.execute(experiments.update().where(experiments.c.id == experiment.id).values(version=experiment.version))
    conn.execute(
        experiment_versions.insert().values(
            experiment_id=experiment.id,
            version=experiment.version,
            title=experiment.title,
            description=experiment.description,
            graph=dump_graph(experiment.graph),
            created=experiment.updated,
            author=author,
        )
    )


def find_experiment(
    conn: sa.Connection, experiment_id: str, version: int | None = None, *, deleted: bool = False
) -> Experiment | None:
    """A version of a living experiment, by default the current one; with ``deleted`` of a removed one too."""
    wanted = experiments.c.version if version is None else sa.literal(version)
    row = conn.execute(_joined(wanted, deleted=deleted).where(experiments.c.id == experiment_id)).one_or_none()
    return None if row is None else _experiment(row)


def find_predictive(conn: sa.Connection, training_id: str) -> Experiment | None:
    """The newest predictive experiment made from a training experiment."""
    query = _joined(experiments.c.version).where(experiments.c.training_id == training_id)
    row = conn.execute(query.order_by(experiment_versions.c.created.desc()).limit(1)).one_or_none()
    return None if row is None else _experiment(row)


def list_experiments(conn: sa.Connection, workspace_id: str, kind: ExperimentKind) -> Sequence[Experiment]:
    """Current versions, newest first."""
    query = _joined(experiments.c.version).where(experiments.c.workspace_id == workspace_id, experiments.c.kind == kind)
    return [_experiment(row) for row in conn.execute(query.order_by(experiment_versions.c.created.desc()))]


def list_versions(conn: sa.Connection, experiment_id: str) -> Sequence[int]:
    table = experiment_versions.c
    query = sa.select(table.version).where(table.experiment_id == experiment_id).order_by(table.version)
    return list(conn.execute(query).scalars())


def delete_experiment(conn: sa.Connection, experiment_id: str) -> None:
    """Hide an experiment; its versions and runs stay."""
    conn.execute(experiments.update().where(experiments.c.id == experiment_id).values(deleted=True))


def _joined(version: sa.ColumnElement[int], *, deleted: bool = False) -> sa.Select[tuple[object, ...]]:
    e, v = experiments.c, experiment_versions.c
    joined = experiments.join(experiment_versions, (v.experiment_id == e.id) & (v.version == version))
    columns = (e.id, e.workspace_id, e.training_id, e.kind, v.version, v.title, v.description, v.graph, v.created)
    query = sa.select(*columns).select_from(joined)
    return query if deleted else query.where(e.deleted.is_(False))


def _experiment(row: sa.Row[tuple[object, ...]]) -> Experiment:
    return Experiment(
        id=row.id,
        workspace_id=row.workspace_id,
        title=row.title,
        version=row.version,
        updated=row.created,
        graph=load_graph(row.graph),
        description=row.description,
        training_id=row.training_id,
        kind=row.kind,
    )


def insert_run(conn: sa.Connection, run: Run, snapshot: Snapshot, author: str) -> None:
    text = json.dumps(msgspec.to_builtins(snapshot))
    conn.execute(
        runs.insert().values(
            id=run.id,
            workspace_id=run.workspace_id,
            experiment_id=run.experiment_id,
            version=run.version,
            title=run.title,
            author=author,
            snapshot=text,
            cancel_requested=False,
            state=run.state,
            created=run.created,
        )
    )


def find_run(conn: sa.Connection, run_id: str) -> Run | None:
    row = conn.execute(sa.select(runs).where(runs.c.id == run_id)).one_or_none()
    return None if row is None else _run(row)


def find_runs(conn: sa.Connection, run_ids: Sequence[str]) -> Mapping[str, tuple[Run, bool]]:
    """Runs by id, each with whether its end has been asked for."""
    rows = conn.execute(sa.select(runs).where(runs.c.id.in_(run_ids)))
    return {row.id: (_run(row), bool(row.cancel_requested)) for row in rows}


def list_runs(conn: sa.Connection, experiment_id: str) -> Sequence[Run]:
    """Newest first."""
    query = sa.select(runs).where(runs.c.experiment_id == experiment_id).order_by(runs.c.created.desc(), runs.c.id)
    return [_run(row) for row in conn.execute(query)]


def list_unfinished(conn: sa.Connection) -> Sequence[str]:
    """Ids of runs that have not ended, oldest first."""
    query = sa.select(runs.c.id).where(runs.c.state.in_(("NotStarted", "Running"))).order_by(runs.c.created, runs.c.id)
    return list(conn.execute(query).scalars())


def get_snapshot(conn: sa.Connection, run_id: str) -> Snapshot:
    text = conn.execute(sa.select(runs.c.snapshot).where(runs.c.id == run_id)).scalar_one()
    return from_builtins(json.loads(text), Snapshot)


def set_snapshot(conn: sa.Connection, run_id: str, snapshot: Snapshot) -> None:
    """Keep what was decided after the run was submitted: the data that its paths led to."""
    text = json.dumps(msgspec.to_builtins(snapshot))
    conn.execute(runs.update().where(runs.c.id == run_id).values(snapshot=text))


def request_cancel(conn: sa.Connection, run_id: str) -> None:
    conn.execute(runs.update().where(runs.c.id == run_id).values(cancel_requested=True))


def is_cancel_requested(conn: sa.Connection, run_id: str) -> bool:
    return bool(conn.execute(sa.select(runs.c.cancel_requested).where(runs.c.id == run_id)).scalar_one())


def list_events(conn: sa.Connection, run_id: str, after: int = -1) -> Sequence[tuple[int, Event]]:
    """Events of a run in order, with their numbers."""
    table = run_events.c
    query = sa.select(table.number, table.body).where(table.run_id == run_id, table.number > after)
    rows = conn.execute(query.order_by(table.number)).all()
    return [(row.number, decode_json(row.body, Event)) for row in rows]


def append_events(conn: sa.Connection, run_id: str, first: int, events: Sequence[Event]) -> None:
    """Add events under consecutive numbers. A number that is taken is an ``IntegrityError``: two write one run."""
    rows = [
        {"run_id": run_id, "number": first + i, "body": msgspec.json.encode(event).decode()}
        for i, event in enumerate(events)
    ]
    conn.execute(run_events.insert(), rows)


def delete_events(conn: sa.Connection, run_ids: Sequence[str]) -> None:
    """Forget what runs told."""
    conn.execute(run_events.delete().where(run_events.c.run_id.in_(run_ids)))


def update_run(conn: sa.Connection, run_id: str, view: RunView) -> None:
    """Keep the state of a run beside it, for lists."""
    failure = None if view.failure is None else msgspec.json.encode(view.failure).decode()
    values = {"state": view.state, "started": view.started, "ended": view.ended, "failure": failure}
    conn.execute(runs.update().where(runs.c.id == run_id).values(**values))


def _run(row: sa.Row[tuple[object, ...]]) -> Run:
    return Run(
        id=row.id,
        workspace_id=row.workspace_id,
        experiment_id=row.experiment_id,
        version=row.version,
        title=row.title,
        state=row.state,
        created=row.created,
        started=row.started,
        ended=row.ended,
        failure=None if row.failure is None else decode_json(row.failure, Failure),
    )
