"""Run events: append-only, and the fold that turns them into a picture of the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

State = Literal["NotStarted", "Running", "Finished", "Failed", "Canceled", "Skipped"]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a node failed: the error as shown to people, with its place."""

    code: str
    message: str
    parameter: str | None = None
    column: str | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened in a run, at epoch seconds ``at``. ``node`` is None for the run itself.

    ``kind``: ``started``, ``progress``, ``log``, ``finished``, ``failed``, ``canceled``, ``skipped``.
    ``outputs`` (finished nodes) maps output port to object key; ``cached`` says that the output was there already.
    """

    kind: Literal["started", "progress", "log", "finished", "failed", "canceled", "skipped"]
    at: float
    node: str | None = None
    fraction: float | None = None
    text: str | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)
    cached: bool = False
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class NodeView:
    """State of one node as events tell it."""

    state: State = "NotStarted"
    started: float | None = None
    ended: float | None = None
    fraction: float = 0.0
    outputs: Mapping[str, str] = field(default_factory=dict)
    cached: bool = False
    failure: Failure | None = None
    log: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunView:
    """State of a run: the fold of its events."""

    state: State = "NotStarted"
    started: float | None = None
    ended: float | None = None
    failure: Failure | None = None
    nodes: Mapping[str, NodeView] = field(default_factory=dict)


_ENDS: Mapping[str, State] = {
    "finished": "Finished",
    "failed": "Failed",
    "canceled": "Canceled",
    "skipped": "Skipped",
}


def fold(events: Iterable[Event], start: RunView | None = None) -> RunView:
    """The run as its events tell it.

    A node that starts again (after a crash) is running again; events after a node's end other than that are ignored.
    """
    view = start or RunView()
    nodes = dict(view.nodes)
    for event in events:
        if event.node is None:
            view = _apply_run(view, event)
        else:
            nodes[event.node] = _apply_node(nodes.get(event.node, NodeView()), event)
    return replace(view, nodes=nodes)


def _apply_run(view: RunView, event: Event) -> RunView:
    if event.kind == "started":
        return replace(view, state="Running", started=view.started or event.at, ended=None)
    if event.kind in _ENDS:
        return replace(view, state=_ENDS[event.kind], ended=event.at, failure=event.failure)
    return view


def _apply_node(view: NodeView, event: Event) -> NodeView:
    if event.kind == "started":
        return NodeView("Running", started=event.at)
    if view.state not in ("NotStarted", "Running"):
        return view
    if event.kind == "progress":
        return replace(view, fraction=event.fraction or 0.0, log=view.log + ((event.text,) if event.text else ()))
    if event.kind == "log":
        return replace(view, log=(*view.log, event.text or ""))
    return replace(
        view,
        state=_ENDS[event.kind],
        ended=event.at,
        fraction=1.0 if event.kind == "finished" else view.fraction,
        outputs=event.outputs,
        cached=event.cached,
        failure=event.failure,
    )
