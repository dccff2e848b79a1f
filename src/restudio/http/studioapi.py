"""Classic Studio API: data sources, trained models and transforms (classic web services reference, section 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import Request, Response, delete, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from restudio.core.errors import RestudioError
from restudio.http import studioapi_shapes as shapes
from restudio.http.answers import JSON, json_answer
from restudio.http.door import Door
from restudio.http.downloads import Downloads
from restudio.http.studio_assets import get_own, stream_content
from restudio.http.threads import threaded
from restudio.identity.service import IdentityService
from restudio.identity.types import Action
from restudio.models.service import AssetService
from restudio.models.types import Asset, AssetKind
from restudio.models.uploads import Uploads
from restudio.seams.objects import Objects

AnyRequest = Request[Any, Any, Any]
ROOT = "/api/workspaces/{workspace:str}"


@dataclass(frozen=True, slots=True)
class StudioApi:
    """What the classic faces share. ``max_upload`` is in bytes."""

    assets: AssetService
    uploads: Uploads
    objects: Objects
    identity: IdentityService
    door: Door
    downloads: Downloads
    base_url: str
    max_upload: int

    def dataset(self, asset: Asset) -> dict[str, object]:
        """A dataset with addresses that work for a day."""
        return shapes.dataset(asset, self.base_url, self.downloads.credential(asset.id))

    def user_asset(self, asset: Asset) -> dict[str, object]:
        return shapes.user_asset(asset, self.base_url, self.downloads.credential(asset.id))


def routes(api: StudioApi) -> list[HTTPRouteHandler]:
    """Handlers of workspaces and their assets."""
    return [_workspace(api), _users(api), *_datasources(api), _saved(api, "trainedmodels", "model"),
            _saved(api, "transformmodules", "transform"), *_downloads(api)]  # fmt: skip


def _workspace(api: StudioApi) -> HTTPRouteHandler:
    @get(ROOT)
    @threaded
    def workspace(request: AnyRequest, workspace: FromPath[str]) -> Response[bytes]:
        api.door.enter_classic(request, workspace, Action.ADMINISTER)
        found, tokens = api.identity.get_workspace(workspace), api.identity.tokens(workspace)
        shown = shapes.workspace(found.id, found.name, found.region, found.owner, (tokens.primary, tokens.secondary))
        return json_answer(shown)

    return workspace


def _users(api: StudioApi) -> HTTPRouteHandler:
    @get(f"{ROOT}/users")
    @threaded
    def users(request: AnyRequest, workspace: FromPath[str]) -> Response[bytes]:
        api.door.enter_classic(request, workspace, Action.READ)
        members = api.identity.list_members(workspace)
        return json_answer([shapes.member(m.user.email, m.user.name, m.role.value, m.user.id) for m in members])

    return users


def _datasources(api: StudioApi) -> list[HTTPRouteHandler]:
    root = f"{ROOT}/datasources"

    @get(root)
    @threaded
    def list_(request: AnyRequest, workspace: FromPath[str]) -> Response[bytes]:
        api.door.enter_classic(request, workspace, Action.READ)
        return json_answer([api.dataset(asset) for asset in api.assets.list_latest(workspace, "dataset")])

    @get(f"{root}/{{dataset:str}}")
    @threaded
    def show(request: AnyRequest, workspace: FromPath[str], dataset: FromPath[str]) -> Response[bytes]:
        api.door.enter_classic(request, workspace, Action.READ)
        return json_answer(api.dataset(get_own(api.assets, workspace, "dataset", dataset)))

    @delete(f"{root}/family/{{family:str}}", status_code=204)
    @threaded
    def forget(request: AnyRequest, workspace: FromPath[str], family: FromPath[str]) -> None:
        api.door.enter_classic(request, workspace, Action.EDIT)
        if not any(asset.kind == "dataset" for asset in api.assets.versions(workspace, family)):
            raise RestudioError.not_found("AssetNotFound", "A dataset with the family id", family)
        api.assets.delete_family(workspace, family)

    return [list_, show, forget]


def _saved(api: StudioApi, segment: str, kind: AssetKind) -> HTTPRouteHandler:
    @get(f"{ROOT}/{segment}")
    @threaded
    def saved(request: AnyRequest, workspace: FromPath[str]) -> Response[bytes]:
        api.door.enter_classic(request, workspace, Action.READ)
        return json_answer([api.user_asset(asset) for asset in api.assets.list_latest(workspace, kind)])

    return saved


def _downloads(api: StudioApi) -> list[HTTPRouteHandler]:
    @get("/api/downloads/{asset_id:str}")
    @threaded
    def content(asset_id: FromPath[str], se: FromQuery[str] = "", sig: FromQuery[str] = "") -> Stream:
        api.downloads.ensure_allowed(asset_id, se, sig)
        return stream_content(api.objects, api.assets.get(asset_id))

    @get("/api/downloads/{asset_id:str}/schema")
    @threaded
    def schema(asset_id: FromPath[str], se: FromQuery[str] = "", sig: FromQuery[str] = "") -> Response[bytes]:
        api.downloads.ensure_allowed(asset_id, se, sig)
        return Response(msgspec.json.encode(api.assets.get(asset_id).schema or []), media_type=JSON)

    return [content, schema]
