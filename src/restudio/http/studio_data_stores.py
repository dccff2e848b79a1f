"""Studio API: data stores and what is in them. Secrets go in and never come out."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, Response, delete, get, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, RawBody

from restudio.designer.stores.kinds import KINDS
from restudio.designer.stores.service import DataStores
from restudio.designer.stores.types import DataStore
from restudio.graph.data_path import make_data_path
from restudio.http.answers import json_answer
from restudio.http.blob_request import read_body
from restudio.http.bodies import object_member, optional_text, parse_json, text_member
from restudio.http.door import Door
from restudio.http.studio_assets import ROOT
from restudio.http.threads import threaded
from restudio.identity.types import Action

AnyRequest = Request[Any, Any, Any]
Answer = Response[bytes]
STORES = f"{ROOT}/data-stores"


def routes(stores: DataStores, door: Door, max_upload: int) -> list[HTTPRouteHandler]:
    """Handlers of data stores."""

    @get(STORES)
    @threaded
    def list_(request: AnyRequest, workspace: FromPath[str]) -> Answer:
        door.enter(request, workspace, Action.READ)
        return json_answer([_store(found) for found in stores.list(workspace)])

    @get("/studio/api/data-store-kinds")
    @threaded
    def kinds() -> Answer:
        return json_answer(list(KINDS.values()))

    @get(f"{STORES}/{{store:str}}")
    @threaded
    def show(request: AnyRequest, workspace: FromPath[str], store: FromPath[str]) -> Answer:
        door.enter(request, workspace, Action.READ)
        return json_answer(_store(stores.get(workspace, store)))

    @put(f"{STORES}/{{store:str}}")
    @threaded
    def register(request: AnyRequest, workspace: FromPath[str], store: FromPath[str], body: RawBody) -> Answer:
        principal = door.enter(request, workspace, Action.DEPLOY)
        members = parse_json(body)
        made = stores.put(
            principal,
            workspace,
            store,
            text_member(members, "kind"),
            object_member(members, "settings"),
            description=optional_text(members, "description") or "",
        )
        return json_answer(_store(made))

    @delete(f"{STORES}/{{store:str}}", status_code=204)
    @threaded
    def forget(request: AnyRequest, workspace: FromPath[str], store: FromPath[str]) -> None:
        stores.delete(door.enter(request, workspace, Action.DEPLOY), workspace, store)

    @get(f"{STORES}/{{store:str}}/files")
    @threaded
    def files(request: AnyRequest, workspace: FromPath[str], store: FromPath[str], path: FromQuery[str] = "") -> Answer:
        door.enter(request, workspace, Action.READ)
        found = stores.files(workspace, make_data_path(store, path))
        return json_answer([{"path": f.path, "size": f.size} for f in found])

    @put(f"{STORES}/{{store:str}}/files", status_code=204, request_max_body_size=None)
    async def upload(request: AnyRequest, workspace: FromPath[str], store: FromPath[str], path: FromQuery[str]) -> None:
        principal = await asyncio.to_thread(door.enter, request, workspace, Action.EDIT)
        announced = request.headers.get("content-length")
        async with read_body(request.receive, max_upload, int(announced) if announced else None) as body:
            await asyncio.to_thread(stores.upload, principal, workspace, make_data_path(store, path), body.content)

    return [list_, kinds, show, register, forget, files, upload]


def _store(store: DataStore) -> dict[str, object]:
    return {
        "name": store.name,
        "kind": store.kind,
        "settings": store.settings,
        "secrets": list(store.secret_names),
        "description": store.description,
        "created": store.created,
        "created_by": store.created_by,
    }
