"""A server that does one batch job over a folder, to be killed and started again by a test.

While ``hold`` is there the job hangs in its execution. Prints the final state and the number of attempts.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from restudio.blobs.egress import EgressPolicy
from restudio.blobs.fetch import Fetcher
from restudio.blobs.outgoing import Outgoing
from restudio.blobs.service import BlobService
from restudio.blobs.types import BlobPath
from restudio.scoring.jobs.service import JobService
from restudio.scoring.jobs.types import Deployment, IsCancelled, JobFiles, OutputPort, Progress
from restudio.storage.clock import SystemClock
from restudio.storage.db import open_database
from restudio.storage.objects import FileObjects
from restudio.storage.secrets import MasterKeySecrets
from restudio.storage.work import DbosWork

WORKSPACE, ENDPOINT = "a" * 32, "e" * 32


class Copying:
    """Deployments: gives its input back."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def deployment(self, endpoint_id: str, revision: str | None = None) -> Deployment:
        return Deployment(WORKSPACE, "5" * 32, endpoint_id, revision or "r1", ("input1",), (OutputPort("output1"),))

    def execute(
        self,
        deployment: Deployment,
        files: JobFiles,
        parameters: Mapping[str, object],
        progress: Progress,
        is_cancelled: IsCancelled,
    ) -> None:
        with (self._home / "ran").open("a") as log:
            log.write("begun\n")
        while (self._home / "hold").exists():
            threading.Event().wait(0.01)
        files.outputs["output1"].write_bytes(files.inputs["input1"].read_bytes())


def main(home: Path) -> None:
    url = f"sqlite:///{home / 'restudio.db'}"
    database = open_database(url)
    database.create_all()
    clock, secrets = SystemClock(), MasterKeySecrets(bytes(range(32)))
    blobs = BlobService(database, FileObjects(home / "objects"), secrets, clock, "http://studio.example")
    outgoing = Outgoing(EgressPolicy(), clock)
    work = DbosWork(database_url=url, executor_id="worker")
    jobs = JobService(
        database, blobs, Fetcher(blobs, outgoing, clock), secrets, clock, work, Copying(home), home / "scratch"
    )
    jobs.register()
    work.start()
    jobs.recover()
    known = home / "job"
    if not known.exists():
        blobs.accounts.create("acme")
        blobs.create_container("acme", "incoming")
        blobs.put_blob(BlobPath("acme", "incoming", "x.csv"), b"x\n1\n")
        place = {"ConnectionString": blobs.accounts.connection_string("acme"), "RelativeLocation": "incoming/x.csv"}
        known.write_text(jobs.submit(ENDPOINT, {"Input": place}))
        jobs.start(ENDPOINT, known.read_text())
    while not (job := jobs.get(ENDPOINT, known.read_text())).state.is_final:
        threading.Event().wait(0.02)
    account = blobs.accounts.ensure_default(WORKSPACE)
    outputs = blobs.list_blobs(account, "experimentoutput").blobs
    print(job.state.value, job.attempts, [blob.size for blob in outputs])
    work.stop()
    database.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
