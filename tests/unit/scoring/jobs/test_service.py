from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from restudio.blobs.types import BlobPath
from restudio.core.errors import RestudioError
from restudio.scoring.jobs.running import MAX_ATTEMPTS
from restudio.scoring.jobs.store import jobs as table
from restudio.scoring.jobs.types import JobState

if TYPE_CHECKING:
    from tests.unit.scoring.jobs.conftest import World

ENDPOINT = "e" * 32
WORKSPACE = "a" * 32


def test_a_job_waits_for_its_start_and_scores(world: World) -> None:
    job_id = world.submit(Outputs={"output1": world.reference("incoming/out.csv")})
    before = world.jobs.status(ENDPOINT, job_id)
    assert (before.job.state, before.results) == (JobState.NOT_STARTED, None)
    world.jobs.start(ENDPOINT, job_id)
    job = world.wait(job_id)
    assert (job.state, job.details, job.revision) == (JobState.FINISHED, None, "r1")
    assert world.read(BlobPath("acme", "incoming", "out.csv")) == b"half\n0.5\n2\n"
    result = world.result(job_id)
    assert (result.base_location, result.relative_location) == ("http://studio.example/blob/acme/", "incoming/out.csv")
    assert (result.sas_token or "").startswith("?sv=")


def test_an_output_without_a_place_goes_to_the_default_account(world: World) -> None:
    job_id = world.submit()
    world.jobs.start(ENDPOINT, job_id)
    world.wait(job_id)
    result = world.result(job_id)
    assert re.fullmatch(r"experimentoutput/[0-9a-f-]{36}/[0-9a-f-]{36}\.csv", result.relative_location or "")
    assert world.blobs.accounts.workspace_of(f"ws{WORKSPACE[:22]}") == WORKSPACE
    world.clock.advance(3600)
    assert world.result(job_id).sas_token != result.sas_token


def test_only_a_new_job_can_start(world: World) -> None:
    job_id = world.submit()
    world.jobs.start(ENDPOINT, job_id)
    world.wait(job_id)
    with pytest.raises(RestudioError, match="Finished") as error:
        world.jobs.start(ENDPOINT, job_id)
    assert error.value.detail == "CannotStartJob"


def test_cancelling_kills_what_runs_and_wins(world: World) -> None:
    job_id = world.submit(GlobalParameters={"mode": "block"})
    world.jobs.start(ENDPOINT, job_id)
    assert world.endpoint.running.wait(10)
    world.jobs.cancel(ENDPOINT, job_id)
    assert world.jobs.get(ENDPOINT, job_id).state is JobState.CANCELLED
    world.work.stop()
    job = world.jobs.get(ENDPOINT, job_id)
    assert (job.state, world.jobs.status(ENDPOINT, job_id).results) == (JobState.CANCELLED, None)
    world.jobs.cancel(ENDPOINT, job_id)


def test_cancelling_before_the_start_and_after_the_end(world: World) -> None:
    new = world.submit()
    world.jobs.cancel(ENDPOINT, new)
    assert world.jobs.get(ENDPOINT, new).state is JobState.CANCELLED
    with pytest.raises(RestudioError, match="Cancelled"):
        world.jobs.start(ENDPOINT, new)
    done = world.submit()
    world.jobs.start(ENDPOINT, done)
    world.wait(done)
    world.jobs.cancel(ENDPOINT, done)
    assert world.jobs.get(ENDPOINT, done).state is JobState.FINISHED


FAILURES = [
    ({"GlobalParameters": {"mode": "fail"}}, "x.csv", r"Module: Train Model \(node n1\).*Error 1000: it is broken"),
    ({"GlobalParameters": {"mode": "crash"}}, "x.csv", "internal error"),
    ({}, "missing.csv", "BlobNotFound: .*404 BlobNotFound"),
    ({}, "bad.csv", "Error 0049.*row 2"),
]


@pytest.mark.parametrize(("body", "name", "details"), FAILURES)
def test_a_failure_is_told_in_details(world: World, body: dict[str, object], name: str, details: str) -> None:
    world.put("bad.csv", b"x\n1\nseven\n")
    job_id = world.submit(name, **body)
    world.jobs.start(ENDPOINT, job_id)
    job = world.wait(job_id)
    assert job.state is JobState.FAILED
    assert re.search(details, job.details or "")
    assert "secret" not in (job.details or "")
    assert world.jobs.status(ENDPOINT, job_id).results is None


def test_a_job_that_a_killed_server_left_is_done_again_on_its_revision(world: World) -> None:
    job_id = world.submit()
    with world.database.begin() as conn:
        conn.execute(sa.update(table).values(state="Running", attempts=1, revision="r0", started=1.0))
    world.restart().recover()
    job = world.wait(job_id)
    assert (job.state, job.revision, job.attempts, job.started) == (JobState.FINISHED, "r0", 2, 1.0)
    assert world.endpoint.ran == ["r0"]


def test_a_start_that_was_decided_but_not_handed_over_is_not_lost(world: World) -> None:
    job_id = world.submit()
    with world.database.begin() as conn:
        conn.execute(sa.update(table).values(state="Queued"))
    world.restart().recover()
    assert world.wait(job_id).state is JobState.FINISHED


def test_a_job_that_takes_its_server_down_is_given_up(world: World) -> None:
    job_id = world.submit()
    with world.database.begin() as conn:
        conn.execute(sa.update(table).values(state="Running", attempts=MAX_ATTEMPTS))
    world.restart().recover()
    job = world.wait(job_id)
    assert (job.state, world.endpoint.ran) == (JobState.FAILED, [])
    assert "5 times" in (job.details or "")


def test_an_orderly_stop_hands_the_job_over(world: World) -> None:
    job_id = world.submit(GlobalParameters={"mode": "stop"})
    world.jobs.start(ENDPOINT, job_id)
    job = world.wait(job_id, JobState.QUEUED)
    while not world.endpoint.ran:
        job = world.wait(job_id, JobState.QUEUED, JobState.RUNNING)
    job = world.wait(job_id, JobState.QUEUED)
    world.work.stop()
    job = world.jobs.get(ENDPOINT, job_id)
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)
    assert job.state.shown == "NotStarted"


def test_what_runs_in_a_process_that_stops_is_done_by_the_next(world: World) -> None:
    job_id = world.submit(GlobalParameters={"mode": "block"})
    world.jobs.start(ENDPOINT, job_id)
    assert world.endpoint.running.wait(10)
    world.work.rest()
    world.jobs.stop()
    job = world.wait(job_id, JobState.QUEUED)
    assert (job.attempts, job.details, job.ended) == (0, None, None)


def test_jobs_are_the_endpoints_own(world: World) -> None:
    job_id = world.submit()
    for endpoint, job in ((ENDPOINT, "0" * 32), ("f" * 32, job_id), (ENDPOINT, "nonsense"), (ENDPOINT, "")):
        for act in (world.jobs.start, world.jobs.status, world.jobs.cancel):
            with pytest.raises(RestudioError) as error:
                act(endpoint, job)
            assert error.value.detail == "JobNotFound"


def test_secrets_are_sealed_and_old_jobs_forgotten(world: World) -> None:
    job_id = world.submit()
    with world.database.read() as conn:
        sealed = conn.scalar(sa.select(table.c.sealed_request))
    assert "AccountKey" not in (sealed or "AccountKey")
    assert [job.id for job in world.jobs.list_jobs(WORKSPACE)] == [job_id]
    world.clock.advance(8 * 86_400)
    assert world.jobs.purge() == 1
    assert not world.jobs.list_jobs(WORKSPACE, ENDPOINT)
