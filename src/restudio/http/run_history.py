"""The run-history service: details of a run, and queries over the runs of an experiment."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from restudio.core.errors import Kind, RestudioError
from restudio.core.ids import hexadecimal
from restudio.designer.service import DesignerService
from restudio.designer.types import PipelineRun
from restudio.http.answers import json_answer
from restudio.http.door import Door
from restudio.http.pipelines import SCOPE, caller
from restudio.http.pipelines_bodies import read_body, text_of
from restudio.http.pipelines_shapes import Shapes
from restudio.http.threads import threaded
from restudio.identity.types import Action

AnyRequest = Request[Any, Any, Any]
Answer = Response[bytes]
ROOT = f"/history/v1.0/{SCOPE}"
ARTIFACTS = f"/artifact/v2.0/{SCOPE}"
MOST = 1000
_PAGE = 200
_DIGITS = 18
_MOST_OFFSET = 10**18
"""Beyond any number of runs, and within what databases count to."""
_TERM = re.compile(r"\s*([A-Za-z_./ -]+?)\s+(eq|ne|gt|ge|lt|le)\s+(?:'((?:[^']|'')*)'|([^\s']+))\s*\Z")
_COMPARE: Mapping[str, Callable[[str, str], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
}
_Matches = Callable[[Mapping[str, Any]], bool]


def routes(designer: DesignerService, door: Door, url: str) -> list[HTTPRouteHandler]:
    """Handlers of the history service."""
    shapes = Shapes(url)
    return [*_runs(designer, door, shapes), *_experiments(designer, door, shapes)]


def _runs(designer: DesignerService, door: Door, shapes: Shapes) -> list[HTTPRouteHandler]:
    @get([f"{ROOT}/runs/{{run:str}}/details", f"{ROOT}/experiments/{{experiment:str}}/runs/{{run:str}}/details",
          f"{ROOT}/runs/{{run:str}}", f"{ROOT}/experiments/{{experiment:str}}/runs/{{run:str}}"])  # fmt: skip
    @threaded
    def details(request: AnyRequest, run: FromPath[str]) -> Answer:
        _, workspace = caller(door, request, Action.READ)
        run_id, dot, node = run.partition(".")
        found = designer.get_run(workspace, hexadecimal(run_id))
        if not dot:
            return json_answer(shapes.history(found))
        steps = {one.node: one for one in designer.steps(workspace, found.id)}
        if node not in steps:
            raise RestudioError.not_found("StepNotFound", "Step", node[:100], steps)
        return json_answer(shapes.history_step(found, steps[node]))

    @get([f"{ROOT}/runs/{{run:str}}/children", f"{ROOT}/experiments/{{experiment:str}}/runs/{{run:str}}/children"])
    @threaded
    def children(request: AnyRequest, run: FromPath[str]) -> Answer:
        _, workspace = caller(door, request, Action.READ)
        found = designer.get_run(workspace, hexadecimal(run))
        steps = designer.steps(workspace, found.id)
        return json_answer({"value": [shapes.history_step(found, one) for one in steps], "continuationToken": None})

    @get(f"{ARTIFACTS}/artifacts/prefix/contentinfo/{{origin:str}}/{{container:str}}/{{prefix:str}}")
    @threaded
    def artifacts(request: AnyRequest) -> Answer:
        # Clients ask for the log files of a run, which keeps none: its log stands with its steps.
        caller(door, request, Action.READ)
        return json_answer({"value": [], "continuationToken": None})

    return [details, children, artifacts]


def _experiments(designer: DesignerService, door: Door, shapes: Shapes) -> list[HTTPRouteHandler]:
    @get(f"{ROOT}/experiments")
    @threaded
    def experiments(request: AnyRequest) -> Answer:
        _, workspace = caller(door, request, Action.READ)
        found = designer.list_experiments(workspace)
        return json_answer({"value": [{"name": name, "runCount": count} for name, count, _ in found]})

    @post(f"{ROOT}/experiments/{{experiment:str}}/runs:query", status_code=200)
    @threaded
    def query(request: AnyRequest, experiment: FromPath[str], body: RawBody) -> Answer:
        _, workspace = caller(door, request, Action.READ)
        members = read_body(body)
        matches = parse_filter(text_of(members, "filter"))
        top, offset = _count(members, "top", _PAGE), _count(members, "continuationtoken", 0)
        value: list[dict[str, object]] = []
        position = offset
        for run in pages(workspace, experiment, offset):
            position += 1
            told = shapes.history(run)
            if matches(told):
                value.append(told)
            if len(value) == min(top, MOST):
                break
        more = bool(designer.list_runs(workspace, experiment=experiment, limit=1, offset=position))
        return json_answer({"value": value, "continuationToken": str(position) if more else None})

    def pages(workspace: str, experiment: str, offset: int) -> Iterator[PipelineRun]:
        while page := designer.list_runs(workspace, experiment=experiment, limit=_PAGE, offset=offset):
            yield from page
            offset += len(page)

    return [experiments, query]


def parse_filter(text: str) -> _Matches:
    """Comparisons joined by ``and``: ``status eq 'Completed' and tags/source eq 'warehouse'``.

    Fields are the members of a run, and those of ``tags`` and ``properties`` behind a slash. Error ``InvalidFilter``.
    """
    terms = [_term(part) for part in re.split(r"\s+and\s+", text.strip()) if part]
    return lambda run: all(term(run) for term in terms)


def _term(text: str) -> _Matches:
    found = _TERM.match(text.strip().removeprefix("(").removesuffix(")"))
    if found is None:
        message = f"Expected comparisons such as \"status eq 'Completed'\", joined by 'and'; got '{text[:200]}'."
        raise RestudioError(Kind.BAD_ARGUMENT, "InvalidFilter", message, target="filter")
    name, operator = found[1], found[2]
    wanted = found[3].replace("''", "'") if found[3] is not None else found[4]
    compare = _COMPARE[operator]
    outer, _, inner = name.partition("/")
    folded = {"status": "status", "runid": "runId", "createdtimeutc": "createdTimeUtc", "starttimeutc": "startTimeUtc",
              "endtimeutc": "endTimeUtc", "parentrunid": "parentRunId", "tags": "tags", "properties": "properties",
              "displayname": "displayName", "description": "description"}  # fmt: skip
    member = folded.get(outer.casefold())
    if member is None or bool(inner) != (member in ("tags", "properties")):
        message = f"'{name[:100]}' cannot be filtered by; known are {', '.join(folded.values())} (tags/NAME)."
        raise RestudioError(Kind.BAD_ARGUMENT, "InvalidFilter", message, target="filter")

    def matches(run: Mapping[str, Any]) -> bool:
        value = run[member].get(inner) if inner else run[member]
        return value is not None and compare(str(value), wanted)

    return matches


def _count(members: Mapping[str, object], name: str, default: int) -> int:
    value = members.get(name)
    if value in (None, ""):
        return default
    if isinstance(value, int) or (isinstance(value, str) and value.isdecimal() and len(value) <= _DIGITS):
        return min(max(0, int(value)), _MOST_OFFSET)
    raise RestudioError(
        Kind.BAD_ARGUMENT,
        "RequestBodyInvalid",
        f"'{name}' must be a whole number, got {str(value)[:50]!r}.",
        target=name,
    )
