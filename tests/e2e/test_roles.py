"""People with roles, by the command line and the studio API; what each may do, and what is remembered of it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient
from tests.command_line import restudio, restudio_here
from tests.e2e.test_scripts import SCRIPTED

from restudio.client import Client, log_in
from restudio.client.connection import ServerError
from restudio.client.credentials import read_credentials

pytestmark = pytest.mark.usefixtures("rows")


def command(home: Path, *arguments: str) -> Any:
    done = restudio_here(*arguments, "--home", home, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def person(home: Path, email: str, role: str) -> Client:
    """Somebody new with a role, signed in."""
    password = command(home, "users", "add", email, "--role", role)["password"]
    url = read_credentials(home).url
    session = log_in(url, email, password)
    return Client(url, session.workspaces[0].id, session.token)


def test_a_member_publishes_and_a_deployer_approves(home: Path) -> None:
    member, deployer = person(home, "ada@example.org", "member"), person(home, "grace@example.org", "deployer")
    experiment = member.experiments.import_yaml(SCRIPTED.replace("title: scripted", "title: of a member"))
    published = member.services.publish(experiment.id)
    assert published.stage == "staging"
    assert member.services.mark_ready(published.id).stage == "ready"
    with pytest.raises(ServerError, match="deployer") as refused:
        member.services.approve(published.id)
    assert refused.value.status == 403
    assert deployer.services.approve(published.id).stage == "production"
    with pytest.raises(ServerError, match="administer"):
        deployer.members.put("ada@example.org", "owner")

    told = [(line["name"], line["action"]) for line in command(home, "audit")]
    for line in (
        ("ada@example.org", "service.publish"),
        ("grace@example.org", "service.approve"),
        ("Workspace", "set role"),
    ):
        assert line in told


def test_a_reader_reads_and_a_removed_member_does_not(home: Path) -> None:
    reader = person(home, "rita@example.org", "reader")
    assert reader.experiments.list() is not None
    with pytest.raises(ServerError, match="may not edit"):
        reader.experiments.import_yaml(SCRIPTED)
    assert command(home, "users", "role", "rita@example.org", "member")["role"] == "member"
    assert reader.experiments.import_yaml(SCRIPTED).id
    command(home, "users", "remove", "rita@example.org")
    with pytest.raises(ServerError, match="not a member"):
        reader.experiments.list()
    assert "rita@example.org" not in [member["email"] for member in command(home, "users", "list")]


def test_a_person_uses_the_command_line(home: Path) -> None:
    add = ["users", "add", "joan@example.org", "--role", "reader", "--password-stdin", "--home", str(home)]
    for arguments in (add, ["login", "joan@example.org", "--password-stdin", "--home", str(home), "--json"]):
        done = restudio_here(*arguments, typed="correct horse\n")
        assert done.returncode == 0, done.stderr
    session = json.loads(done.stdout)
    listed = restudio("users", "list", "--home", home, "--token", session["token"], "--json")
    assert "joan@example.org" in [member["email"] for member in json.loads(listed.stdout)]
    refused = restudio("audit", "--home", home, "--token", session["token"])
    assert refused.returncode == 1
    assert "may not administer" in refused.stderr


def test_mistakes_with_people_are_told(home: Path) -> None:
    owner = read_credentials(home).owner
    client = Client.from_home(home)
    with pytest.raises(ServerError, match="needs an owner"):
        client.members.remove(owner)
    with pytest.raises(ServerError, match="one of owner, deployer, member, reader"):
        client.members.put("x@example.org", "king")
    with pytest.raises(ServerError, match="'password' must be a text"):
        client.members.put("nobody@example.org", "reader")
    with pytest.raises(ServerError, match=r"nobody@example\.org"):
        client.members.set_password("nobody@example.org", "long enough")


def test_the_deploy_button_of_the_classic_studio(home: Path) -> None:
    known = read_credentials(home)
    client = Client.from_home(home)
    experiment = client.experiments.import_yaml(SCRIPTED.replace("title: scripted", "title: classic"))
    api = f"{known.url}/api/workspaces/{known.workspace_id}/experiments"
    headers = {"x-ms-metaanalytics-authorizationtoken": known.workspace_token}
    shown = f"{known.workspace_id}.f-id.{experiment.id}"
    first = httpx.post(f"{api}/{shown}/webservice?generateNewPortNames=false", headers=headers, timeout=60).json()
    assert httpx.get(f"{api}/{first['ActivityId']}/webservice", headers=headers).json() == first
    assert first["Status"] == "Completed"
    again = httpx.post(f"{api}/{shown}/webservice?updateExistingWebService=true", headers=headers, timeout=60).json()
    assert again == first
    assert client.services.get(first["WebServiceGroupId"]).version == 2
    assert client.endpoints.get(first["WebServiceGroupId"], "default").id == first["EndpointId"]
    assert httpx.post(f"{api}/{'0' * 32}/webservice", headers=headers).status_code == 404


def test_a_token_and_a_key_that_leaked_are_replaced(home: Path) -> None:
    before, client = read_credentials(home), Client.from_home(home)
    reader = person(home, "eve@example.org", "reader")
    with pytest.raises(ServerError, match="may not administer"):
        reader.access.renew_token("primary")
    containers = BlobServiceClient.from_connection_string(before.storage_connection_string)
    containers.create_container("leaked")

    fresh = command(home, "renew", "token", "primary")
    assert fresh["primary"] != before.workspace_token
    with pytest.raises(ServerError) as refused:
        client.members.list()
    assert refused.value.status == 401
    kept = Client(before.url, before.workspace_id, fresh["secondary"])
    assert command(home, "renew", "token", "secondary")["primary"] == fresh["primary"]
    with pytest.raises(ServerError):
        kept.members.list()

    with ThreadPoolExecutor(8) as pool:  # each answers, and the file is whole
        owner = Client.from_home(home)
        list(pool.map(lambda _: owner.access.renew_token("secondary"), range(16)))
    assert read_credentials(home).workspace_token == fresh["primary"]

    renewed = command(home, "renew", "storage-key")
    assert read_credentials(home).storage_connection_string == renewed["connection_string"]
    with pytest.raises(HttpResponseError):
        containers.create_container("stolen")
    again = BlobServiceClient.from_connection_string(renewed["connection_string"])
    assert "leaked" in [container.name for container in again.list_containers()]

    told = [line["action"] for line in command(home, "audit")]
    assert told.count("regenerate token") == 18
    assert "renew storage key" in told
    away = (home / "credentials.json").rename(home / "away.json")
    last = owner.access.renew_token("secondary")
    assert not (home / "credentials.json").exists(), "what the operator took away came back, with a new password"
    away.rename(home / "credentials.json")
    owner = Client(before.url, before.workspace_id, last.primary)
    with pytest.raises(ServerError, match="primary and a secondary"):
        owner.access.renew_token("third")  # type: ignore[arg-type]  # as any caller may send
