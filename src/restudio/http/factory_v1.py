"""Data Factory management API, version 2015-10-01: documents of version 1 and their slices (reference, section 9.9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from litestar import Response, delete, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from restudio.core.errors import Kind, RestudioError
from restudio.core.ids import workspace_of
from restudio.factory.properties import Properties
from restudio.factory.v1.types import V1Kind
from restudio.http import factory_v1_monitoring
from restudio.http import factory_v1_shapes as shapes
from restudio.http.answers import json_answer
from restudio.http.bodies import parse_json
from restudio.http.factory import PROVIDER, SUBSCRIPTION, Answer, AnyRequest, FactoryApi
from restudio.http.factory_v1_query import asked_period
from restudio.http.threads import threaded
from restudio.identity.types import Action

VERSIONS = ("2015-10-01", "2015-09-01")
"""The second differs in nothing that is offered here; clients of its time still say it."""
GROUP = SUBSCRIPTION + "/resourcegroups/{group:str}/" + PROVIDER + "/datafactories"
FACTORY = GROUP + "/{name:str}"
_EMPTY = ("gateways", "hubs", "activitytypes", "computetypes")
"""What clients list, and no factory has here."""


def routes(api: FactoryApi, url: str) -> list[HTTPRouteHandler]:
    """All handlers of version 1. Theirs are the same factories as those of version 2. ``url`` is the public address."""
    first = replace(api, versions=VERSIONS)
    found = [*_factories(first), *_pipelines(first), *factory_v1_monitoring.routes(first, FACTORY, url)]
    for collection, kind in shapes.COLLECTIONS.items():
        found += _documents(first, collection, kind)
    return found


def _factories(api: FactoryApi) -> list[HTTPRouteHandler]:
    factories = api.parts.factories

    @get([SUBSCRIPTION + "/" + PROVIDER + "/datafactories", GROUP])
    @threaded
    def list_v1_factories(request: AnyRequest) -> Answer:
        subscription, group = str(request.path_params["subscription"]), request.path_params.get("group")
        api.enter(request, subscription)
        found = factories.list_factories(workspace_of(subscription), group)
        return json_answer({"value": [shapes.factory(each, subscription) for each in found]})

    @put(FACTORY)
    @threaded
    def put_v1_factory(request: AnyRequest, body: RawBody) -> Answer:
        place, told = api.place(request, Action.EDIT), dict(parse_json(body))
        held = factories.list_factories(place.workspace, place.group)
        known = next((each for each in held if each.name.casefold() == place.name.casefold()), None)
        # What version 2 keeps beside location and tags stays.
        given: dict[str, object] = {name: told[name] for name in ("location", "tags") if name in told}
        kept = {} if known is None else dict(known.body)
        made = factories.put_factory(place.principal, place.workspace, place.group, place.name, {**kept, **given})
        return json_answer(shapes.factory(made, place.subscription), 201 if known is None else 200)

    @get(FACTORY)
    @threaded
    def get_v1_factory(request: AnyRequest) -> Answer:
        place = api.place(request)
        return json_answer(shapes.factory(place.factory, place.subscription))

    @delete(FACTORY, status_code=200)
    @threaded
    def delete_v1_factory(request: AnyRequest) -> Answer:
        place = api.place(request, Action.EDIT)
        gone = factories.delete_factory(place.principal, place.workspace, place.group, place.name)
        return Response(b"", status_code=200 if gone else 204)

    @get([f"{FACTORY}/{collection}" for collection in _EMPTY])
    @threaded
    def list_none(request: AnyRequest) -> Answer:
        assert api.place(request).factory
        return json_answer({"value": []})

    return [list_v1_factories, put_v1_factory, get_v1_factory, delete_v1_factory, list_none]


def _documents(api: FactoryApi, collection: str, kind: V1Kind) -> list[HTTPRouteHandler]:
    first = api.parts.v1
    one = FACTORY + "/" + collection + "/{resource:str}"

    @get(FACTORY + "/" + collection)
    @threaded
    def list_v1_documents(request: AnyRequest) -> Answer:
        place = api.place(request)
        factory = place.factory
        found = first.list_kind(factory, kind)
        return json_answer({"value": [shapes.document(d, factory, place.subscription, collection) for d in found]})

    @put(one)
    @threaded
    def put_v1_document(request: AnyRequest, resource: FromPath[str], body: RawBody) -> Answer:
        place, told = api.place(request, Action.EDIT), Properties(parse_json(body))
        properties = told.get("properties")
        if not isinstance(properties, Mapping):
            message = "The body must be an object with 'properties', as {'name': …, 'properties': {…}}."
            raise RestudioError(Kind.BAD_ARGUMENT, "RequestBodyInvalid", message, target="properties")
        factory = place.factory
        made = first.put(place.principal, factory, kind, resource, properties)
        shown = shapes.document(made.document, factory, place.subscription, collection)
        return json_answer(shown, 201 if made.is_new else 200)

    @get(one)
    @threaded
    def get_v1_document(request: AnyRequest, resource: FromPath[str]) -> Answer:
        place = api.place(request)
        factory = place.factory
        return json_answer(shapes.document(first.get(factory, kind, resource), factory, place.subscription, collection))

    @delete(one, status_code=200)
    @threaded
    def delete_v1_document(request: AnyRequest, resource: FromPath[str]) -> Answer:
        place = api.place(request, Action.EDIT)
        gone = first.delete(place.principal, place.factory, kind, resource)
        return Response(b"", status_code=200 if gone else 204)

    return [list_v1_documents, put_v1_document, get_v1_document, delete_v1_document]


def _pipelines(api: FactoryApi) -> list[HTTPRouteHandler]:
    first = api.parts.v1
    one = FACTORY + "/datapipelines/{pipeline:str}"

    @post([one + "/pause", one + "/suspend"], status_code=200)
    @threaded
    def suspend_v1_pipeline(request: AnyRequest, pipeline: FromPath[str]) -> Answer:
        place = api.place(request, Action.EDIT)
        first.suspend(place.principal, place.factory, pipeline)
        return Response(b"", status_code=200)

    @post(one + "/resume", status_code=200)
    @threaded
    def resume_v1_pipeline(request: AnyRequest, pipeline: FromPath[str]) -> Answer:
        place = api.place(request, Action.EDIT)
        first.resume(place.principal, place.factory, pipeline)
        return Response(b"", status_code=200)

    @post(one + "/update", status_code=200)
    @threaded
    def update_v1_pipeline(request: AnyRequest, pipeline: FromPath[str]) -> Answer:
        # Clients also say autoResolve and forceRecalc. Slices follow their period at once here: neither changes that.
        place = api.place(request, Action.EDIT)
        first.set_active_period(place.principal, place.factory, pipeline, *asked_period(request))
        return Response(b"", status_code=200)

    return [suspend_v1_pipeline, resume_v1_pipeline, update_v1_pipeline]
