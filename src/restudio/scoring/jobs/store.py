"""Table and queries of jobs. What callers sent holds keys and signatures, so it is stored sealed."""

from __future__ import annotations

import json
from collections.abc import Sequence

import sqlalchemy as sa

from restudio.core.spec import PortKind
from restudio.scoring.jobs.types import Job, JobState, OutputPort
from restudio.seams.database import metadata

jobs = sa.Table(
    "batch_jobs",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("workspace_id", sa.String(32), nullable=False, index=True),
    sa.Column("service_id", sa.String(32), nullable=False),
    sa.Column("endpoint_id", sa.String(32), nullable=False, index=True),
    sa.Column("revision", sa.String(64), nullable=True),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("sealed_request", sa.Text, nullable=False),
    sa.Column("details", sa.Text, nullable=True),
    sa.Column("progress", sa.Text, nullable=False),
    sa.Column("outputs", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("started", sa.Float, nullable=True),
    sa.Column("ended", sa.Float, nullable=True),
)
_SHOWN = [column for column in jobs.c if column.name != "sealed_request"]


def insert(conn: sa.Connection, job: Job, sealed_request: str) -> None:
    conn.execute(
        jobs.insert().values(
            id=job.id,
            workspace_id=job.workspace_id,
            service_id=job.service_id,
            endpoint_id=job.endpoint_id,
            revision=job.revision,
            state=job.state.value,
            sealed_request=sealed_request,
            details=None,
            progress="",
            outputs="[]",
            attempts=0,
            created=job.created,
        )
    )


def find(conn: sa.Connection, job_id: str) -> Job | None:
    row = conn.execute(sa.select(*_SHOWN).where(jobs.c.id == job_id)).one_or_none()
    return None if row is None else _to_job(row)


def outputs_text(outputs: Sequence[OutputPort]) -> str:
    """Output ports as the table keeps them."""
    return json.dumps([(port.name, port.kind.value) for port in outputs])


def sealed_request(conn: sa.Connection, job_id: str) -> str:
    return str(conn.scalar(sa.select(jobs.c.sealed_request).where(jobs.c.id == job_id)))


def state_of(conn: sa.Connection, job_id: str) -> JobState | None:
    state = conn.scalar(sa.select(jobs.c.state).where(jobs.c.id == job_id))
    return None if state is None else JobState(state)


def move(conn: sa.Connection, job_id: str, source: Sequence[JobState], **values: object) -> bool:
    """Change a job that is in one of these states; False when it is in another one by now."""
    changed = conn.execute(
        jobs.update().where(jobs.c.id == job_id, jobs.c.state.in_([s.value for s in source])).values(**values)
    )
    return bool(changed.rowcount)


def list_jobs(conn: sa.Connection, *, workspace_id: str, endpoint_id: str | None, limit: int) -> list[Job]:
    """Newest first."""
    query = sa.select(*_SHOWN).where(jobs.c.workspace_id == workspace_id)
    if endpoint_id is not None:
        query = query.where(jobs.c.endpoint_id == endpoint_id)
    return [_to_job(row) for row in conn.execute(query.order_by(jobs.c.created.desc(), jobs.c.id).limit(limit))]


def list_unfinished(conn: sa.Connection) -> list[Job]:
    """Started jobs without an outcome, oldest first."""
    active = [JobState.QUEUED.value, JobState.RUNNING.value]
    query = sa.select(*_SHOWN).where(jobs.c.state.in_(active)).order_by(jobs.c.created)
    return [_to_job(row) for row in conn.execute(query)]


def delete_ended(conn: sa.Connection, before: float) -> list[str]:
    """Forget jobs that ended, or were submitted and never started, before a moment; gives their ids."""
    never_started = sa.and_(jobs.c.state == JobState.NOT_STARTED.value, jobs.c.created < before)
    old = sa.or_(jobs.c.ended < before, never_started)
    return list(conn.execute(jobs.delete().where(old).returning(jobs.c.id)).scalars())


def _to_job(row: sa.Row[tuple[object, ...]]) -> Job:
    return Job(
        id=row.id,
        workspace_id=row.workspace_id,
        service_id=row.service_id,
        endpoint_id=row.endpoint_id,
        state=JobState(row.state),
        created=row.created,
        revision=row.revision,
        started=row.started,
        ended=row.ended,
        details=row.details,
        progress=row.progress,
        outputs=tuple(OutputPort(name, PortKind(kind)) for name, kind in json.loads(row.outputs)),
        attempts=row.attempts,
    )
