"""Who is calling: the credential of a request to the studio faces, and what it may do."""

from __future__ import annotations

from typing import Any

from litestar import Request

from restudio.core.errors import Kind, RestudioError
from restudio.identity.rules import ensure_allowed
from restudio.identity.service import IdentityService
from restudio.identity.types import Action, Principal, Resource

CLASSIC_HEADER = "x-ms-metaanalytics-authorizationtoken"
TOPIC_HEADER = "aeg-sas-key"


def bearer_of(header: str | None) -> str | None:
    """The token of an ``Authorization`` header; scheme in any case, any number of blanks.

    >>> bearer_of("bearer  abc=")
    'abc='
    """
    scheme, _, token = (header or "").strip().partition(" ")
    return token.strip() or None if scheme.casefold() == "bearer" else None


class Door:
    """Authenticates and authorizes; every handler of a workspace goes through it first."""

    def __init__(self, identity: IdentityService) -> None:
        self._identity = identity

    def enter(self, request: Request[Any, Any, Any], workspace: str, action: Action) -> Principal:
        """The caller of the studio API: a workspace token, a session, a token or the key of a service principal."""
        principal = self._identity.authenticate_bearer(self._token(request.headers.get("authorization")), workspace)
        ensure_allowed(principal, action, Resource(workspace))
        return principal

    def enter_classic(self, request: Request[Any, Any, Any], workspace: str, action: Action) -> Principal:
        """The caller of the classic Studio API, which has a header of its own."""
        token = request.headers.get(CLASSIC_HEADER, "").strip()
        principal = self._identity.authenticate_workspace(
            workspace, token or self._token(request.headers.get("authorization"))
        )
        ensure_allowed(principal, action, Resource(workspace))
        return principal

    def enter_arm(self, request: Request[Any, Any, Any], workspace: str, action: Action) -> Principal:
        """The caller of a face with resource-manager addresses, which name a workspace by its name or id.

        Taken are access tokens and lasting keys of service principals, sessions and workspace tokens. The workspace is
        the principal's. Who shows nothing valid is not told whether the workspace exists.
        """
        return self._enter_arm(self._token(request.headers.get("authorization")), workspace, action)

    def enter_topic(self, request: Request[Any, Any, Any], workspace: str, action: Action) -> Principal:
        """As :meth:`enter_arm`, for publishers of events, whose clients send the token as a topic's key."""
        key = request.headers.get(TOPIC_HEADER, "").strip()
        return self._enter_arm(key or self._token(request.headers.get("authorization")), workspace, action)

    def _enter_arm(self, token: str, workspace: str, action: Action) -> Principal:
        found: list[str] = [known.id for known in self._identity.find_workspaces(workspace)]
        refusals: list[RestudioError] = []
        for workspace_id in found or [workspace]:
            try:
                principal = self._identity.authenticate_bearer(token, workspace_id)
                if not found:
                    raise RestudioError.not_found("WorkspaceNotFound", "Workspace", workspace)
                ensure_allowed(principal, action, Resource(workspace_id))
            except RestudioError as error:
                refusals.append(error)
            else:
                return principal
        raise refusals[0]

    def person(self, request: Request[Any, Any, Any]) -> str:
        """The id of the person whose session the request carries."""
        return self._identity.read_session(self._token(request.headers.get("authorization"))).id

    def _token(self, header: str | None) -> str:
        token = bearer_of(header)
        if token is None:
            message = "The request carries no token. Send 'Authorization: Bearer {workspace token}'."
            raise RestudioError(Kind.UNAUTHORIZED, "ManagementRequestUnauthorized", message)
        return token
