"""Studio API: documents of a factory together, which the management API takes one by one; secrets of pipelines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec
from litestar import Request, Response, delete, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from restudio.app.data_factory import DataFactory
from restudio.core.errors import Kind, RestudioError
from restudio.factory.documents.problems import ensure_none
from restudio.factory.service import NewResource
from restudio.factory.types import KINDS, ResourceKind, StoredResource
from restudio.factory.v1.service import NewV1Document
from restudio.factory.v1.types import V1_KINDS, V1Document, V1Kind
from restudio.http.answers import json_answer
from restudio.http.bodies import parse_json, text_member
from restudio.http.door import Door
from restudio.http.studio_assets import ROOT
from restudio.http.threads import threaded
from restudio.identity.types import Action

AnyRequest = Request[Any, Any, Any]
Answer = Response[bytes]
FACTORY = f"{ROOT}/factories/{{group:str}}/{{name:str}}"
SECRETS = f"{ROOT}/secrets"


def routes(parts: DataFactory, door: Door) -> list[HTTPRouteHandler]:
    """Handlers of one factory's documents, and of the workspace's secrets."""
    return [*_documents(parts, door), *_secrets(parts, door)]


def _documents(parts: DataFactory, door: Door) -> list[HTTPRouteHandler]:
    factories = parts.factories

    @post(f"{FACTORY}/publish", status_code=200)
    @threaded
    def publish(
        request: AnyRequest, workspace: FromPath[str], group: FromPath[str], name: FromPath[str], body: RawBody
    ) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        factory = factories.get_factory(workspace, group, name)
        first, second = _documents_of(body)
        ensure_none([*factories.check(factory, second), *parts.v1.check(factory, first)])
        shown = [_shown(each) for each in (factories.publish(principal, factory, second) if second else [])]
        shown += [_shown_first(each) for each in (parts.v1.publish(principal, factory, first) if first else [])]
        return json_answer(shown)

    @post(f"{FACTORY}/check", status_code=200)
    @threaded
    def check(
        request: AnyRequest, workspace: FromPath[str], group: FromPath[str], name: FromPath[str], body: RawBody
    ) -> Answer:
        door.enter(request, workspace, Action.READ)
        factory = factories.get_factory(workspace, group, name)
        first, second = _documents_of(body)
        found = [*factories.check(factory, second), *parts.v1.check(factory, first)]
        return json_answer([msgspec.to_builtins(each) for each in found])

    @get(f"{FACTORY}/documents")
    @threaded
    def documents(request: AnyRequest, workspace: FromPath[str], group: FromPath[str], name: FromPath[str]) -> Answer:
        door.enter(request, workspace, Action.READ)
        factory = factories.get_factory(workspace, group, name)
        first = parts.v1.list_kind(factory)
        made = {(kind, resource.casefold()) for each in first for kind, resource in each.made}
        second = [each for each in factories.list_all(factory) if (each.kind, each.name.casefold()) not in made]
        return json_answer([*(_shown(each) for each in second), *(_shown_first(each) for each in first)])

    return [publish, check, documents]


def _secrets(parts: DataFactory, door: Door) -> list[HTTPRouteHandler]:
    @get(SECRETS)
    @threaded
    def list_secrets(request: AnyRequest, workspace: FromPath[str]) -> Answer:
        door.enter(request, workspace, Action.READ)
        return json_answer([msgspec.to_builtins(each) for each in parts.vault.list_secrets(workspace)])

    @put(f"{SECRETS}/{{name:str}}", status_code=200)
    @threaded
    def put_secret(request: AnyRequest, workspace: FromPath[str], name: FromPath[str], body: RawBody) -> Answer:
        principal = door.enter(request, workspace, Action.EDIT)
        value = text_member(parse_json(body), "value")
        return json_answer(msgspec.to_builtins(parts.vault.put(principal, workspace, name, value)))

    @delete(f"{SECRETS}/{{name:str}}", status_code=204)
    @threaded
    def delete_secret(request: AnyRequest, workspace: FromPath[str], name: FromPath[str]) -> None:
        principal = door.enter(request, workspace, Action.EDIT)
        if not parts.vault.delete(principal, workspace, name):
            known = [each.name for each in parts.vault.list_secrets(workspace)]
            raise RestudioError.not_found("SecretNotFound", "Secret", name[:127], known)

    return [list_secrets, put_secret, delete_secret]


def _documents_of(body: bytes) -> tuple[Sequence[NewV1Document], Sequence[NewResource]]:
    """Those of version 1, and the others."""
    written = parse_json(body).get("documents")
    if not isinstance(written, list):
        raise _wrong("The body must be {'documents': [{'kind', 'name', 'properties', 'version'?}]}.")
    first, second = list[NewV1Document](), list[NewResource]()
    for each in written:
        document = _document(each)
        if isinstance(document, NewV1Document):
            first.append(document)
        else:
            second.append(document)
    return first, second


def _document(written: object) -> NewV1Document | NewResource:
    if isinstance(written, Mapping):
        kind, name, properties = written.get("kind"), written.get("name"), written.get("properties")
        where = str(written.get("where") or "")
        if isinstance(name, str) and isinstance(properties, Mapping):
            if written.get("version") == 1 and kind in V1_KINDS:
                return NewV1Document(cast("V1Kind", kind), name, properties, where)
            if written.get("version") != 1 and kind in KINDS:
                return NewResource(cast("ResourceKind", kind), name, properties, where)
    raise _wrong(f"A document needs a kind ({', '.join(KINDS)}; of version 1 the first three), a name and properties.")


def _shown(resource: StoredResource) -> dict[str, object]:
    return {
        "kind": resource.kind,
        "name": resource.name,
        "properties": dict(resource.properties),
        "revision": resource.revision,
    }


def _shown_first(document: V1Document) -> dict[str, object]:
    return {"kind": document.kind, "name": document.name, "properties": dict(document.properties), "version": 1}


def _wrong(message: str) -> RestudioError:
    return RestudioError(Kind.BAD_ARGUMENT, "RequestBodyInvalid", message, target="documents")
