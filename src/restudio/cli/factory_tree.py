"""A pipeline run on a terminal: its activities as a tree, with states, durations and progress."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text
from rich.tree import Tree

from restudio.cli.console import Output
from restudio.client.factories import ActivityRun, Factory, PipelineRun

_MARKS = {
    "Succeeded": ("✓", "green"),
    "Failed": ("✗", "red"),
    "Cancelled": ("-", "yellow"),
    "InProgress": ("…", "cyan"),
}
_SHOWN = 12
"""Passes of a loop that are shown; the others are counted."""


def follow(out: Output, factory: Factory, run: str) -> PipelineRun:
    """Follow a run to its end, redrawing its tree; gives the run as it ended."""
    if out.as_json:
        return factory.wait(run)
    if not out.console.is_terminal:
        ended = factory.wait(run)
        out.note(tree_text(ended, factory.activity_runs(run)))
        return ended
    with Live(console=out.console, refresh_per_second=4) as live:
        ended = factory.wait(run, lambda found: live.update(build_tree(found, factory.activity_runs(run))))
        live.update(build_tree(ended, factory.activity_runs(run)))
    return ended


def tree_text(run: PipelineRun, activities: Sequence[ActivityRun]) -> str:
    """The tree as plain text."""
    file = io.StringIO()
    Console(file=file, width=160, highlight=False).print(build_tree(run, activities))
    return file.getvalue().rstrip()


def build_tree(run: PipelineRun, activities: Sequence[ActivityRun]) -> Tree:
    """Every activity below the container and pass that it stands in; only the last attempt of each is shown."""
    newest = {each.execution_details.path or each.activity_name: each for each in activities}
    tree = Tree(Group(_head(run), *([Text(run.message, style="red")] if run.message else [])))
    nodes: dict[str, Tree] = {"": tree}
    hidden: dict[str, int] = {}
    for path, activity in newest.items():
        around = path.rpartition("/")[0]
        parent = _parent(nodes, around, hidden)
        if parent is not None:
            nodes[path] = parent.add(_line(activity))
    for container, count in hidden.items():
        if container in nodes:
            nodes[container].add(Text(f"and {count} more activities", style="dim"))
    return tree


def _parent(nodes: dict[str, Tree], around: str, hidden: dict[str, int]) -> Tree | None:
    """The node of a pass (``Loop:3``), made when it is new; None when its loop shows enough passes."""
    if around in nodes:
        return nodes[around]
    container, _, index = around.rpartition(":")
    if container not in nodes:
        return None
    if int(index) >= _SHOWN:
        hidden[container] = hidden.get(container, 0) + 1
        return None
    nodes[around] = nodes[container].add(Text(f"#{index}", style="dim"))
    return nodes[around]


def _head(run: PipelineRun) -> Text:
    mark, style = _MARKS.get(run.status, ("…", "cyan"))
    return Text.assemble((f"{mark} ", style), (run.pipeline_name, "bold"), f"  {run.status}  {run.run_id}")


def _line(activity: ActivityRun) -> Text:
    mark, style = _MARKS.get(activity.status, (" ", "dim"))
    text = Text.assemble((f"{mark} ", style), activity.activity_name, (f"  {activity.activity_type}", "dim"))
    text.append(f"  {_duration(activity)}")
    if activity.retry_attempt:
        text.append(f"  retry {activity.retry_attempt}", style="yellow")
    if activity.status == "InProgress" and activity.execution_details.progress:
        text.append(f"  {activity.execution_details.progress}", style="cyan")
    if activity.error.get("message"):
        text.append(f"  {activity.error.get('errorCode')}: {activity.error['message']}", style="red")
    return text


def _duration(activity: ActivityRun) -> str:
    milliseconds = activity.duration_in_ms
    if milliseconds is None:
        begun = datetime.fromisoformat(activity.activity_run_start)
        milliseconds = max(0, round((datetime.now(UTC) - begun).total_seconds() * 1000))
    return f"{milliseconds / 1000:.1f} s"
