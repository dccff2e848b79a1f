"""Tables and queries of identity."""

from __future__ import annotations

import sqlalchemy as sa

from restudio.core.ids import WorkspaceId
from restudio.identity.types import Member, Role, ServicePrincipal, User, Workspace
from restudio.seams.database import metadata

workspaces = sa.Table(
    "workspaces",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("region", sa.String(64), nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("primary_sealed", sa.Text, nullable=False),
    sa.Column("primary_fingerprint", sa.String(64), nullable=False),
    sa.Column("secondary_sealed", sa.Text, nullable=False),
    sa.Column("secondary_fingerprint", sa.String(64), nullable=False),
)
users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("email", sa.String(320), nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("password", sa.Text, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
)
members = sa.Table(
    "members",
    metadata,
    sa.Column("workspace_id", sa.ForeignKey("workspaces.id"), primary_key=True),
    sa.Column("user_id", sa.ForeignKey("users.id"), primary_key=True),
    sa.Column("role", sa.String(16), nullable=False),
)
service_principals = sa.Table(
    "service_principals",
    metadata,
    sa.Column("client_id", sa.String(36), primary_key=True),
    sa.Column("tenant_id", sa.String(36), nullable=False),
    sa.Column("object_id", sa.String(36), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("workspace_id", sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("secret_fingerprint", sa.String(64), nullable=False, index=True),
)
audit_lines = sa.Table(
    "audit_lines",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("workspace_id", sa.String(32), index=True),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("resource", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
)


def find_workspace_row(connection: sa.Connection, workspace_id: str) -> sa.RowMapping | None:
    """The whole row, with sealed tokens and their fingerprints."""
    query = sa.select(workspaces).where(workspaces.c.id == workspace_id)
    return connection.execute(query).mappings().first()


def workspace_of(row: sa.RowMapping) -> Workspace:
    return Workspace(WorkspaceId(row["id"]), row["name"], row["region"], row["owner"], row["created"])


def list_workspaces(connection: sa.Connection, user_id: str | None) -> list[Workspace]:
    """All workspaces, or those a user is a member of, oldest first."""
    query = sa.select(workspaces).order_by(workspaces.c.created, workspaces.c.id)
    if user_id is not None:
        query = query.join(members, members.c.workspace_id == workspaces.c.id).where(members.c.user_id == user_id)
    return [workspace_of(row) for row in connection.execute(query).mappings()]


def find_user_row(
    connection: sa.Connection, *, email: str | None = None, id: str | None = None
) -> sa.RowMapping | None:
    """The whole row, with the password's hash."""
    matches = users.c.id == id if email is None else users.c.email == email
    return connection.execute(sa.select(users).where(matches)).mappings().first()


def user_of(row: sa.RowMapping) -> User:
    return User(row["id"], row["email"], row["name"], row["created"])


def find_role(connection: sa.Connection, workspace_id: str, user_id: str) -> Role | None:
    query = sa.select(members.c.role).where(members.c.workspace_id == workspace_id, members.c.user_id == user_id)
    found = connection.execute(query).scalar()
    return None if found is None else Role(found)


def put_role(connection: sa.Connection, workspace_id: str, user_id: str, role: Role | None) -> None:
    """Make a user a member with this role, or with None no member."""
    connection.execute(members.delete().where(members.c.workspace_id == workspace_id, members.c.user_id == user_id))
    if role is not None:
        connection.execute(members.insert().values(workspace_id=workspace_id, user_id=user_id, role=role.value))


def list_members(connection: sa.Connection, workspace_id: str) -> list[Member]:
    """By e-mail address."""
    query = (
        sa.select(users, members.c.role)
        .join(members, members.c.user_id == users.c.id)
        .where(members.c.workspace_id == workspace_id)
        .order_by(users.c.email)
    )
    return [Member(user_of(row), Role(row["role"])) for row in connection.execute(query).mappings()]


def find_service_row(
    connection: sa.Connection, *, client_id: str | None = None, secret_fingerprint: str | None = None
) -> sa.RowMapping | None:
    """The whole row, with the secret's fingerprint."""
    table = service_principals.c
    matches = (
        table.client_id == client_id if secret_fingerprint is None else table.secret_fingerprint == secret_fingerprint
    )
    return connection.execute(sa.select(service_principals).where(matches)).mappings().first()


def list_services(connection: sa.Connection, workspace_id: str) -> list[ServicePrincipal]:
    """By name."""
    query = sa.select(service_principals).where(service_principals.c.workspace_id == workspace_id)
    return [service_of(row) for row in connection.execute(query.order_by(service_principals.c.name)).mappings()]


def service_of(row: sa.RowMapping) -> ServicePrincipal:
    return ServicePrincipal(
        client_id=row["client_id"],
        tenant_id=row["tenant_id"],
        object_id=row["object_id"],
        name=row["name"],
        workspace_id=row["workspace_id"],
        role=Role(row["role"]),
    )
