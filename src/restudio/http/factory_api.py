"""What the two management APIs of Data Factory share: who asks for which factory, and the requests that both have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, delete, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from restudio.app.data_factory import DataFactory
from restudio.core.errors import Kind, RestudioError
from restudio.core.ids import workspace_of
from restudio.factory.properties import Json, Properties
from restudio.factory.types import Factory
from restudio.http.answers import json_answer
from restudio.http.bodies import parse_json
from restudio.http.door import Door
from restudio.http.threads import threaded
from restudio.identity.types import Action, Principal

AnyRequest = Request[Any, Any, Any]
Answer = Response[bytes]
Shown = Mapping[str, Json]
PROVIDER = "providers/microsoft.datafactory"
SUBSCRIPTION = "/subscriptions/{subscription:str}"


@dataclass(frozen=True, slots=True)
class Place:
    """The factory that an address names, and who asks."""

    principal: Principal
    workspace: str
    subscription: str
    group: str
    name: str
    parts: DataFactory

    @property
    def factory(self) -> Factory:
        return self.parts.factories.get_factory(self.workspace, self.group, self.name)


@dataclass(frozen=True, slots=True)
class FactoryApi:
    """What the handlers of one version share; the first of ``versions`` is its name. Factories are ``collection``."""

    parts: DataFactory
    door: Door
    versions: tuple[str, ...]
    collection: str

    @property
    def group(self) -> str:
        """The address of the factories of a resource group."""
        return f"{SUBSCRIPTION}/resourcegroups/{{group:str}}/{PROVIDER}/{self.collection}"

    @property
    def factory(self) -> str:
        """The address of one factory."""
        return f"{self.group}/{{name:str}}"

    def enter(self, request: AnyRequest, subscription: str, action: Action = Action.READ) -> Principal:
        principal = self.door.enter_arm(request, workspace_of(subscription), action)
        asked = request.query_params.get("api-version")
        if asked not in self.versions:
            code = "MissingApiVersionParameter" if asked is None else "InvalidApiVersionParameter"
            message = f"The query parameter api-version must be {self.versions[0]}; got {asked!r}."
            raise RestudioError(Kind.BAD_ARGUMENT, code, message, target="api-version")
        return principal

    def place(self, request: AnyRequest, action: Action = Action.READ) -> Place:
        """From the path, which names subscription, group and factory."""
        path = request.path_params
        subscription, group, name = str(path["subscription"]), str(path["group"]), str(path["name"])
        principal = self.enter(request, subscription, action)
        return Place(principal, workspace_of(subscription), subscription, group, name, self.parts)


@dataclass(frozen=True, slots=True)
class Read:
    """A thing as its API shows it; ``etag`` where clients may have it already."""

    shown: Shown
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A thing after it was put; ``is_new`` where the API answers differently then."""

    shown: Shown
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Collection:
    """Named things below a factory. ``put`` gets what the body holds and the header ``If-Match``; ``delete`` tells
    whether there was one."""

    name: str
    list: Callable[[Place], Iterable[Shown]]
    put: Callable[[Place, str, Mapping[str, Json], str | None], Written]
    get: Callable[[Place, str], Read]
    delete: Callable[[Place, str], bool]


def collection_routes(api: FactoryApi, of: Collection) -> list[HTTPRouteHandler]:
    """List, put, get, delete."""
    one = f"{api.factory}/{of.name}/{{resource:str}}"

    @get(f"{api.factory}/{of.name}")
    @threaded
    def list_resources(request: AnyRequest) -> Answer:
        return json_answer({"value": [*of.list(api.place(request))]})

    @put(one, status_code=200)
    @threaded
    def put_resource(request: AnyRequest, resource: FromPath[str], body: RawBody) -> Answer:
        place, told = api.place(request, Action.EDIT), Properties(parse_json(body))
        properties = told.get("properties")
        if not isinstance(properties, Mapping):
            message = "The body must be an object with 'properties', as {'name': …, 'properties': {…}}."
            raise RestudioError(Kind.BAD_ARGUMENT, "RequestBodyInvalid", message, target="properties")
        return _written(of.put(place, resource, properties, request.headers.get("if-match")))

    @get(one)
    @threaded
    def get_resource(request: AnyRequest, resource: FromPath[str]) -> Answer:
        return _read(request, of.get(api.place(request), resource))

    @delete(one, status_code=200)
    @threaded
    def delete_resource(request: AnyRequest, resource: FromPath[str]) -> Answer:
        return _deleted(of.delete(api.place(request, Action.EDIT), resource))

    return [list_resources, put_resource, get_resource, delete_resource]


