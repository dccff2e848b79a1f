"""What must be true of a server that was killed: looked up in its databases, asked of its endpoints."""

from __future__ import annotations

import json
import re
import sqlite3
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from tests.e2e.soak_load import PATIENCE_S, PIPELINE, PIPELINE_ENDPOINT, Load

from restudio.cli.loop import ENDPOINT
from restudio.client.scoring import Scoring

_ENDED = ("Finished", "Failed", "Canceled", "Cancelled", "Succeeded")
_SOAK_ENDS = 1 + 20 + 4
"""Ends in a run of the soak's pipeline: its own, those of twenty passes, of the loop and the three that follow."""
_REASON = re.compile(r"was killed by SIGKILL|The server stopped \d+ times while the job ran")
"""The only excuses: what we did to it."""
_OWN_REVISIONS = 5
"""The demo's own lines in the ledger: it patches and rolls back and forth."""
_HEARD_S = 10.0
"""Longest that a web process may take to serve what another one was told."""
Row = Mapping[str, Any]


class Looks:
    """Remembers how things ended: an outcome that changes later was reached twice."""

    def __init__(self, home: Path, database_url: str | None = None) -> None:
        self._home = home
        self._database_url = database_url
        self._outcomes: dict[str, tuple[object, ...]] = {}

    # --- after each restart ---------------------------------------------------------------------------------------

    def problems_now(self, load: Load) -> Iterator[str]:
        yield from self._changed_outcomes()
        with load.still():
            ledger = self._ledger(load)
            yield from _ledger_problems(ledger, load.revisions)
            live = next(row["id"] for row in ledger if row["seq"] == row["live_seq"])
            for name, endpoint in load.endpoints().items():
                revision = _revision_seen(load, endpoint, live if name == ENDPOINT else None)
                if name == ENDPOINT and revision != live:
                    yield f"the endpoint answers with revision {revision}, its ledger says {live}"

    # --- at the end -----------------------------------------------------------------------------------------------

    def problems_at_last(self, load: Load) -> Iterator[str]:
        """Once everything accepted has had the time to end."""
        yield from self._never_ended()
        yield from self.problems_now(load)
        yield from self._job_problems(load)
        yield from self._run_problems(load)
        yield from self._pipeline_problems(load)
        yield from self._update_problems(load)
        yield from self._answer_problems(load)

    def count(self) -> Counter[str]:
        """How jobs and runs ended."""
        rows = self._read("SELECT 'jobs ' || state AS what FROM batch_jobs UNION ALL SELECT 'runs ' || state FROM runs")
        return Counter(row["what"] for row in rows)

    def _never_ended(self) -> Iterator[str]:
        deadline = time.monotonic() + PATIENCE_S
        while (left := self._unfinished()) and time.monotonic() < deadline:
            time.sleep(0.2)
        yield from (f"{what} never ended" for what in left)

    def _unfinished(self) -> list[str]:
        """What was started and has no end; also runs whose start nobody was told of."""
        jobs = self._read("SELECT id, state FROM batch_jobs WHERE state IN ('Queued', 'Running')")
        runs = self._read("SELECT id, state FROM runs WHERE state NOT IN ('Finished', 'Failed', 'Canceled')")
        work = self._read(
            f"SELECT workflow_uuid AS id, status AS state FROM {'dbos.' if self._database_url else ''}workflow_status "
            "WHERE status IN ('PENDING', 'ENQUEUED') AND workflow_uuid LIKE '%:%'",
            "restudio-work.sqlite",
        )
        ended = "('Succeeded', 'Failed', 'Cancelled')"
        pipelines = self._read(f"SELECT id, status AS state FROM pipeline_runs WHERE status NOT IN {ended}")
        named = (("job", jobs), ("run", runs), ("pipeline run", pipelines), ("work", work))
        return [f"{kind} {row['id']} ({row['state']})" for kind, rows in named for row in rows]

    def _changed_outcomes(self) -> Iterator[str]:
        rows = self._read("SELECT id, state, details AS why, ended, attempts FROM batch_jobs")
        rows += self._read("SELECT id, state, failure AS why, ended, 0 AS attempts FROM runs")
        rows += self._read("SELECT id, status AS state, message AS why, ended, 0 AS attempts FROM pipeline_runs")
        for row in rows:
            if row["state"] in _ENDED:
                outcome = tuple(row.values())
                if self._outcomes.setdefault(row["id"], outcome) != outcome:
                    yield f"the outcome {self._outcomes[row['id']]} became {outcome}"

    def _job_problems(self, load: Load) -> Iterator[str]:
        known = {row["id"]: row for row in self._read("SELECT * FROM batch_jobs")}
        yield from (f"job {job} is lost" for job in load.jobs if job not in known)
        blobs = self._read("SELECT name, size, created, modified FROM blob_blobs")
        places: dict[str, list[Row]] = {}
        for blob in blobs:
            places.setdefault(str(blob["name"]).partition("/")[0], []).append(blob)
        for job in (known[name] for name in load.jobs if name in known):
            written = places.get(str(uuid.UUID(job["id"])), [])
            if job["state"] == "Failed" and _REASON.search(job["details"] or ""):
                continue
            if job["state"] != "Finished":
                yield f"job {job['id']} is {job['state']}: {job['details']}"
            elif len(written) != len(json.loads(job["outputs"])):
                yield f"job {job['id']} left {len(written)} blobs for its outputs {job['outputs']}"
            elif any(blob["modified"] > job["ended"] for blob in written):
                yield f"an output of job {job['id']} was written again after its end"

    def _run_problems(self, load: Load) -> Iterator[str]:
        known = {row["id"]: row for row in self._read("SELECT * FROM runs")}
        yield from (f"run {run} is lost" for run in load.runs if run not in known)
        events: dict[str, list[Row]] = {}
        for row in self._read("SELECT run_id, body FROM run_events ORDER BY run_id, number"):
            events.setdefault(row["run_id"], []).append(json.loads(row["body"]))
        for run in known.values():
            if run["state"] != "Finished" and not _REASON.search(run["failure"] or ""):
                yield f"run {run['id']} is {run['state']}: {run['failure']}"
            told = events.get(run["id"], [])
            ends = Counter(e.get("node") for e in told if e["kind"] in ("finished", "failed", "canceled"))
            twice = [node or "the run" for node, times in ends.items() if times != 1]
            if twice or not ends[None]:
                yield f"run {run['id']} has not one end each for {twice or 'itself'}"

    def _pipeline_problems(self, load: Load) -> Iterator[str]:
        """Every accepted run ended once, every activity of it once, with one file of its own."""
        known = {row["id"]: row for row in self._read("SELECT * FROM pipeline_runs")}
        yield from (f"pipeline run {run} is lost" for run in load.pipeline_runs if run not in known)
        told: dict[str, Counter[str]] = {}
        for row in self._read("SELECT run_id, body FROM pipeline_run_events ORDER BY run_id, number"):
            event = json.loads(row["body"])
            if event["type"] in ("Ended", "RunEnded"):
                told.setdefault(row["run_id"], Counter())[event.get("path", "")] += 1
        files = {row["name"] for row in self._read("SELECT name FROM blob_blobs WHERE name LIKE 'pipelines/%'")}
        for run in known.values():
            if run["status"] != "Succeeded":
                if not _REASON.search(run["message"] or ""):
                    yield f"pipeline run {run['id']} is {run['status']}: {run['message']}"
                continue
            ends = told.get(run["id"], Counter())
            whole = _SOAK_ENDS if run["pipeline"] == PIPELINE else 2
            if len(ends) != whole or set(ends.values()) != {1}:
                yield f"pipeline run {run['id']} has the ends {dict(ends)}"
            if run["pipeline"] == PIPELINE and f"pipelines/{run['id']}.csv" not in files:
                yield f"pipeline run {run['id']} left no file"

    def _update_problems(self, load: Load) -> Iterator[str]:
        """A run that updated an endpoint is one line of its ledger, or none where its model was live already."""
        ledger = self._ledger(load, PIPELINE_ENDPOINT)
        yield from _ledger_problems(ledger, ())
        lines = Counter(run for line in ledger if (run := line["why"].rpartition("run ")[2]))
        runs = {row["id"] for row in self._read(f"SELECT id FROM pipeline_runs WHERE pipeline = '{PIPELINE}'")}
        updated = {run: times for run, times in lines.items() if run in runs}
        if runs and not updated:
            yield f"no pipeline run is in the ledger of {PIPELINE_ENDPOINT}"
        yield from (f"pipeline run {run} wrote {times} revisions" for run, times in updated.items() if times > 1)

    def _answer_problems(self, load: Load) -> Iterator[str]:
        """Each answer is one revision's, and a revision always gives the same."""
        known = {row["id"] for row in self._ledger(load)}
        for revision, answers in load.answers.items():
            if revision not in known:
                yield f"answers came from revision {revision}, which is in no ledger"
            if len(answers) != 1:
                yield f"revision {revision} gave {len(answers)} different answers to one question"

    def _ledger(self, load: Load, endpoint: str = ENDPOINT) -> Sequence[Row]:
        """Lines of an endpoint under patches, oldest first."""
        return self._read(
            "SELECT r.*, e.live_seq FROM endpoint_revisions r JOIN endpoints e ON e.id = r.endpoint_id "
            f"WHERE e.name = '{endpoint}' AND e.service_id = '{load.service}' ORDER BY r.seq"
        )

    def _read(self, query: str, database: str = "restudio.sqlite") -> list[Row]:
        """Rows from PostgreSQL, where one is used, else from a file of the home."""
        if self._database_url is not None:
            with psycopg.connect(self._database_url, row_factory=dict_row) as server:
                return [dict(row) for row in server.execute(query.encode())]
        address = f"file:{self._home / database}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=30)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query)]


def _revision_seen(load: Load, endpoint: Scoring, live: str | None) -> str:
    """The revision that answers; a process that is to hear of a new one has the moment for it that it needs."""
    deadline = time.monotonic() + _HEARD_S
    while True:
        revision, _ = load.insist(lambda: load.score(endpoint))
        if live in (None, revision) or time.monotonic() > deadline:
            return revision
        time.sleep(0.05)


def _ledger_problems(ledger: Sequence[Row], acknowledged: Sequence[str]) -> Iterator[str]:
    """Numbered without a hole, one line live, every acknowledged patch in it in order, none made twice."""
    numbers = [row["seq"] for row in ledger]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"the ledger has the numbers {numbers}"
    if [row["seq"] for row in ledger if row["seq"] == row["live_seq"]] == []:
        yield "no line of the ledger is live"
    place = {row["id"]: row["seq"] for row in ledger}
    found = [place.get(revision, 0) for revision in acknowledged]
    if found != sorted(set(found)) or 0 in found:
        yield f"acknowledged patches stand in the ledger at {found}"
    twins = [b["seq"] for a, b in pairwise(ledger) if a["state"] == b["state"] and b["seq"] > _OWN_REVISIONS]
    if twins:
        yield f"revisions {twins} repeat the one before"
