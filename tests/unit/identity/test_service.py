from __future__ import annotations

import pytest
import sqlalchemy as sa

from restudio.core.errors import Kind, RestudioError, TooManyAttempts
from restudio.core.ids import is_id
from restudio.identity import audit
from restudio.identity.attempts import PER_ACCOUNT, WINDOW_S
from restudio.identity.rules import allowed
from restudio.identity.service import IdentityService
from restudio.identity.types import Action, Resource, Role
from restudio.seams.database import metadata
from restudio.storage.clock import ManualClock
from restudio.storage.db import SqlDatabase
from restudio.storage.secrets import MasterKeySecrets

PASSWORD = "correct horse"
TENANT = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def identity(database: SqlDatabase, secrets: MasterKeySecrets, clock: ManualClock) -> IdentityService:
    return IdentityService(database, secrets, clock)


def actions(database: SqlDatabase, workspace_id: str) -> list[str]:
    with database.read() as connection:
        return [line.action for line in audit.list_lines(connection, workspace_id)]


def test_a_workspace_is_made_with_two_tokens(identity: IdentityService, database: SqlDatabase) -> None:
    made = identity.create_workspace("Churn", owner="Ada@Example.org", region="europewest")
    assert is_id(made.id)
    assert made.tokens is not None
    assert is_id(made.tokens.primary)
    assert made.tokens.primary != made.tokens.secondary
    found = identity.get_workspace(made.id)
    assert (found.name, found.region, found.owner, found.tokens) == ("Churn", "europewest", "ada@example.org", None)
    assert identity.tokens(made.id) == made.tokens
    assert identity.list_workspaces() == [found]
    assert actions(database, made.id) == ["create workspace"]


def test_a_workspace_may_be_given_its_id_once(identity: IdentityService) -> None:
    identity.create_workspace("One", owner="a@x.org", workspace_id="a" * 32)
    with pytest.raises(RestudioError, match="exists already") as raised:
        identity.create_workspace("Two", owner="a@x.org", workspace_id="a" * 32)
    assert raised.value.kind is Kind.CONFLICT
    for bad in ("A" * 32, "short"):
        with pytest.raises(RestudioError, match="32 lower-case"):
            identity.create_workspace("Two", owner="a@x.org", workspace_id=bad)
    with pytest.raises(RestudioError, match="needs a name"):
        identity.create_workspace(" ", owner="a@x.org")


def test_either_token_opens_its_own_workspace_only(identity: IdentityService) -> None:
    one = identity.create_workspace("One", owner="a@x.org")
    two = identity.create_workspace("Two", owner="a@x.org")
    assert one.tokens is not None
    for token in (one.tokens.primary, one.tokens.secondary):
        principal = identity.authenticate_workspace(one.id, token)
        assert (principal.kind, principal.id, principal.workspace_id) == ("workspace", one.id, one.id)
        assert allowed(principal, Action.ADMINISTER, Resource(one.id))
    for workspace_id, token in ((two.id, one.tokens.primary), ("0" * 32, one.tokens.primary), (one.id, "")):
        with pytest.raises(RestudioError) as raised:
            identity.authenticate_workspace(workspace_id, token)
        assert raised.value.kind is Kind.UNAUTHORIZED


def test_a_regenerated_token_replaces_the_old_one(identity: IdentityService, database: SqlDatabase) -> None:
    made = identity.create_workspace("One", owner="a@x.org")
    assert made.tokens is not None
    fresh = identity.regenerate_token(made.id, "primary")
    assert fresh.primary != made.tokens.primary
    assert fresh.secondary == made.tokens.secondary
    identity.authenticate_workspace(made.id, fresh.primary)
    with pytest.raises(RestudioError):
        identity.authenticate_workspace(made.id, made.tokens.primary)
    assert actions(database, made.id) == ["regenerate token", "create workspace"]