def factory_routes(
    api: FactoryApi,
    show: Callable[[Factory, str], Shown],
    write: Callable[[Place, Mapping[str, Json], str | None], Written],
) -> list[HTTPRouteHandler]:
    """List, put, get, delete of factories. ``show`` gets the subscription too; ``write`` as ``put`` of a collection."""
    factories = api.parts.factories

    @get([f"{SUBSCRIPTION}/{PROVIDER}/{api.collection}", api.group])
    @threaded
    def list_factories(request: AnyRequest) -> Answer:
        subscription, group = str(request.path_params["subscription"]), request.path_params.get("group")
        api.enter(request, subscription)
        found = factories.list_factories(workspace_of(subscription), group)
        return json_answer({"value": [show(each, subscription) for each in found]})

    @put(api.factory, status_code=200)
    @threaded
    def put_factory(request: AnyRequest, body: RawBody) -> Answer:
        place = api.place(request, Action.EDIT)
        return _written(write(place, parse_json(body), request.headers.get("if-match")))

    @get(api.factory)
    @threaded
    def get_factory(request: AnyRequest) -> Answer:
        place = api.place(request)
        found = place.factory
        return _read(request, Read(show(found, place.subscription), found.etag))

    @delete(api.factory, status_code=200)
    @threaded
    def delete_factory(request: AnyRequest) -> Answer:
        place = api.place(request, Action.EDIT)
        return _deleted(factories.delete_factory(place.principal, place.workspace, place.group, place.name))

    return [list_factories, put_factory, get_factory, delete_factory]


def command(api: FactoryApi, paths: str | Sequence[str], do: Callable[[Place, AnyRequest], object]) -> HTTPRouteHandler:
    """A POST that changes something and answers with nothing."""

    @post([paths] if isinstance(paths, str) else list(paths), status_code=200)
    @threaded
    def run_command(request: AnyRequest) -> Answer:
        do(api.place(request, Action.EDIT), request)
        return Response(b"", status_code=200)

    return run_command


def asked_text(request: AnyRequest, *names: str) -> str | None:
    """A query parameter under one of its names, in any case; None when it is absent or empty."""
    given = {name.casefold(): value for name, value in request.query_params.items()}
    return next((str(given[name.casefold()]) for name in names if given.get(name.casefold())), None)


def asked_flag(request: AnyRequest, name: str) -> bool:
    """A query parameter that is true or false, which it is when it is absent."""
    text = (asked_text(request, name) or "false").casefold()
    if text not in ("true", "false"):
        message = f"{name} must be true or false; got {text[:80]!r}."
        raise RestudioError(Kind.BAD_ARGUMENT, "InvalidQueryParameter", message, target=name)
    return text == "true"


def _written(made: Written) -> Answer:
    return json_answer(made.shown, 201 if made.is_new else 200)


def _read(request: AnyRequest, found: Read) -> Answer:
    """The thing; 304 when the caller has it (``If-None-Match``)."""
    known = request.headers.get("if-none-match")
    if known is not None and known.strip().removeprefix("W/").strip('"') == found.etag:
        return Response(b"", status_code=304)
    return json_answer(found.shown)


def _deleted(was_there: bool) -> Answer:
    return Response(b"", status_code=200 if was_there else 204)
