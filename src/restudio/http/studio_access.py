"""Studio API: new tokens of a workspace, and a new key of its storage account, in the place of those that leaked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from litestar import Request, Response, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from restudio.blobs.accounts import Accounts
from restudio.core.errors import Kind, RestudioError
from restudio.http.answers import json_answer
from restudio.http.door import Door
from restudio.http.studio_assets import ROOT
from restudio.http.threads import threaded
from restudio.identity.service import IdentityService
from restudio.identity.types import Action

AnyRequest = Request[Any, Any, Any]
ACCESS = f"{ROOT}/access"
_TOKENS: Mapping[str, Literal["primary", "secondary"]] = {"primary": "primary", "secondary": "secondary"}


def routes(
    identity: IdentityService, accounts: Accounts, door: Door, on_change: Callable[[], None]
) -> list[HTTPRouteHandler]:
    """Handlers for owners. ``on_change`` is called when what clients were given has changed."""

    @post(f"{ACCESS}/tokens/{{which:str}}", status_code=200)
    @threaded
    def renew_token(request: AnyRequest, workspace: FromPath[str], which: FromPath[str]) -> Response[bytes]:
        principal = door.enter(request, workspace, Action.ADMINISTER)
        chosen = _TOKENS.get(which)
        if chosen is None:
            message = f"A workspace has a primary and a secondary token, got '{which[:40]}'."
            raise RestudioError(Kind.NOT_FOUND, "TokenNotFound", message, target="which")
        tokens = identity.regenerate_token(workspace, chosen, by=principal)
        on_change()
        return json_answer({"primary": tokens.primary, "secondary": tokens.secondary})

    @post(f"{ACCESS}/storage-key", status_code=200)
    @threaded
    def renew_storage_key(request: AnyRequest, workspace: FromPath[str]) -> Response[bytes]:
        principal = door.enter(request, workspace, Action.ADMINISTER)
        account = accounts.ensure_default(workspace)
        accounts.renew_key(account, by=principal)
        on_change()
        return json_answer({"account": account, "connection_string": accounts.connection_string(account)})

    return [renew_token, renew_storage_key]
