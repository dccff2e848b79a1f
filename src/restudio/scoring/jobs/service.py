"""Use cases of batch execution: submit, start, status, cancel; and the life of jobs over restarts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from restudio.blobs.fetch import Fetcher
from restudio.blobs.service import BlobService
from restudio.core.errors import Kind, RestudioError
from restudio.core.ids import is_id, new_id
from restudio.experiments import store as run_store
from restudio.scoring.jobs import store
from restudio.scoring.jobs.requests import Destinations, open_request, seal_request
from restudio.scoring.jobs.rules import ensure_can_start, parse_request
from restudio.scoring.jobs.running import JobRunner
from restudio.scoring.jobs.types import Deployments, Job, JobState, JobStatus
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.seams.secrets import Secrets
from restudio.seams.work import Work

KIND = "job"
MAX_RUNNING = 40
"""Jobs of one endpoint that run at once; the rest wait (classic limit)."""
SAS_LIFETIME_S = 86_400.0
RETENTION_S = 7 * 86_400.0


class JobService:
    """Thread-safe. Call :meth:`register` before the work starts and :meth:`recover` after it has."""

    def __init__(
        self,
        db: Database,
        blobs: BlobService,
        fetcher: Fetcher,
        secrets: Secrets,
        clock: Clock,
        work: Work,
        deployments: Deployments,
        scratch: Path,
    ) -> None:
        self._db = db
        self._secrets = secrets
        self._clock = clock
        self._work = work
        self._deployments = deployments
        self._destinations = Destinations(blobs, fetcher, clock, SAS_LIFETIME_S)
        self._runner = JobRunner(db, blobs, fetcher, secrets, clock, deployments, self._destinations, scratch)

    def register(self) -> None:
        """Tell the durable work how jobs are done."""
        self._work.register(KIND, self._runner.run, limit=MAX_RUNNING)

    def recover(self) -> None:
        """Submit started jobs again: a crash may have come between the decision to start and the submission."""
        with self._db.read() as conn:
            unfinished = store.list_unfinished(conn)
        for job in unfinished:
            self._work.submit(KIND, job.id, partition=job.endpoint_id)

    def stop(self) -> None:
        """Interrupt what runs in this process, to be done again later; call it when the work takes no more."""
        self._runner.stop()

    def submit(self, endpoint_id: str, body: object) -> str:
        """Check and keep a request; gives the job id. It does nothing until :meth:`start`."""
        deployment = self._deployments.deployment(endpoint_id)
        request = parse_request(body, deployment)
        job_id = new_id()
        job = Job(
            id=job_id,
            workspace_id=deployment.workspace_id,
            service_id=deployment.service_id,
            endpoint_id=endpoint_id,
            state=JobState.NOT_STARTED,
            created=self._now(),
        )
        with self._db.begin() as conn:
            store.insert(conn, job, seal_request(request, self._secrets))
        return job.id

    def start(self, endpoint_id: str, job_id: str) -> None:
        """Queue a submitted job. ``CannotStartJob`` in any other state."""
        with self._db.begin() as conn:
            job = _ensure_mine(store.find(conn, job_id) if is_id(job_id) else None, endpoint_id, job_id)
            ensure_can_start(job)
            store.move(conn, job_id, [JobState.NOT_STARTED], state=JobState.QUEUED.value)
        self._work.submit(KIND, job_id, partition=endpoint_id)

    def get(self, endpoint_id: str, job_id: str) -> Job:
        """``JobNotFound`` unless the job belongs to this endpoint."""
        if not is_id(job_id):
            raise _unknown(job_id)
        with self._db.read() as conn:
            return _ensure_mine(store.find(conn, job_id), endpoint_id, job_id)

    def find(self, workspace_id: str, job_id: str) -> Job:
        """A job of any endpoint of a workspace; ``JobNotFound`` when there is none."""
        with self._db.read() as conn:
            job = store.find(conn, job_id) if is_id(job_id) else None
        if job is None or job.workspace_id != workspace_id:
            raise RestudioError.not_found("JobNotFound", "Job", job_id[:64])
        return job

    def status(self, endpoint_id: str, job_id: str) -> JobStatus:
        """State and, once finished, results with signatures made now."""
        job = self.get(endpoint_id, job_id)
        if job.state is not JobState.FINISHED:
            return JobStatus(job, None)
        with self._db.read() as conn:
            request = open_request(store.sealed_request(conn, job_id), self._secrets)
        return JobStatus(job, {port.name: self._destinations.result(job, request, port) for port in job.outputs})

    def cancel(self, endpoint_id: str, job_id: str) -> None:
        """Stop a job; what runs is killed. A job that has ended stays as it is."""
        self.get(endpoint_id, job_id)
        active = [JobState.NOT_STARTED, JobState.QUEUED, JobState.RUNNING]
        with self._db.begin() as conn:
            stopped = store.move(
                conn,
                job_id,
                active,
                state=JobState.CANCELLED.value,
                ended=self._now(),
                details="The job was cancelled by its caller.",
            )
        if stopped:
            self._work.cancel(job_id)
            self._runner.interrupt(job_id)

    def list_jobs(self, workspace_id: str, endpoint_id: str | None = None, limit: int = 100) -> Sequence[Job]:
        """Newest first."""
        with self._db.read() as conn:
            return store.list_jobs(conn, workspace_id=workspace_id, endpoint_id=endpoint_id, limit=limit)

    def purge(self) -> int:
        """Forget jobs that ended longer ago than they are kept, with what their runs told; gives their number."""
        with self._db.begin() as conn:
            gone = store.delete_ended(conn, self._now() - RETENTION_S)
            for start in range(0, len(gone), 500):
                run_store.delete_events(conn, gone[start : start + 500])
        return len(gone)

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _unknown(job_id: str) -> RestudioError:
    shown = job_id[:64]
    return RestudioError(Kind.NOT_FOUND, "JobNotFound", f"This endpoint has no batch job '{shown}'.", target=shown)


def _ensure_mine(job: Job | None, endpoint_id: str, job_id: str) -> Job:
    if job is None or job.endpoint_id != endpoint_id:
        raise _unknown(job_id)
    return job
