"""JobRunner: does one job, however often it is called for it, to one effect.

The state in the database decides: a job that has ended is left alone; one that a killed server left running is done
again from the start, over the same places. Outputs are put in one step each; one transaction ends the job, and does so
only if nobody cancelled it meanwhile.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from restudio.blobs.fetch import Fetcher
from restudio.blobs.service import BlobService
from restudio.blobs.types import BlobHeaders
from restudio.core.errors import Kind, RestudioError
from restudio.scoring.jobs import store
from restudio.scoring.jobs.requests import Destinations, open_request
from restudio.scoring.jobs.rules import extensions_of, failure_text
from restudio.scoring.jobs.types import Deployment, Deployments, IsCancelled, Job, JobFiles, JobRequest, JobState
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.seams.engine import Cancelled
from restudio.seams.secrets import Secrets
from restudio.seams.work import HandOver

MAX_ATTEMPTS = 5
"""A job that took its server down this often is the likely cause."""
LOOK_S = 0.25
"""How often a running job looks whether another process cancelled it."""
END_PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
_CONTENT_TYPES = {".csv": "text/csv", ".tsv": "text/tab-separated-values"}
_log = logging.getLogger(__name__)


class JobRunner:
    """Handler of the durable work ``job``. Thread-safe."""

    def __init__(
        self,
        db: Database,
        blobs: BlobService,
        fetcher: Fetcher,
        secrets: Secrets,
        clock: Clock,
        deployments: Deployments,
        destinations: Destinations,
        scratch: Path,
    ) -> None:
        self._db = db
        self._blobs = blobs
        self._fetcher = fetcher
        self._secrets = secrets
        self._clock = clock
        self._deployments = deployments
        self._destinations = destinations
        self._scratch = scratch
        self._interrupts: dict[str, threading.Event] = {}
        self._stopping = threading.Event()

    def interrupt(self, job_id: str) -> None:
        """Wake a job that runs in this process, so that it sees at once that it was cancelled."""
        event = self._interrupts.get(job_id)
        if event is not None:
            event.set()

    def stop(self) -> None:
        """Interrupt all jobs that run in this process: each is handed over to the next start or another worker."""
        self._stopping.set()

    def run(self, job_id: str) -> None:
        """Do a job to its end. Never raises for what goes wrong in the job itself."""
        job = self._find(job_id)
        if job is None or job.state.is_final:
            return
        try:
            deployment = self._deployments.deployment(job.endpoint_id, job.revision)
            if not self._claim(job, deployment):
                return
            self._perform(job, deployment)
        except Cancelled:
            if self._hand_over(job_id):
                raise HandOver from None
        except RestudioError as error:
            self._end(job_id, JobState.FAILED, failure_text(error, job_id))
        except Exception:
            _log.exception("batch job %s failed", job_id)
            self._end(job_id, JobState.FAILED, f"An internal error ended the job; the server's log has it as {job_id}.")
        else:
            self._end(job_id, JobState.FINISHED, None)

    def _find(self, job_id: str) -> Job | None:
        with self._db.read() as conn:
            return store.find(conn, job_id)

    def _claim(self, job: Job, deployment: Deployment) -> bool:
        """Make the job run, on a revision that stays the same over attempts."""
        with self._db.begin() as conn:
            if job.attempts >= MAX_ATTEMPTS:
                why = f"The server stopped {job.attempts} times while the job ran; it was given up."
                self._ended(conn, job.id, JobState.FAILED, why)
                return False
            return store.move(
                conn,
                job.id,
                [JobState.QUEUED, JobState.RUNNING],
                state=JobState.RUNNING.value,
                revision=deployment.revision,
                outputs=store.outputs_text(deployment.outputs),
                attempts=job.attempts + 1,
                started=job.started if job.started is not None else self._now(),
            )

    def _perform(self, job: Job, deployment: Deployment) -> None:
        with self._db.read() as conn:
            request = open_request(store.sealed_request(conn, job.id), self._secrets)
        with self._folder(job.id) as folder, self._cancellation(job.id) as is_cancelled:
            files = self._files(job.id, deployment, request, folder, is_cancelled)
            _ensure_wanted(is_cancelled)
            self._deployments.execute(
                deployment, files, request.parameters, lambda text: self._tell(job.id, text), is_cancelled
            )
            self._deliver(job, deployment, request, files.outputs, is_cancelled)

    def _files(
        self, job_id: str, deployment: Deployment, request: JobRequest, folder: Path, is_cancelled: IsCancelled
    ) -> JobFiles:
        inputs: dict[str, Path] = {}
        for number, (name, reference) in enumerate(sorted(request.inputs.items())):
            place = folder / f"input{number}"
            place.mkdir()
            inputs[name] = self._fetcher.fetch(reference, place, is_cancelled).path
        outputs: dict[str, Path] = {}
        for number, port in enumerate(deployment.outputs):
            chosen = request.outputs.get(port.name)
            extension = chosen.extension if chosen is not None else extensions_of(port.kind)[0]
            outputs[port.name] = folder / f"output{number}{extension}"
        work = folder / "work"
        work.mkdir()
        return JobFiles(job_id, inputs, outputs, work)

    def _deliver(
        self,
        job: Job,
        deployment: Deployment,
        request: JobRequest,
        outputs: Mapping[str, Path],
        is_cancelled: IsCancelled,
    ) -> None:
        for port in deployment.outputs:
            _ensure_wanted(is_cancelled)
            source = outputs[port.name]
            content_type = _CONTENT_TYPES.get(source.suffix, "application/octet-stream")
            chosen = request.outputs.get(port.name)
            if chosen is not None:
                self._fetcher.deliver(chosen, source, content_type=content_type, is_cancelled=is_cancelled)
                continue
            path = self._destinations.own_path(job, request, port)
            assert path is not None, "outputs without a chosen place go to our own service"
            self._blobs.ensure_container(path.account, path.container)
            self._blobs.put_blob(path, source, BlobHeaders(content_type))

    def _tell(self, job_id: str, text: str) -> None:
        with self._db.begin() as conn:
            store.move(conn, job_id, [JobState.RUNNING], progress=text[:500])

    def _hand_over(self, job_id: str) -> bool:
        """Put a job back that was not cancelled: its engine was closed because this server stops."""
        with self._db.begin() as conn:
            job = store.find(conn, job_id)
            attempts = max(job.attempts - 1, 0) if job is not None else 0
            return store.move(conn, job_id, [JobState.RUNNING], state=JobState.QUEUED.value, attempts=attempts)

    def _end(self, job_id: str, state: JobState, details: str | None) -> None:
        """Write the outcome. It is waited for while the database is away: nobody else would ever write it."""
        for pause in (*END_PAUSES_S, None):
            try:
                with self._db.begin() as conn:
                    self._ended(conn, job_id, state, details)
            except RestudioError as error:
                if error.kind is not Kind.UNAVAILABLE or pause is None:
                    raise
                threading.Event().wait(pause)
            else:
                return

    def _ended(self, conn: sa.Connection, job_id: str, state: JobState, details: str | None) -> None:
        active = [JobState.QUEUED, JobState.RUNNING]
        store.move(conn, job_id, active, state=state.value, details=details, ended=self._now())

    @contextmanager
    def _folder(self, job_id: str) -> Iterator[Path]:
        """A private folder; what a killed attempt left in it is removed first."""
        folder = self._scratch / f"job-{job_id}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _cancellation(self, job_id: str) -> Iterator[Callable[[], bool]]:
        """A cheap question for the running work: is the job still wanted? Asks the database now and then."""
        event = self._interrupts.setdefault(job_id, threading.Event())
        looked = self._clock.monotonic()

        def is_cancelled() -> bool:
            nonlocal looked
            if self._stopping.is_set():
                return True
            if not event.is_set() and self._clock.monotonic() - looked >= LOOK_S:
                looked = self._clock.monotonic()
                with self._db.read() as conn:
                    if store.state_of(conn, job_id) is not JobState.RUNNING:
                        event.set()
            return event.is_set()

        try:
            yield is_cancelled
        finally:
            self._interrupts.pop(job_id, None)

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _ensure_wanted(is_cancelled: IsCancelled) -> None:
    if is_cancelled():
        raise Cancelled
