"""Studio API: slices of the pipelines of version 1, by pipeline and activity."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import RawBody

from restudio.app.data_factory import DataFactory
from restudio.factory.documents.instant import second_text
from restudio.factory.types import Factory
from restudio.factory.v1.slices import read_wanted
from restudio.http.answers import json_answer
from restudio.http.bodies import optional_text, parse_json, text_member
from restudio.http.door import Door
from restudio.http.factory_v1_shapes import studio_slice
from restudio.http.instants import read_instant
from restudio.http.studio_factory import FACTORY
from restudio.http.threads import threaded
from restudio.identity.types import Action, Principal

AnyRequest = Request[Any, Any, Any]
PIPELINE = f"{FACTORY}/v1/pipelines/{{pipeline:str}}"
_EVER = {"start": "0001-01-02", "end": "9999-12-30"}


def routes(parts: DataFactory, door: Door) -> list[HTTPRouteHandler]:
    """List, set, resume, suspend."""

    def enter(request: AnyRequest, action: Action) -> tuple[Principal, Factory, str]:
        """Who asks, and the pipeline that the address names."""
        path = request.path_params
        principal = door.enter(request, str(path["workspace"]), action)
        factory = parts.factories.get_factory(str(path["workspace"]), str(path["group"]), str(path["name"]))
        return principal, factory, parts.v1.get(factory, "pipeline", str(path["pipeline"])).name

    @get(f"{PIPELINE}/slices")
    @threaded
    def list_slices(request: AnyRequest) -> Response[bytes]:
        _, factory, pipeline = enter(request, Action.READ)
        given = request.query_params
        begin, end = (read_instant(given.get(each) or ever, each) for each, ever in _EVER.items())
        page = parts.slices.list_pipeline(factory, pipeline, begin, end)
        rest = None if page.rest is None else second_text(page.rest)
        return json_answer({"value": [studio_slice(each) for each in page.slices], "rest": rest})

    @post(f"{PIPELINE}/slices", status_code=200)
    @threaded
    def set_slices(request: AnyRequest, body: RawBody) -> Response[bytes]:
        principal, factory, pipeline = enter(request, Action.EDIT)
        told = parse_json(body)
        end = optional_text(told, "end")
        count = parts.slices.set_activity(
            principal,
            factory,
            pipeline,
            text_member(told, "activity"),
            read_instant(text_member(told, "start"), "start"),
            None if end is None else read_instant(end, "end"),
            read_wanted(text_member(told, "state")),
            upstream=told.get("upstream") is True,
        )
        return json_answer({"count": count})

    @post(f"{PIPELINE}/resume", status_code=200)
    @threaded
    def resume_slices(request: AnyRequest) -> Response[bytes]:
        principal, factory, pipeline = enter(request, Action.EDIT)
        parts.v1.resume(principal, factory, pipeline)
        return json_answer({"pipeline": pipeline, "active": True})

    @post(f"{PIPELINE}/suspend", status_code=200)
    @threaded
    def suspend_slices(request: AnyRequest) -> Response[bytes]:
        principal, factory, pipeline = enter(request, Action.EDIT)
        parts.v1.suspend(principal, factory, pipeline)
        return json_answer({"pipeline": pipeline, "active": False})

    return [list_slices, set_slices, resume_slices, suspend_slices]
