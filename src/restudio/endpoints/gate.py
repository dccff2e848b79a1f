"""Gates: what a new model must pass before it goes live.

    @gate(id="scores-sample-rows", name="Scores the sample rows", refusal="GateNotPassed")
    def scores_sample_rows(candidate: Candidate) -> Verdict: ...

A gate is a function in a file of ``restudio.endpoints.gates``, found by :func:`collect_gates`; adding one edits no
other file. It judges a candidate that is already bound to a scorer, and never changes anything.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import ModuleType

from restudio.artifacts.values import Model
from restudio.core.errors import Kind, RestudioError
from restudio.endpoints.types import EndpointSettings, GateResult, ServiceVersion
from restudio.scoring.scorer import Scorer


@dataclass(frozen=True, slots=True)
class Candidate:
    """A new model for one resource of an endpoint, beside the live one. ``scorer`` computes with the new model.

    ``transforms`` are the places in which fitted transforms of its own come with the model, and differ from live ones.
    """

    version: ServiceVersion
    settings: EndpointSettings
    resource: str
    new: Model
    live: Model
    scorer: Callable[[], Scorer]
    """Built on first use, so that a gate on the model alone speaks before a graph fails to bind to it."""
    transforms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """``passed`` None: nothing to judge. ``message`` says what was compared and what came out."""

    passed: bool | None
    message: str


Judge = Callable[[Candidate], Verdict]


@dataclass(frozen=True, slots=True)
class Gate:
    """Declaration of a gate beside its function. ``order``: cheap and fundamental ones first.

    A refusal is raised with ``kind`` and the detail code ``refusal``.
    """

    id: str
    name: str
    help: str
    judge: Judge
    order: int = 100
    kind: Kind = Kind.INVALID_OPERATION
    refusal: str = "GateNotPassed"


def gate(
    *, id: str, name: str, order: int = 100, kind: Kind = Kind.INVALID_OPERATION, refusal: str = "GateNotPassed"
) -> Callable[[Judge], Gate]:
    """Declare a gate; the function's docstring is its help text."""

    def declare(function: Judge) -> Gate:
        return Gate(id, name, inspect.getdoc(function) or "", function, order, kind, refusal)

    return declare


def collect_gates(package: str | ModuleType = "restudio.endpoints.gates") -> tuple[Gate, ...]:
    """Every gate of a package, in the order in which they judge."""
    root = importlib.import_module(package) if isinstance(package, str) else package
    found: dict[str, Gate] = {}
    for info in pkgutil.iter_modules(root.__path__, root.__name__ + "."):
        for value in vars(importlib.import_module(info.name)).values():
            if isinstance(value, Gate) and found.setdefault(value.id, value) is not value:
                raise ValueError(f"two gates have the id {value.id!r}")
    return tuple(sorted(found.values(), key=lambda g: (g.order, g.id)))


def judge(candidate: Candidate, gates: Iterable[Gate]) -> list[GateResult]:
    """The report of all gates; the first refusal ends it, since later gates build on earlier ones."""
    report: list[GateResult] = []
    for each in gates:
        verdict = each.judge(candidate)
        report.append(
            GateResult(each.id, verdict.passed, verdict.message, each.refusal if verdict.passed is False else "")
        )
        if verdict.passed is False:
            break
    return report


def ensure_passed(resource: str, report: Sequence[GateResult], gates: Iterable[Gate]) -> None:
    """Raise the refusal of the gate that did not pass."""
    by_id = {g.id: g for g in gates}
    for result in report:
        if result.passed is False:
            refused = by_id[result.gate]
            message = f"The new model for '{resource}' was not taken; the live model stays. {result.message}"
            raise RestudioError(refused.kind, refused.refusal, message, target=resource)
