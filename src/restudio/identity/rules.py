"""Who may do what: one table."""

from __future__ import annotations

from collections.abc import Mapping

from restudio.core.errors import Kind, RestudioError
from restudio.identity.types import Action, Principal, Resource, Role

_READER = frozenset({Action.READ})
_MEMBER = _READER | {Action.EDIT, Action.SCORE}
_DEPLOYER = _MEMBER | {Action.UPDATE, Action.DEPLOY}
_OWNER = _DEPLOYER | {Action.ADMINISTER}

BY_ROLE: Mapping[Role, frozenset[Action]] = {
    Role.OWNER: _OWNER,
    Role.DEPLOYER: _DEPLOYER,
    Role.MEMBER: _MEMBER,
    Role.READER: _READER,
}
BY_ENDPOINT_KEY = frozenset({Action.READ, Action.SCORE, Action.UPDATE})
"""An endpoint's own key reads, calls and updates that endpoint (retraining clients hold nothing else)."""


def allowed(principal: Principal, action: Action, resource: Resource) -> bool:
    """Whether the principal may do this to the resource.

    >>> reader = Principal("user", "u", "Ada", "w", frozenset({Role.READER}))
    >>> allowed(reader, Action.READ, Resource("w")), allowed(reader, Action.EDIT, Resource("w"))
    (True, False)
    """
    if principal.kind == "system":
        return True
    if principal.workspace_id != resource.workspace_id:
        return False
    if principal.kind == "endpoint":
        return principal.id == resource.endpoint_id and action in BY_ENDPOINT_KEY
    return any(action in BY_ROLE[role] for role in principal.roles)


def ensure_allowed(principal: Principal, action: Action, resource: Resource) -> None:
    """Refuse with ``Kind.FORBIDDEN`` what :func:`allowed` does not allow."""
    if allowed(principal, action, resource):
        return
    roles = ", ".join(sorted(principal.roles)) or "no role"
    needed = [role.value for role, actions in BY_ROLE.items() if action in actions]
    raise RestudioError(
        Kind.FORBIDDEN,
        "ActionForbidden",
        f"'{principal.name}' ({roles}) may not {action.value} in workspace '{resource.workspace_id}'; that needs "
        f"one of the roles {', '.join(needed)} there. Ask an owner of the workspace.",
        target=resource.endpoint_id or resource.workspace_id,
    )
