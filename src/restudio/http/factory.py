"""Data Factory management API, version 2018-06-01 (Data Factory reference, section 10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from litestar import get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from restudio.app.data_factory import DataFactory
from restudio.factory.properties import Json, Properties
from restudio.factory.runs.queries import read_filter
from restudio.factory.trigger_service import RuntimeState
from restudio.factory.types import GLOBAL_PARAMETERS, Factory, ResourceKind, StoredResource
from restudio.http import factory_shapes as shapes
from restudio.http.answers import json_answer
from restudio.http.bodies import parse_json
from restudio.http.door import Door
from restudio.http.factory_api import (
    PROVIDER,
    Answer,
    AnyRequest,
    Collection,
    FactoryApi,
    Place,
    Read,
    Shown,
    Written,
    asked_flag,
    asked_text,
    collection_routes,
    command,
    factory_routes,
)
from restudio.http.threads import threaded
from restudio.identity.types import Action

VERSION = "2018-06-01"


def factory_api(parts: DataFactory, door: Door) -> FactoryApi:
    """What the handlers of this version share."""
    return FactoryApi(parts, door, (VERSION,), "factories")


def routes(api: FactoryApi) -> list[HTTPRouteHandler]:
    """All handlers of the management API but those of triggers' lives."""
    collections = [_resources(api, name, kind) for name, kind in shapes.COLLECTIONS.items()]
    found = [*_factories(api), *_runs(api)]
    for each in (*collections, _global_parameters(api)):
        found += collection_routes(api, each)
    return found


def _factories(api: FactoryApi) -> list[HTTPRouteHandler]:
    factories = api.parts.factories

    def show(found: Factory, subscription: str) -> Shown:
        parameters = factories.find(found, "globalParameters", GLOBAL_PARAMETERS)
        return shapes.factory(found, subscription, {} if parameters is None else parameters.properties)

    def write(place: Place, told: Mapping[str, Json], match: str | None = None) -> Written:
        args = (place.principal, place.workspace, place.group, place.name)
        made = factories.put_factory(*args, told, if_match=match)
        parameters = Properties(told).object("properties").get("globalParameters")
        if isinstance(parameters, Mapping):
            factories.put(place.principal, made, "globalParameters", GLOBAL_PARAMETERS, parameters)
        return Written(show(place.factory, place.subscription))

    @get("/" + PROVIDER + "/operations", sync_to_thread=False)
    def operations() -> Answer:
        return json_answer({"value": []})

    @patch(api.factory)
    @threaded
    def update_factory(request: AnyRequest, body: RawBody) -> Answer:
        place, told = api.place(request, Action.EDIT), Properties(parse_json(body))
        found = place.factory
        known = Properties(found.body)
        merged = {**found.body, **{n: told[n] for n in ("tags", "identity") if n in told}}
        given = told.get("properties", {})
        merged["properties"] = {**known.object("properties"), **given} if isinstance(given, Mapping) else given
        return json_answer(write(place, merged).shown)

    return [operations, *factory_routes(api, show, write), update_factory]


def _resources(api: FactoryApi, collection: str, kind: ResourceKind) -> Collection:
    factories = api.parts.factories

    def states(factory: Factory) -> Mapping[str, RuntimeState]:
        return api.parts.triggers.runtime_states(factory) if kind == "trigger" else {}

    def show(place: Place, factory: Factory, found: StoredResource, known: Mapping[str, RuntimeState]) -> Shown:
        return shapes.resource(with_state(found, known), factory, place.subscription, collection)

    def list_all(place: Place) -> list[Shown]:
        factory = place.factory
        known = states(factory)
        return [show(place, factory, each, known) for each in factories.list_kind(factory, kind)]

    def write(place: Place, name: str, properties: Mapping[str, Json], match: str | None) -> Written:
        factory = place.factory
        made = factories.put(place.principal, factory, kind, name, properties, if_match=match)
        return Written(show(place, factory, made, {}))

    def read(place: Place, name: str) -> Read:
        factory = place.factory
        found = factories.get(factory, kind, name)
        return Read(show(place, factory, found, states(factory)), found.etag)

    return Collection(
        collection,
        list_all,
        write,
        read,
        lambda place, name: factories.delete(place.principal, place.factory, kind, name),
    )


def _global_parameters(api: FactoryApi) -> Collection:
    """A factory has one set; it goes under one name."""
    return replace(_resources(api, "globalParameters", "globalParameters"), name="globalparameters")


def _runs(api: FactoryApi) -> list[HTTPRouteHandler]:
    runs = api.parts.runs
    one = api.factory + "/pipelineruns/{run:str}"

    @post(api.factory + "/pipelines/{pipeline:str}/createrun", status_code=200)
    @threaded
    def create_run(request: AnyRequest, pipeline: FromPath[str], body: RawBody) -> Answer:
        place = api.place(request, Action.EDIT)
        run = runs.create(
            place.principal,
            place.factory,
            pipeline,
            _optional(body),
            reference_run_id=asked_text(request, "referencePipelineRunId"),
            is_recovery=asked_flag(request, "isRecovery"),
            start_activity=asked_text(request, "startActivityName"),
            from_failure=asked_flag(request, "startFromFailure"),
        )
        return json_answer({"runId": run.id})

    @get(one)
    @threaded
    def get_run(request: AnyRequest, run: FromPath[str]) -> Answer:
        return json_answer(shapes.pipeline_run(runs.get(api.place(request).factory, run)))

    @post(api.factory + "/querypipelineruns", status_code=200)
    @threaded
    def query_runs(request: AnyRequest, body: RawBody) -> Answer:
        found = runs.list_runs(api.place(request).factory, read_filter(_optional(body)))
        return json_answer(shapes.page(found, shapes.pipeline_run))

    @post(one + "/queryactivityruns", status_code=200)
    @threaded
    def query_activity_runs(request: AnyRequest, run: FromPath[str], body: RawBody) -> Answer:
        found = runs.get(api.place(request).factory, run)
        return json_answer(
            shapes.page(runs.list_activity_runs(found, read_filter(_optional(body))), shapes.activity_run)
        )

    def cancel(place: Place, request: AnyRequest) -> None:
        recursive = asked_flag(request, "isRecursive")
        runs.cancel(place.principal, place.factory, str(request.path_params["run"]), recursive=recursive)

    return [create_run, get_run, query_runs, query_activity_runs, command(api, one + "/cancel", cancel)]


def with_state(found: StoredResource, states: Mapping[str, RuntimeState]) -> StoredResource:
    """Triggers tell whether they are started, whatever was written."""
    if found.kind != "trigger":
        return found
    written = {name: value for name, value in found.properties.items() if name.casefold() != "runtimestate"}
    state = states.get(found.name.casefold(), "Stopped")
    return replace(found, properties={**written, "runtimeState": state})


def _optional(body: bytes) -> Mapping[str, Json]:
    return parse_json(body) if body.strip() else {}