def test_no_secret_is_stored_or_shown_in_clear(identity: IdentityService, database: SqlDatabase) -> None:
    workspace = identity.create_workspace("One", owner="a@x.org")
    service = identity.create_service_principal(workspace.id, "adf", tenant_id=TENANT)
    identity.create_user("a@x.org", PASSWORD)
    assert workspace.tokens is not None
    assert service.secret is not None
    clear = (workspace.tokens.primary, workspace.tokens.secondary, service.secret, PASSWORD)
    with database.read() as connection:
        stored = "".join(str(connection.execute(sa.select(t)).all()) for t in metadata.sorted_tables)
    shown = repr((workspace, service))
    assert not [secret for secret in clear if secret in stored or secret in shown]


def test_even_the_right_password_waits_after_many_wrong_ones(
    sqlite_database: SqlDatabase, secrets: MasterKeySecrets, clock: ManualClock
) -> None:
    """A password takes long to check, many take very long; that each database counts attempts is another test's."""
    identity = IdentityService(sqlite_database, secrets, clock)
    user = identity.create_user("ada@example.org", PASSWORD)
    for email in ("ada@example.org", "nobody@example.org"):
        for _ in range(PER_ACCOUNT):
            with pytest.raises(RestudioError, match="e-mail address or the password"):
                identity.authenticate_user(email, "wrong horse", address="192.0.2.7")
        with pytest.raises(TooManyAttempts):
            identity.authenticate_user(email, PASSWORD, address="192.0.2.7")
    clock.advance(WINDOW_S)
    assert identity.authenticate_user("ada@example.org", PASSWORD, address="192.0.2.7") == user


def test_users_sign_in_with_their_password(identity: IdentityService) -> None:
    user = identity.create_user("Ada@Example.org", PASSWORD, name="Ada")
    assert identity.authenticate_user(" ada@example.ORG", PASSWORD) == user
    assert identity.find_user("ada@example.org") == user
    for email, password in (("ada@example.org", "wrong horse"), ("eve@example.org", PASSWORD)):
        with pytest.raises(RestudioError, match="e-mail address or the password") as raised:
            identity.authenticate_user(email, password)
        assert raised.value.kind is Kind.UNAUTHORIZED
    identity.set_password(user.id, "another one")
    assert identity.authenticate_user("ada@example.org", "another one") == user


@pytest.mark.parametrize(
    ("email", "password", "detail"),
    [("ada", PASSWORD, "InvalidEmail"), ("a b@x", PASSWORD, "InvalidEmail"), ("a@x", "short", "InvalidPassword")],
)
def test_users_need_an_address_and_a_password(
    identity: IdentityService, email: str, password: str, detail: str
) -> None:
    with pytest.raises(RestudioError) as raised:
        identity.create_user(email, password)
    assert raised.value.detail == detail


def test_an_address_is_used_once(identity: IdentityService) -> None:
    identity.create_user("a@x.org", PASSWORD)
    with pytest.raises(RestudioError) as raised:
        identity.create_user("A@x.org", PASSWORD)
    assert raised.value.kind is Kind.CONFLICT


def test_members_act_by_their_role(identity: IdentityService, database: SqlDatabase) -> None:
    ada = identity.create_user("ada@x.org", PASSWORD)
    bob = identity.create_user("bob@x.org", PASSWORD)
    workspace = identity.create_workspace("One", owner="ada@x.org")
    assert identity.act_in(ada, workspace.id).roles == {Role.OWNER}
    with pytest.raises(RestudioError, match="not a member") as raised:
        identity.act_in(bob, workspace.id)
    assert raised.value.kind is Kind.FORBIDDEN
    identity.set_role(workspace.id, bob.id, Role.READER)
    identity.set_role(workspace.id, bob.id, Role.DEPLOYER, by=identity.act_in(ada, workspace.id))
    assert [(m.user, m.role) for m in identity.list_members(workspace.id)] == [(ada, Role.OWNER), (bob, Role.DEPLOYER)]
    assert [w.id for w in identity.list_workspaces(bob.id)] == [workspace.id]
    identity.set_role(workspace.id, bob.id, None)
    assert identity.list_workspaces(bob.id) == []
    with database.read() as connection:
        lines = audit.list_lines(connection, workspace.id, limit=2)
        assert [(line.principal, line.detail) for line in lines] == [
            ("system:system", {"role": None}),
            (f"user:{ada.id}", {"role": "deployer"}),
        ]
        assert len(audit.list_lines(connection, workspace.id, before=lines[-1].id)) == 2


