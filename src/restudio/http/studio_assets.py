"""Studio API: datasets, trained models and transforms of a workspace."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from restudio.core.errors import Kind, RestudioError
from restudio.http.answers import json_answer
from restudio.http.blob_request import read_body
from restudio.http.door import Door
from restudio.http.threads import threaded
from restudio.identity.types import Action
from restudio.models.service import AssetService
from restudio.models.types import Asset, AssetKind
from restudio.seams.objects import Objects
from restudio.tables.formats import find_codec

AnyRequest = Request[Any, Any, Any]
KINDS: tuple[tuple[str, AssetKind], ...] = (("datasets", "dataset"), ("models", "model"), ("transforms", "transform"))
ROOT = "/studio/api/workspaces/{workspace:str}"


class AssetLine(msgspec.Struct, frozen=True):
    """One version as the studio API shows it."""

    id: str
    family: str
    kind: str
    name: str
    version: int
    data_type_id: str
    size: int
    created: float
    owner: str
    description: str
    digest: str
    schema: Sequence[dict[str, Any]] | None
    lineage: Mapping[str, Any]


def line_of(asset: Asset) -> AssetLine:
    """The public picture of an asset."""
    return AssetLine(
        asset.id,
        asset.family,
        asset.kind,
        asset.name,
        asset.version,
        asset.data_type_id,
        asset.size,
        asset.created,
        asset.owner,
        asset.description,
        asset.digest,
        asset.schema,
        asset.lineage,
    )


def get_own(assets: AssetService, workspace: str, kind: AssetKind, asset_id: str) -> Asset:
    """An asset of this workspace and kind; any other is not found."""
    asset = assets.get(asset_id)
    if asset.workspace_id != workspace or asset.kind != kind:
        raise RestudioError.not_found("AssetNotFound", f"A {kind} with the id", asset_id)
    return asset


def routes(assets: AssetService, objects: Objects, door: Door, max_upload: int) -> list[HTTPRouteHandler]:
    """Handlers for all three kinds, and the upload of datasets."""
    found = [handler for plural, kind in KINDS for handler in _routes_of(plural, kind, assets, objects, door)]
    return [*found, _upload(assets, door, max_upload)]


def _routes_of(
    plural: str, kind: AssetKind, assets: AssetService, objects: Objects, door: Door
) -> list[HTTPRouteHandler]:
    root = f"{ROOT}/{plural}"

    @get(root)
    @threaded
    def list_(request: AnyRequest, workspace: FromPath[str]) -> Response[bytes]:
        door.enter(request, workspace, Action.READ)
        return json_answer([line_of(asset) for asset in assets.list_latest(workspace, kind)])

    @get(f"{root}/{{asset_id:str}}")
    @threaded
    def show(request: AnyRequest, workspace: FromPath[str], asset_id: FromPath[str]) -> Response[bytes]:
        door.enter(request, workspace, Action.READ)
        return json_answer(line_of(get_own(assets, workspace, kind, asset_id)))

    @get(f"{root}/{{asset_id:str}}/content")
    @threaded
    def content(request: AnyRequest, workspace: FromPath[str], asset_id: FromPath[str]) -> Stream:
        door.enter(request, workspace, Action.READ)
        return stream_content(objects, get_own(assets, workspace, kind, asset_id))

    @delete(f"{root}/families/{{family:str}}", status_code=204)
    @threaded
    def forget(request: AnyRequest, workspace: FromPath[str], family: FromPath[str]) -> None:
        door.enter(request, workspace, Action.EDIT)
        if not any(asset.kind == kind for asset in assets.versions(workspace, family)):
            raise RestudioError.not_found("AssetNotFound", f"A {kind} with the family id", family)
        assets.delete_family(workspace, family)

    return [list_, show, content, forget]


def _upload(assets: AssetService, door: Door, max_upload: int) -> HTTPRouteHandler:
    @post(f"{ROOT}/datasets", request_max_body_size=None)
    async def upload(
        request: AnyRequest,
        workspace: FromPath[str],
        name: FromQuery[str],
        data_type_id: FromQuery[str | None] = None,
        family: FromQuery[str | None] = None,
        description: FromQuery[str] = "",
    ) -> Response[bytes]:
        principal = await asyncio.to_thread(door.enter, request, workspace, Action.EDIT)
        announced = request.headers.get("content-length")
        async with read_body(request.receive, max_upload, int(announced) if announced else None) as body:

            def save() -> Asset:
                return assets.create(
                    workspace,
                    "dataset",
                    name,
                    body.content,
                    data_type_id=data_type_of(name, data_type_id),
                    owner=principal.name,
                    family=family,
                    description=description,
                )

            return json_answer(line_of(await asyncio.to_thread(save)), 201)

    return upload


def data_type_of(name: str, given: str | None) -> str:
    """The classic DataTypeId: the given one, else by the extension, else CSV with a header."""
    codec = find_codec(given or "".join(Path(name).suffixes).lower() or "GenericCSV")
    if codec is None and given:
        raise RestudioError(
            Kind.BAD_ARGUMENT,
            "DataTypeNotSupported",
            f"'{given}' is not a data type of datasets.",
            target="data_type_id",
        )
    return codec.id if codec is not None else "GenericCSV"


def stream_content(objects: Objects, asset: Asset) -> Stream:
    """The bytes of an asset as a download."""
    headers = {"content-length": str(asset.size)}
    return Stream(objects.stream(asset.key), media_type="application/octet-stream", headers=headers)
