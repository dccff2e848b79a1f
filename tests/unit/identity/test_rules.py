from __future__ import annotations

import pytest

from restudio.core.errors import Kind, RestudioError
from restudio.identity.rules import BY_ROLE, allowed, ensure_allowed
from restudio.identity.types import SYSTEM, Action, Principal, Resource, Role

TABLE = """
            read  edit  score  update  deploy  administer
owner       yes   yes   yes    yes     yes     yes
deployer    yes   yes   yes    yes     yes     no
member      yes   yes   yes    no      no      no
reader      yes   no    no     no      no      no
"""
ACTIONS, *ROWS = (line.split() for line in TABLE.strip().splitlines())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
@pytest.mark.parametrize("kind", ["user", "service", "workspace"])
def test_roles(row: list[str], kind: str) -> None:
    role, *answers = row
    who = Principal(kind, "p", "Pat", "w", frozenset({Role(role)}))  # type: ignore[arg-type]
    assert [allowed(who, Action(a), Resource("w")) for a in ACTIONS] == [a == "yes" for a in answers]
    assert not any(allowed(who, action, Resource("elsewhere")) for action in Action)


def test_every_action_and_role_is_in_the_table() -> None:
    assert set(ACTIONS) == set(Action)
    assert {row[0] for row in ROWS} == set(Role) == set(BY_ROLE)


def test_an_endpoint_key_reaches_its_own_endpoint_only() -> None:
    key = Principal("endpoint", "e1", "default", "w")
    own = {action for action in Action if allowed(key, action, Resource("w", "e1"))}
    assert own == {Action.READ, Action.SCORE, Action.UPDATE}
    assert not any(allowed(key, action, Resource("w", "e2")) for action in Action)
    assert not any(allowed(key, action, Resource("w")) for action in Action)


def test_nobody_without_a_role_may_do_anything() -> None:
    stranger = Principal("user", "u", "Eve", "w")
    assert not any(allowed(stranger, action, Resource("w")) for action in Action)


def test_the_system_may_do_everything() -> None:
    assert all(allowed(SYSTEM, action, Resource("w")) for action in Action)


def test_the_refusal_says_what_is_needed() -> None:
    reader = Principal("user", "u", "Ada", "w", frozenset({Role.READER}))
    ensure_allowed(reader, Action.READ, Resource("w"))
    with pytest.raises(RestudioError, match=r"'Ada' \(reader\) may not deploy .* owner, deployer") as raised:
        ensure_allowed(reader, Action.DEPLOY, Resource("w"))
    assert raised.value.kind is Kind.FORBIDDEN
