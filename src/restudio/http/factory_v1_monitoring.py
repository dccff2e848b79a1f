"""Data Factory management API, version 2015-10-01: slices, their runs, activity windows.

Beside section 9.9 of the reference: the requests of the original's .NET library and PowerShell, and of its monitoring
page, which are public (Azure/azure-sdk-for-net, Microsoft.Azure.Management.DataFactories 4).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from litestar import Response, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from restudio.core.errors import Kind, RestudioError
from restudio.factory.documents.instant import instant_text, second_text
from restudio.factory.properties import Properties
from restudio.factory.v1.monitoring import WindowPage, WindowQuery
from restudio.factory.v1.slices import PAGE, SlicePage, read_wanted
from restudio.http import factory_v1_shapes as shapes
from restudio.http.answers import json_answer
from restudio.http.bodies import parse_json
from restudio.http.factory_api import Answer, AnyRequest, FactoryApi, asked_text
from restudio.http.factory_v1_query import asked_instant, asked_period, find_instant
from restudio.http.instants import read_instant
from restudio.http.threads import threaded
from restudio.identity.types import Action

_CAUSES = 20
_UPDATES = {"individual": False, "0": False, "upstreaminpipeline": True, "1": True}


def routes(api: FactoryApi, url: str) -> list[HTTPRouteHandler]:
    """``url`` is the public address. Datasets were called tables once."""
    datasets = [f"{api.factory}/{collection}/{{dataset:str}}" for collection in ("datasets", "tables")]
    return [*_slices(api, datasets, url), *_runs(api, datasets), *_windows(api, url)]


def _slices(api: FactoryApi, datasets: list[str], url: str) -> list[HTTPRouteHandler]:
    slices = api.parts.slices

    @get([each + "/slices" for each in datasets])
    @threaded
    def list_v1_slices(request: AnyRequest, dataset: FromPath[str]) -> Answer:
        place = api.place(request)
        begin, end = asked_period(request)
        page = slices.list_dataset(place.factory, dataset, begin, end)
        if not page.slices:  # there may be no such dataset; those of one-time pipelines are theirs alone
            api.parts.v1.get(place.factory, "dataset", dataset)
        return json_answer(_page(page, url + request.url.path, request.query_params))

    @put([each + "/slices/{action:str}" for each in datasets], status_code=200)
    @threaded
    def set_v1_slices(request: AnyRequest, dataset: FromPath[str], action: FromPath[str], body: RawBody) -> Answer:
        if action.casefold() != "setstatus":
            message = f"Slices can be set by PUT …/slices/setstatus; got '{action[:80]}'."
            raise RestudioError(Kind.NOT_FOUND, "ResourceNotFound", message, target="action")
        place, told = api.place(request, Action.EDIT), Properties(parse_json(body))
        begin, end = asked_instant(request, "start"), find_instant(request, "end")
        wanted = read_wanted(str(told.get("SliceState") or told.get("SliceStatus") or ""))
        upstream = _UPDATES.get(str(told.get("UpdateType", "Individual")).casefold())
        if upstream is None:
            shown = str(told.get("UpdateType"))[:80]
            message = f"UpdateType must be Individual or UpstreamInPipeline; got '{shown}'."
            raise RestudioError(Kind.BAD_ARGUMENT, "InvalidUpdateType", message, target="UpdateType")
        slices.set_status(place.principal, place.factory, dataset, begin, end, wanted, upstream=upstream)
        return Response(b"", status_code=200)

    @get([each + "/slices/dependencychain" for each in datasets])
    @threaded
    def trace_v1_slices(request: AnyRequest, dataset: FromPath[str]) -> Answer:
        place = api.place(request)
        way = asked_text(request, "dependencyType") or "UpStream"
        if way.casefold() != "upstream":
            message = f"dependencyType must be UpStream; got '{way[:80]}'."
            raise RestudioError(Kind.BAD_ARGUMENT, "InvalidDependencyType", message, target="dependencyType")
        return json_answer(shapes.link(api.parts.monitor.trace(place.factory, dataset, *asked_period(request))))

    @get([each + "/slices/upstreamofinterest" for each in datasets])
    @threaded
    def list_v1_causes(request: AnyRequest, dataset: FromPath[str]) -> Answer:
        place = api.place(request)
        top = _told_count(asked_text(request, "top"), "top")
        most = _CAUSES if top is None else min(top, PAGE)
        found = api.parts.monitor.list_causes(place.factory, dataset, *asked_period(request), most)
        return json_answer({"value": [shapes.link(each) for each in found]})

    return [list_v1_slices, set_v1_slices, trace_v1_slices, list_v1_causes]


def _runs(api: FactoryApi, datasets: list[str]) -> list[HTTPRouteHandler]:
    monitor = api.parts.monitor

    @get([each + "/sliceruns" for each in datasets])
    @threaded
    def list_v1_slice_runs(request: AnyRequest, dataset: FromPath[str]) -> Answer:
        place = api.place(request)
        runs = monitor.list_runs(place.factory, dataset, asked_instant(request, "startTime", "start"))
        return json_answer({"value": [shapes.slice_run(each) for each in runs]})

    @get(api.factory + "/runs/{run:str}")
    @threaded
    def get_v1_slice_run(request: AnyRequest, run: FromPath[str]) -> Answer:
        place = api.place(request)
        return json_answer(shapes.slice_run(monitor.get_run(place.factory, run)))

    @get(api.factory + "/runs/{run:str}/loginfo")
    @threaded
    def get_v1_slice_run_logs(request: AnyRequest, run: FromPath[str]) -> Answer:
        found = monitor.get_run(api.place(request).factory, run)
        message = f"Run '{found.id}' has no log files: `hasLogs` is false. What failed stands in its errorMessage."
        raise RestudioError(Kind.NOT_FOUND, "DataSliceRunLogsNotFound", message, target=found.id)

    return [list_v1_slice_runs, get_v1_slice_run, get_v1_slice_run_logs]


def _windows(api: FactoryApi, url: str) -> list[HTTPRouteHandler]:
    pipeline = api.factory + "/datapipelines/{pipeline:str}"
    paths = [
        api.factory,
        api.factory + "/datasets/{dataset:str}",
        pipeline,
        pipeline + "/activities/{activity:str}",
    ]

    @post([each + "/activitywindows" for each in paths], status_code=200)
    @threaded
    def list_v1_activity_windows(request: AnyRequest, body: RawBody) -> Answer:
        place = api.place(request)
        found = place.factory
        page = api.parts.monitor.list_windows(found, _query(request, Properties(parse_json(body or b"{}"))))
        shown: dict[str, object] = {
            "value": {
                "activityWindows": [shapes.activity_window(each, found) for each in page.windows],
                "lastUpdate": instant_text(page.at),
                "aggregates": {},
            }
        }
        return json_answer(shown | _next_windows(page, url + request.url.path, request.query_params))

    return [list_v1_activity_windows]


def _query(request: AnyRequest, told: Properties) -> WindowQuery:
    named = {name: request.path_params.get(name) for name in ("pipeline", "activity", "dataset")}
    return WindowQuery(
        **named,
        begin=_told_instant(told, "windowStart"),
        end=_told_instant(told, "windowEnd"),
        run_begin=_told_instant(told, "runStart"),
        run_end=_told_instant(told, "runEnd"),
        state=_told_text(told, "windowState"),
        substate=_told_text(told, "windowSubstate"),
        filter=_told_text(told, "filter"),
        order=_told_text(told, "orderBy"),
        top=_told_count(told.get("top"), "top"),
        skip=_told_count(asked_text(request, "skip") or told.get("skip"), "skip") or 0,
    )


def _told_text(told: Properties, name: str) -> str | None:
    value = told.get(name)
    if value is None or isinstance(value, str):
        return value or None
    raise RestudioError(Kind.BAD_ARGUMENT, "RequestBodyInvalid", f"'{name}' must be a text.", target=name)


def _told_instant(told: Properties, name: str) -> datetime | None:
    text = _told_text(told, name)
    return None if text is None else read_instant(text, name)


def _told_count(value: object, name: str) -> int | None:
    if value is None:
        return None
    text = str(value)
    if isinstance(value, bool) or not text.isdecimal() or len(text) > 9:
        message = f"'{name}' must be a whole number from 0 on; got '{text[:40]}'."
        raise RestudioError(Kind.BAD_ARGUMENT, "RequestBodyInvalid", message, target=name)
    return int(text)


def _page(page: SlicePage, address: str, query: Mapping[str, str]) -> dict[str, object]:
    shown: dict[str, object] = {"value": [shapes.slice_(each) for each in page.slices]}
    if page.rest is not None:
        given = {name: value for name, value in query.items() if name.casefold() != "start"}
        shown["nextLink"] = f"{address}?{urlencode({**given, 'start': second_text(page.rest)})}"
    return shown


def _next_windows(page: WindowPage, address: str, query: Mapping[str, str]) -> dict[str, object]:
    if page.rest is None:
        return {}
    return {"nextLink": f"{address}?{urlencode({**query, 'skip': page.rest})}"}
