"""Who may act: workspaces, users, members, service principals, and the principal that a request acts as."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Literal

from restudio.core.ids import WorkspaceId

PrincipalKind = Literal["workspace", "user", "endpoint", "service", "system"]


class Role(enum.StrEnum):
    """What a member is in a workspace; each may do what the ones below it may."""

    OWNER = "owner"
    DEPLOYER = "deployer"
    MEMBER = "member"
    READER = "reader"


class Action(enum.StrEnum):
    """What can be allowed or not."""

    READ = "read"
    """See experiments, runs, datasets, services; not their keys."""
    EDIT = "edit"
    """Change and run experiments, upload datasets, save models."""
    SCORE = "score"
    """Call an endpoint, submit and follow its jobs."""
    UPDATE = "update"
    """Give an endpoint a new model."""
    DEPLOY = "deploy"
    """Publish services, approve versions, add and remove endpoints, see and renew their keys."""
    ADMINISTER = "administer"
    """Members, roles, tokens and settings of the workspace."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request acts as, within one workspace (None only for the system itself)."""

    kind: PrincipalKind
    id: str
    name: str
    workspace_id: str | None
    roles: frozenset[Role] = frozenset()


SYSTEM = Principal("system", "system", "system", None)
"""The installation acting by itself, at its first start or by schedule."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What an action is about: something in a workspace, or one endpoint of it."""

    workspace_id: str
    endpoint_id: str | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """The two interchangeable authorization tokens of a workspace, in clear."""

    primary: str = field(repr=False)
    secondary: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Workspace:
    """A tenant. ``created`` is in epoch seconds; ``tokens`` only in the answer of its creation."""

    id: WorkspaceId
    name: str
    region: str
    owner: str
    created: float
    tokens: Tokens | None = None


@dataclass(frozen=True, slots=True)
class User:
    """A person. ``email`` is in lower case and unique."""

    id: str
    email: str
    name: str
    created: float


@dataclass(frozen=True, slots=True)
class Member:
    """A user in a workspace."""

    user: User
    role: Role


@dataclass(frozen=True, slots=True)
class ServicePrincipal:
    """A program with an account; ``secret`` only in the answer of its creation."""

    client_id: str
    tenant_id: str
    object_id: str
    name: str
    workspace_id: str
    role: Role
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A signed token and when it was issued and ends, in epoch seconds."""

    text: str = field(repr=False)
    issued: int
    expires: int
