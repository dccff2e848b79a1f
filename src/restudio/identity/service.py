"""Use cases of workspaces, users, members and service principals."""

from __future__ import annotations

import hmac
from functools import cached_property
from typing import Literal

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from restudio.core.errors import Kind, RestudioError
from restudio.core.ids import WorkspaceId, is_id, new_id, workspace_of
from restudio.identity import audit, keys, store
from restudio.identity.attempts import Attempts
from restudio.identity.tokens import Signer
from restudio.identity.types import (
    SYSTEM,
    AccessToken,
    Member,
    Principal,
    Role,
    ServicePrincipal,
    Tokens,
    User,
    Workspace,
)
from restudio.seams.clock import Clock
from restudio.seams.database import Database
from restudio.seams.secrets import Secrets

MIN_PASSWORD = 8
_SESSION_S = 12 * 3600
_ACCESS_S = 3600


class IdentityService:
    """Every change is one transaction with one audit line; ``by`` says who makes it."""

    def __init__(self, db: Database, secrets: Secrets, clock: Clock) -> None:
        self._db = db
        self._secrets = secrets
        self._clock = clock
        self._signer = Signer(secrets, clock)
        self._hasher = PasswordHasher()
        self.attempts = Attempts(db, secrets, clock)

    @cached_property
    def _nobody(self) -> str:
        """A hash that is checked for unknown users, so that the time of an answer does not tell who has an account."""
        return self._hasher.hash(keys.new_token())

    # Workspaces

    def create_workspace(
        self, name: str, *, owner: str, region: str = "local", workspace_id: str | None = None, by: Principal = SYSTEM
    ) -> Workspace:
        """A new tenant with fresh tokens. ``owner`` is an e-mail address; if a user has it, they become its owner."""
        if not name.strip():
            raise RestudioError(Kind.BAD_ARGUMENT, "InvalidWorkspaceName", "A workspace needs a name, got none.")
        chosen = workspace_id or new_id()
        if not is_id(chosen):
            message = f"A workspace id has 32 lower-case hexadecimal digits, got '{chosen}'."
            raise RestudioError(Kind.BAD_ARGUMENT, "InvalidWorkspaceId", message, target=chosen)
        tokens = Tokens(keys.new_token(), keys.new_token())
        email = owner.strip().lower()
        now = self._now()
        workspace = Workspace(WorkspaceId(chosen), name.strip(), region, email, now, tokens)
        with self._db.begin() as connection:
            if store.find_workspace_row(connection, chosen) is not None:
                message = f"Workspace '{chosen}' exists already; choose another id."
                raise RestudioError(Kind.CONFLICT, "WorkspaceExists", message, target=chosen)
            connection.execute(
                store.workspaces.insert().values(
                    id=chosen,
                    name=workspace.name,
                    region=region,
                    owner=email,
                    created=now,
                    **self._token_columns("primary", tokens.primary),
                    **self._token_columns("secondary", tokens.secondary),
                )
            )
            user = store.find_user_row(connection, email=email)
            if user is not None:
                store.put_role(connection, chosen, user["id"], Role.OWNER)
            audit.record(connection, now, by, "create workspace", f"workspace:{chosen}", workspace_id=chosen)
        return workspace

    def get_workspace(self, workspace_id: str) -> Workspace:
        with self._db.read() as connection:
            return store.workspace_of(_get_workspace_row(connection, workspace_id))

    def list_workspaces(self, user_id: str | None = None) -> list[Workspace]:
        """All, or those a user is a member of."""
        with self._db.read() as connection:
            return store.list_workspaces(connection, user_id)

    def find_workspaces(self, name: str) -> list[Workspace]:
        """The workspace of that id (dashes and case do not matter), else those of that name, oldest first."""
        with self._db.read() as connection:
            row = store.find_workspace_row(connection, workspace_of(name))
            if row is not None:
                return [store.workspace_of(row)]
            return [w for w in store.list_workspaces(connection, None) if w.name.casefold() == name.casefold()]

    def tokens(self, workspace_id: str) -> Tokens:
        """Both tokens in clear, for those who may administer."""
        with self._db.read() as connection:
            row = _get_workspace_row(connection, workspace_id)
        return Tokens(self._secrets.open(row["primary_sealed"]), self._secrets.open(row["secondary_sealed"]))

    def regenerate_token(
        self, workspace_id: str, which: Literal["primary", "secondary"], *, by: Principal = SYSTEM
    ) -> Tokens:
        """Replace one token; the old one is refused from now on."""
        with self._db.begin() as connection:
            _get_workspace_row(connection, workspace_id)
            table = store.workspaces
            connection.execute(
                table.update().where(table.c.id == workspace_id).values(**self._token_columns(which, keys.new_token()))
            )
            resource, detail = f"workspace:{workspace_id}", {"which": which}
            audit.record(connection, self._now(), by, "regenerate token", resource, detail, workspace_id=workspace_id)
        return self.tokens(workspace_id)

    def authenticate_workspace(self, workspace_id: str, token: str) -> Principal:
        """Who holds either token of the workspace acts as an owner in it."""
        with self._db.read() as connection:
            row = store.find_workspace_row(connection, workspace_id)
        given = self._secrets.fingerprint(token)
        kept = ("", "") if row is None else (row["primary_fingerprint"], row["secondary_fingerprint"])
        # Both are compared always: the time must not tell which one is near.
        matches = [hmac.compare_digest(given, fingerprint) for fingerprint in kept]
        if row is None or not any(matches):
            raise RestudioError(
                Kind.UNAUTHORIZED,
                "ManagementRequestUnauthorized",
                "The token is not one of this workspace. Take the workspace id and token from its settings.",
            )
        return Principal("workspace", row["id"], row["name"], row["id"], frozenset({Role.OWNER}))

    # Users and members

    def create_user(self, email: str, password: str, *, name: str = "", by: Principal = SYSTEM) -> User:
        address = email.strip().lower()
        if "@" not in address or len(address) > 320 or any(c.isspace() for c in address):
            message = f"A user needs an e-mail address such as ada@example.org, got '{email}'."
            raise RestudioError(Kind.BAD_ARGUMENT, "InvalidEmail", message, target=email)
        user = User(new_id(), address, name.strip() or address.partition("@")[0], self._now())
        hashed = self._hash(password)
        with self._db.begin() as connection:
            if store.find_user_row(connection, email=address) is not None:
                message = f"There is a user '{address}' already; sign in, or choose another address."
                raise RestudioError(Kind.CONFLICT, "UserExists", message, target=address)
            connection.execute(
                store.users.insert().values(
                    id=user.id, email=address, name=user.name, password=hashed, created=user.created
                )
            )
            audit.record(connection, user.created, by, "create user", f"user:{user.id}", {"email": address})
        return user

    def set_password(self, user_id: str, password: str, *, by: Principal = SYSTEM) -> None:
        hashed = self._hash(password)
        with self._db.begin() as connection:
            _get_user(connection, user_id)
            connection.execute(store.users.update().where(store.users.c.id == user_id).values(password=hashed))
            audit.record(connection, self._now(), by, "set password", f"user:{user_id}")

    def find_user(self, email: str) -> User | None:
        with self._db.read() as connection:
            row = store.find_user_row(connection, email=email.strip().lower())
        return None if row is None else store.user_of(row)

    def authenticate_user(self, email: str, password: str, *, address: str | None = None) -> User:
        """``Kind.UNAUTHORIZED`` for an unknown user as for a wrong password; ``TooManyAttempts`` for either after too
        many of them. ``address`` is where the caller comes from."""
        account = email.strip().lower()
        self.attempts.begin(account, address)
        nobody = self._nobody
        with self._db.read() as connection:
            row = store.find_user_row(connection, email=account)
        try:
            self._hasher.verify(nobody if row is None else row["password"], password)
        except (Argon2Error, InvalidHashError) as error:
            raise _wrong_password() from error
        if row is None:
            raise _wrong_password()
        self.attempts.succeed(account, address)
        return store.user_of(row)

    def set_role(self, workspace_id: str, user_id: str, role: Role | None, *, by: Principal = SYSTEM) -> None:
        """Make a user a member, change their role, or with None remove them. A workspace keeps its last owner."""
        with self._db.begin() as connection:
            _get_workspace_row(connection, workspace_id)
            _get_user(connection, user_id)
            owners = [m.user.id for m in store.list_members(connection, workspace_id) if m.role is Role.OWNER]
            if owners == [user_id] and role is not Role.OWNER:
                message = "A workspace needs an owner; make somebody else an owner first."
                raise RestudioError(Kind.INVALID_OPERATION, "LastOwner", message, target=user_id)
            store.put_role(connection, workspace_id, user_id, role)
            detail = {"role": None if role is None else role.value}
            audit.record(connection, self._now(), by, "set role", f"user:{user_id}", detail, workspace_id=workspace_id)

    def list_members(self, workspace_id: str) -> list[Member]:
        with self._db.read() as connection:
            _get_workspace_row(connection, workspace_id)
            return store.list_members(connection, workspace_id)

    def get_member(self, workspace_id: str, email: str) -> Member:
        """A member by e-mail address; NotFound ``MemberNotFound``."""
        known = {member.user.email: member for member in self.list_members(workspace_id)}
        address = email.strip().lower()
        if address not in known:
            raise RestudioError.not_found("MemberNotFound", "Member", address[:320], known)
        return known[address]

    def list_audit(self, workspace_id: str, *, limit: int = 100, before: int | None = None) -> list[audit.AuditLine]:
        """What was changed in a workspace, newest first; the last line's id as ``before`` gives the next page."""
        with self._db.read() as connection:
            return audit.list_lines(connection, workspace_id, limit=limit, before=before)

    def act_in(self, user: User, workspace_id: str) -> Principal:
        """The user as a principal in a workspace; ``Kind.FORBIDDEN`` when they are no member."""
        with self._db.read() as connection:
            role = store.find_role(connection, workspace_id, user.id)
        if role is None:
            message = f"'{user.email}' is not a member of workspace '{workspace_id}'. Ask its owner for an invitation."
            raise RestudioError(Kind.FORBIDDEN, "NotAMember", message, target=workspace_id)
        return Principal("user", user.id, user.email, workspace_id, frozenset({role}))

    def issue_session(self, user: User) -> AccessToken:
        """A token for a signed-in browser. It ends early when the user's password changes."""
        with self._db.read() as connection:
            row = _get_user_row(connection, user.id)
        return self._signer.issue("session", {"sub": user.id, "pwd": self._password_mark(row)}, _SESSION_S)

    def read_session(self, text: str) -> User:
        claims = self._signer.read("session", text)
        with self._db.read() as connection:
            row = _get_user_row(connection, str(claims.get("sub")))
        if not hmac.compare_digest(str(claims.get("pwd")).encode(), self._password_mark(row).encode()):
            message = "The password was changed after this session began. Sign in again."
            raise RestudioError(Kind.UNAUTHORIZED, "InvalidToken", message)
        return store.user_of(row)

    # Service principals

    def create_service_principal(
        self, workspace_id: str, name: str, *, tenant_id: str, role: Role = Role.DEPLOYER, by: Principal = SYSTEM
    ) -> ServicePrincipal:
        """An account for a program; its secret is in the answer and never shown again."""
        made = ServicePrincipal(
            client_id=keys.new_client_id(),
            tenant_id=tenant_id,
            object_id=keys.new_client_id(),
            name=name,
            workspace_id=workspace_id,
            role=role,
            secret=keys.new_key(),
        )
        with self._db.begin() as connection:
            _get_workspace_row(connection, workspace_id)
            connection.execute(
                store.service_principals.insert().values(
                    client_id=made.client_id,
                    tenant_id=tenant_id,
                    object_id=made.object_id,
                    name=name,
                    workspace_id=workspace_id,
                    role=role.value,
                    secret_fingerprint=self._secrets.fingerprint(made.secret or ""),
                )
            )
            resource, detail = f"service:{made.client_id}", {"name": name, "role": role.value}
            audit.record(
                connection, self._now(), by, "create service principal", resource, detail, workspace_id=workspace_id
            )
        return made

    def list_service_principals(self, workspace_id: str) -> list[ServicePrincipal]:
        """By name, without their secrets."""
        with self._db.read() as connection:
            _get_workspace_row(connection, workspace_id)
            return store.list_services(connection, workspace_id)

    def remove_service_principal(self, workspace_id: str, client_id: str, *, by: Principal = SYSTEM) -> None:
        """End an account; its tokens and its secret are refused from now on."""
        with self._db.begin() as connection:
            known = {service.client_id for service in store.list_services(connection, workspace_id)}
            if client_id not in known:
                raise RestudioError.not_found("PrincipalNotFound", "Service principal", client_id)
            table = store.service_principals
            connection.execute(table.delete().where(table.c.client_id == client_id))
            resource = f"service:{client_id}"
            audit.record(connection, self._now(), by, "remove service principal", resource, workspace_id=workspace_id)

    def issue_access_token(
        self, tenant_id: str, client_id: str, client_secret: str, *, audience: str, issuer: str
    ) -> AccessToken:
        """The client-credentials grant; ``Kind.UNAUTHORIZED`` with detail ``invalid_client`` for wrong credentials."""
        row = self._client_row(tenant_id, client_id, client_secret)
        claims = {
            "aud": audience,
            "iss": issuer,
            "appid": client_id,
            "tid": row["tenant_id"],
            "oid": row["object_id"],
            "ver": "1.0",
        }
        return self._signer.issue("access", claims, _ACCESS_S)

    def authenticate_client(self, tenant_id: str, client_id: str, client_secret: str) -> Principal:
        """Who the credentials of a service principal stand for; refused as by :meth:`issue_access_token`."""
        return _acting(store.service_of(self._client_row(tenant_id, client_id, client_secret)))

    def authenticate_access_token(self, text: str) -> Principal:
        """Who a bearer token of :meth:`issue_access_token` stands for, if the account still exists."""
        claims = self._signer.read("access", text)
        with self._db.read() as connection:
            row = store.find_service_row(connection, client_id=str(claims.get("appid")))
        if row is None:
            message = "The account of this access token was removed. Use another service principal."
            raise RestudioError(Kind.UNAUTHORIZED, "InvalidToken", message)
        return _acting(store.service_of(row))

    def authenticate_bearer(self, text: str, workspace_id: str) -> Principal:
        """Who a bearer value stands for in a workspace: an access token, a person's session, the secret of a service
        principal used as a lasting key, or a workspace token."""
        if "." in text:  # signed tokens have three parts, keys are base64 and workspace tokens hexadecimal
            if self._signer.use_of(text) == "session":
                return self.act_in(self.read_session(text), workspace_id)
            return self.authenticate_access_token(text)
        with self._db.read() as connection:
            row = store.find_service_row(connection, secret_fingerprint=self._secrets.fingerprint(text))
        return self.authenticate_workspace(workspace_id, text) if row is None else _acting(store.service_of(row))

    def _client_row(self, tenant_id: str, client_id: str, client_secret: str) -> sa.RowMapping:
        with self._db.read() as connection:
            row = store.find_service_row(connection, client_id=client_id)
        given = self._secrets.fingerprint(client_secret)
        matches = hmac.compare_digest(given, "" if row is None else row["secret_fingerprint"])
        if row is None or not matches or row["tenant_id"].lower() != tenant_id.lower():
            message = "The client id or secret is wrong for this tenant. Take them from the credentials of the server."
            raise RestudioError(Kind.UNAUTHORIZED, "invalid_client", message, target=client_id)
        return row

    def _password_mark(self, row: sa.RowMapping) -> str:
        """What binds a session to the password it was opened with."""
        return self._secrets.fingerprint(row["password"])

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _hash(self, password: str) -> str:
        if not MIN_PASSWORD <= len(password) <= 1000:
            message = f"A password has {MIN_PASSWORD} to 1000 characters, got {len(password)}."
            raise RestudioError(Kind.BAD_ARGUMENT, "InvalidPassword", message)
        return self._hasher.hash(password)

    def _token_columns(self, which: Literal["primary", "secondary"], token: str) -> dict[str, str]:
        kept = keys.keep(self._secrets, token)
        return {f"{which}_sealed": kept.sealed, f"{which}_fingerprint": kept.fingerprint}


def _acting(service: ServicePrincipal) -> Principal:
    return Principal("service", service.client_id, service.name, service.workspace_id, frozenset({service.role}))


def _get_workspace_row(connection: sa.Connection, workspace_id: str) -> sa.RowMapping:
    row = store.find_workspace_row(connection, workspace_id)
    if row is None:
        raise RestudioError.not_found("WorkspaceNotFound", "Workspace", workspace_id)
    return row


def _get_user(connection: sa.Connection, user_id: str) -> User:
    return store.user_of(_get_user_row(connection, user_id))


def _get_user_row(connection: sa.Connection, user_id: str) -> sa.RowMapping:
    row = store.find_user_row(connection, id=user_id)
    if row is None:
        raise RestudioError.not_found("UserNotFound", "User", user_id)
    return row


def _wrong_password() -> RestudioError:
    message = "The e-mail address or the password is wrong. Check both and try again."
    return RestudioError(Kind.UNAUTHORIZED, "InvalidCredentials", message)