def test_a_workspace_keeps_its_last_owner(identity: IdentityService) -> None:
    ada = identity.create_user("ada@x.org", PASSWORD)
    workspace = identity.create_workspace("One", owner="ada@x.org")
    for role in (None, Role.MEMBER):
        with pytest.raises(RestudioError, match="needs an owner"):
            identity.set_role(workspace.id, ada.id, role)
    identity.set_role(workspace.id, ada.id, Role.OWNER)


def test_unknown_things_are_not_found(identity: IdentityService) -> None:
    nowhere = "0" * 32
    user = identity.create_user("ada@x.org", PASSWORD)
    for call in (
        lambda: identity.get_workspace(nowhere),
        lambda: identity.tokens(nowhere),
        lambda: identity.regenerate_token(nowhere, "primary"),
        lambda: identity.list_members(nowhere),
        lambda: identity.set_role(nowhere, user.id, Role.MEMBER),
        lambda: identity.set_password(nowhere, PASSWORD),
        lambda: identity.create_service_principal(nowhere, "x", tenant_id=TENANT),
    ):
        with pytest.raises(RestudioError) as raised:
            call()
        assert raised.value.kind is Kind.NOT_FOUND


def test_a_new_password_ends_the_sessions_of_its_user(identity: IdentityService) -> None:
    ada, eve = (identity.create_user(f"{name}@x.org", PASSWORD) for name in ("ada", "eve"))
    before, other = identity.issue_session(ada), identity.issue_session(eve)
    identity.set_password(ada.id, PASSWORD)
    with pytest.raises(RestudioError, match="password was changed") as raised:
        identity.read_session(before.text)
    assert raised.value.kind is Kind.UNAUTHORIZED
    assert identity.read_session(identity.issue_session(ada).text) == ada
    assert identity.read_session(other.text) == eve


def test_a_session_ends(identity: IdentityService, clock: ManualClock) -> None:
    user = identity.create_user("ada@x.org", PASSWORD)
    session = identity.issue_session(user)
    assert identity.read_session(session.text) == user
    clock.advance(session.expires - session.issued)
    with pytest.raises(RestudioError, match="expired"):
        identity.read_session(session.text)


def test_a_program_signs_in_with_its_secret(identity: IdentityService, clock: ManualClock) -> None:
    workspace = identity.create_workspace("One", owner="a@x.org")
    service = identity.create_service_principal(workspace.id, "adf", tenant_id=TENANT)
    assert service.secret is not None
    token = identity.issue_access_token(
        TENANT, service.client_id, service.secret, audience="https://management.azure.com/", issuer="https://sts/"
    )
    principal = identity.authenticate_access_token(token.text)
    assert (principal.kind, principal.id, principal.workspace_id) == ("service", service.client_id, workspace.id)
    assert principal.roles == {Role.DEPLOYER}
    clock.advance(token.expires - token.issued - 1)
    identity.authenticate_access_token(token.text)
    clock.advance(1)
    with pytest.raises(RestudioError, match="expired"):
        identity.authenticate_access_token(token.text)
    for tenant, client, secret in (
        ("other", service.client_id, service.secret),
        (TENANT, "other", service.secret),
        (TENANT, service.client_id, "other"),
    ):
        with pytest.raises(RestudioError) as raised:
            identity.issue_access_token(tenant, client, secret, audience="a", issuer="i")
        assert (raised.value.kind, raised.value.detail) == (Kind.UNAUTHORIZED, "invalid_client")


def test_other_tokens_are_refused(identity: IdentityService) -> None:
    session = identity.issue_session(identity.create_user("ada@x.org", PASSWORD))
    unsigned = "eyJhbGciOiJub25lIn0." + session.text.split(".")[1] + "."
    for text in ("", "x", "a.b.c", session.text, session.text[:-4] + "AAAA", unsigned):
        with pytest.raises(RestudioError) as raised:
            identity.authenticate_access_token(text)
        assert raised.value.kind is Kind.UNAUTHORIZED
