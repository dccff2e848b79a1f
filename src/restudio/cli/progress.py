"""Progress of runs and jobs on a terminal: one bar a node, one spinner a job. Silent with ``--json``."""

from __future__ import annotations

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from restudio.cli.console import Output
from restudio.client.client import Client
from restudio.client.pipeline_types import PipelineRun
from restudio.client.scoring import Scoring
from restudio.client.types import BatchResult, Run

_MARKS = {"Finished": "[green]✓[/]", "Failed": "[red]✗[/]", "Canceled": "[yellow]–[/]", "Skipped": "[yellow]–[/]"}


def watch_run(out: Output, client: Client, run: str) -> Run:
    """Follow a run to its end; tell why it failed."""
    bars: dict[str, TaskID] = {}
    with _bars(out) as progress:

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


def watch_pipeline(out: Output, client: Client, run: str) -> PipelineRun:
    """Follow a pipeline run to its end; tell why it failed."""
    bars: dict[str, TaskID] = {}
    with _bars(out) as progress:

        def show(view: PipelineRun) -> None:
            for step in view.steps:
                if step.id not in bars and step.status != "NotStarted":
                    bars[step.id] = progress.add_task(step.name, total=1.0, mark=" ", note="")
                if step.id in bars:
                    note = "reused" if step.is_reused else ""
                    mark = _MARKS.get(step.status, " ")
                    progress.update(bars[step.id], completed=step.progress, mark=mark, note=note)

        ended = client.pipeline_runs.wait(run, show)
    if ended.error_message is not None and not out.as_json:
        out.errors.print(ended.error_message, markup=False)
    return ended


def _bars(out: Output) -> Progress:
    return Progress(
        TextColumn("{task.fields[mark]}"),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        console=out.console,
        disable=out.as_json,
    )


def watch_job(out: Output, scoring: Scoring, job: str) -> BatchResult:
    """Follow a batch job to its end."""
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=out.console, disable=out.as_json
    ) as progress:
        bar = progress.add_task("NotStarted", total=None)
        return scoring.wait(job, lambda status: progress.update(bar, description=f"job {status.status_code}"))
