"""Steps that demos share: run an experiment, turn it into services, and say so."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from rich.text import Text

from restudio.cli.console import Output
from restudio.cli.progress import watch_run
from restudio.client.client import Client
from restudio.client.scoring import Scored, Scoring
from restudio.client.types import BatchResult, Endpoint, Location, Rewritten, Run, Service
from restudio.core.errors import Kind, RestudioError

CONTAINER = "demo"
BATCH = 100
"""Rows of one request-response call."""
_HEARD_S = 10.0


class Steps:
    """Each announces itself, does its work over HTTP and tells what came of it."""

    def __init__(self, out: Output, client: Client) -> None:
        self.out = out
        self.client = client

    def announce(self, words: str) -> None:
        if not self.out.as_json:
            self.out.console.rule(Text(words, style="bold"), align="left", characters="─")

    def run(self, experiment: str, title: str) -> Run:
        """Run an experiment to its good end, with a bar for every module."""
        self.announce(f"Run '{title}'")
        run = watch_run(self.out, self.client, self.client.experiments.run(experiment).id)
        if not run.ended_well:
            raise RestudioError(Kind.MODULE_EXECUTION, "RunFailed", f"The training run ended as {run.state}.")
        return run

    def set_up(self, run: str, train: str | None = None) -> Rewritten:
        """Make the predictive experiment and tell every change with its reason."""
        self.announce("Turn it into a predictive experiment")
        made = self.client.runs.set_up_web_service(run, train=train)
        for change in made.changes:
            self.out.note(f"  {change.node}: {change.what} ({change.why})")
        return made

    def publish(self, experiment: str, words: str, *, service: str | None = None) -> Service:
        """Through staging and approval; ``service`` gets a new version."""
        self.announce(f"Publish the {words}")
        services = self.client.services
        staged = services.publish(experiment, service=service)
        self.out.note(f"  {staged.name}: {staged.stage} → {services.mark_ready(staged.id).stage}")
        approved = services.approve(staged.id)
        self.out.note(f"  {approved.name}: {approved.stage}")
        return approved

    def score(
        self, endpoint: Endpoint, rows: Sequence[Mapping[str, object]], revision: str | None = None
    ) -> list[Scored]:
        """All rows, by the given revision: the process that took a change has it at once, another process of the same
        server, which may be the one behind this connection, a moment later."""
        scoring = Scoring(endpoint.api_location, endpoint.primary_key)
        deadline = time.monotonic() + _HEARD_S
        while revision is not None and scoring.score(rows[:1]).revision != revision and time.monotonic() < deadline:
            time.sleep(0.05)
        return [scoring.score(rows[start : start + BATCH]) for start in range(0, len(rows), BATCH)]


def rows_of(answers: Sequence[Scored]) -> list[dict[str, object]]:
    """The rows of the one output of each answer, in order."""
    return [row for answer in answers for row in next(iter(answer.outputs.values()))]


def results_of(result: BatchResult) -> dict[str, Location]:
    """Where a finished job left its outputs; an error when it did not finish."""
    if result.status_code != "Finished" or result.results is None:
        raise RestudioError(Kind.MODULE_EXECUTION, "JobFailed", f"The job is {result.status_code}: {result.details}")
    return result.results
