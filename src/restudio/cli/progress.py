"""Progress of runs and jobs on a terminal: one bar a node, one spinner a job. Silent with ``--json``."""

from __future__ import annotations

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from restudio.cli.console import Output
from restudio.client.client import Client
from restudio.client.scoring import Scoring
from restudio.client.types import BatchResult, Run

_MARKS = {"Finished": "[green]✓[/]", "Failed": "[red]✗[/]", "Canceled": "[yellow]–[/]", "Skipped": "[yellow]–[/]"}


def watch_run(out: Output, client: Client, run: str) -> Run:
    """Follow a run to its end; tell why it failed."""
    bars: dict[str, TaskID] = {}
    with Progress(
        TextColumn("{task.fields[mark]}"),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        console=out.console,
        disable=out.as_json,
    ) as progress:

        def show(view: Run) -> None:
            for name, node in view.nodes.items():
                if name not in bars and node.state != "NotStarted":
                    bars[name] = progress.add_task(name, total=1.0, mark=" ", note="")
                if name in bars:
                    note = "cached" if node.cached else ""
                    progress.update(bars[name], completed=node.fraction, mark=_MARKS.get(node.state, " "), note=note)

        ended = client.runs.wait(run, show)
    for name, node in ended.nodes.items():
        if node.failure is not None and not out.as_json:
            out.errors.print(f"{name}: {node.failure.message}", markup=False)
    if ended.failure is not None and not out.as_json and not any(n.failure for n in ended.nodes.values()):
        out.errors.print(ended.failure.message, markup=False)
    return ended


def watch_job(out: Output, scoring: Scoring, job: str) -> BatchResult:
    """Follow a batch job to its end."""
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=out.console, disable=out.as_json
    ) as progress:
        bar = progress.add_task("NotStarted", total=None)
        return scoring.wait(job, lambda status: progress.update(bar, description=f"job {status.status_code}"))
