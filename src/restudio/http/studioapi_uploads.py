"""Classic Studio API: uploading a dataset in three steps (classic web services reference, 7.4)."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from litestar import Request, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter, RawBody

from restudio.http import studioapi_shapes as shapes
from restudio.http.answers import json_answer
from restudio.http.blob_request import read_body
from restudio.http.bodies import object_member, optional_text, parse_json, text_member
from restudio.http.studio_assets import data_type_of
from restudio.http.studioapi import ROOT, StudioApi
from restudio.http.threads import threaded
from restudio.identity.types import Action
from restudio.models.types import Asset
from restudio.models.uploads import Upload

AnyRequest = Request[Any, Any, Any]
CHUNK_LIMIT = 8 << 20
"""Clients send 2 MiB a chunk."""
DataType = Annotated[str, QueryParameter(name="dataTypeId")]


def routes(api: StudioApi) -> list[HTTPRouteHandler]:
    """Announce, send blocks, register."""
    return [_announce(api), _block(api), _register(api)]


def _announce(api: StudioApi) -> HTTPRouteHandler:
    @post("/api/resourceuploads/workspaces/{workspace:str}", status_code=200, request_max_body_size=None)
    async def announce(request: AnyRequest, workspace: FromPath[str], data_type: DataType) -> Response[bytes]:
        await asyncio.to_thread(api.door.enter_classic, request, workspace, Action.EDIT)
        async with read_body(request.receive, api.max_upload, _announced(request)) as body:
            made = await asyncio.to_thread(api.uploads.create, workspace, data_type_of("", data_type), body.content)
        return json_answer(shapes.upload(made.id, made.data_type_id, api.base_url))

    return announce


def _block(api: StudioApi) -> HTTPRouteHandler:
    @post("/api/blobuploads/workspaces/{workspace:str}", status_code=200, request_max_body_size=None)
    async def block(
        request: AnyRequest,
        workspace: FromPath[str],
        blocks: Annotated[int, QueryParameter(name="numberOfBlocks")],
        number: Annotated[int, QueryParameter(name="blockId")],
        upload: Annotated[str, QueryParameter(name="uploadId")],
    ) -> Response[bytes]:
        await asyncio.to_thread(api.door.enter_classic, request, workspace, Action.EDIT)
        async with read_body(request.receive, CHUNK_LIMIT, _announced(request)) as body:
            content = await asyncio.to_thread(body.read)
            await asyncio.to_thread(api.uploads.put_block, workspace, upload, number, blocks, content)
        return json_answer({"Id": upload, "BlockId": number})

    return block


def _register(api: StudioApi) -> HTTPRouteHandler:
    @post(f"{ROOT}/datasources", status_code=200)
    @threaded
    def register(request: AnyRequest, workspace: FromPath[str], body: RawBody) -> Response[bytes]:
        principal = api.door.enter_classic(request, workspace, Action.EDIT)
        members = parse_json(body)
        source = object_member(members, "DataSource")
        upload = api.uploads.get(workspace, text_member(members, "UploadId"))
        asset = _save(api, upload, source, principal.name)
        api.uploads.delete(upload)
        return json_answer(asset.id)

    return register


def _save(api: StudioApi, upload: Upload, source: Mapping[str, object], caller: str) -> Asset:
    with tempfile.TemporaryDirectory(prefix="restudio-upload-") as folder:
        whole = Path(folder) / "content"
        with whole.open("wb") as file:
            file.writelines(api.uploads.iter_content(upload))
        return api.assets.create(
            upload.workspace_id,
            "dataset",
            text_member(source, "Name"),
            whole,
            data_type_id=data_type_of("", optional_text(source, "DataTypeId") or upload.data_type_id),
            owner=optional_text(source, "Owner") or caller,
            family=optional_text(source, "FamilyId"),
            description=optional_text(source, "Description") or "",
            origin=optional_text(source, "SourceOrigin") or "FromResourceUpload",
        )


def _announced(request: AnyRequest) -> int | None:
    text = request.headers.get("content-length", "")
    return int(text) if text.isdigit() else None
