"""Data Factory management API, version 2015-10-01: documents of version 1 and their slices (reference, section 9.9)."""

from __future__ import annotations

from collections.abc import Mapping

from litestar import get
from litestar.handlers import HTTPRouteHandler

from restudio.app.data_factory import DataFactory
from restudio.factory.properties import Json
from restudio.factory.v1.types import V1Document, V1Kind
from restudio.http import factory_v1_monitoring
from restudio.http import factory_v1_shapes as shapes
from restudio.http.answers import json_answer
from restudio.http.door import Door
from restudio.http.factory_api import (
    Answer,
    AnyRequest,
    Collection,
    FactoryApi,
    Place,
    Read,
    Shown,
    Written,
    collection_routes,
    command,
    factory_routes,
)
from restudio.http.factory_v1_query import asked_period
from restudio.http.threads import threaded

VERSIONS = ("2015-10-01", "2015-09-01")
"""The second differs in nothing that is offered here; clients of its time still say it."""
_EMPTY = ("gateways", "hubs", "activitytypes", "computetypes")
"""What clients list, and no factory has here."""


def factory_api(parts: DataFactory, door: Door) -> FactoryApi:
    """What the handlers of this version share. Its factories are those of version 2."""
    return FactoryApi(parts, door, VERSIONS, "datafactories")


def routes(api: FactoryApi, url: str) -> list[HTTPRouteHandler]:
    """All handlers; ``url`` is the public address."""
    found = [*_factories(api), *_pipelines(api), *factory_v1_monitoring.routes(api, url)]
    for collection, kind in shapes.COLLECTIONS.items():
        found += collection_routes(api, _documents(api, collection, kind))
    return found


def _factories(api: FactoryApi) -> list[HTTPRouteHandler]:
    factories = api.parts.factories

    def write(place: Place, told: Mapping[str, Json], match: str | None) -> Written:
        held = factories.list_factories(place.workspace, place.group)
        known = next((each for each in held if each.name.casefold() == place.name.casefold()), None)
        # What version 2 keeps beside location and tags stays.
        body = {} if known is None else dict(known.body)
        body |= {name: told[name] for name in ("location", "tags") if name in told}
        args = (place.principal, place.workspace, place.group, place.name)
        made = factories.put_factory(*args, body, if_match=match)
        return Written(shapes.factory(made, place.subscription), is_new=known is None)

    @get([f"{api.factory}/{collection}" for collection in _EMPTY])
    @threaded
    def list_none(request: AnyRequest) -> Answer:
        assert api.place(request).factory
        return json_answer({"value": []})

    return [*factory_routes(api, shapes.factory, write), list_none]


def _documents(api: FactoryApi, collection: str, kind: V1Kind) -> Collection:
    first = api.parts.v1

    def show(place: Place, found: V1Document) -> Shown:
        return shapes.document(found, place.factory, place.subscription, collection)

    def write(place: Place, name: str, properties: Mapping[str, Json], _: str | None) -> Written:
        made = first.put(place.principal, place.factory, kind, name, properties)
        return Written(show(place, made.document), made.is_new)

    return Collection(
        collection,
        lambda place: [show(place, each) for each in first.list_kind(place.factory, kind)],
        write,
        lambda place, name: Read(show(place, first.get(place.factory, kind, name))),
        lambda place, name: first.delete(place.principal, place.factory, kind, name),
    )


def _pipelines(api: FactoryApi) -> list[HTTPRouteHandler]:
    first = api.parts.v1
    one = api.factory + "/datapipelines/{pipeline:str}"

    def suspend(place: Place, request: AnyRequest) -> None:
        first.suspend(place.principal, place.factory, str(request.path_params["pipeline"]))

    def resume(place: Place, request: AnyRequest) -> None:
        first.resume(place.principal, place.factory, str(request.path_params["pipeline"]))

    def update(place: Place, request: AnyRequest) -> None:
        # Clients also say autoResolve and forceRecalc. Slices follow their period at once here: neither changes that.
        pipeline = str(request.path_params["pipeline"])
        first.set_active_period(place.principal, place.factory, pipeline, *asked_period(request))

    return [
        command(api, [one + "/pause", one + "/suspend"], suspend),
        command(api, one + "/resume", resume),
        command(api, one + "/update", update),
    ]
