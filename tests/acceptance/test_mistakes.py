"""Every mistake of the update decision table gets its error, and changes nothing."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable

import httpx
import pytest
from azure.storage.blob import BlobClient
from tests.acceptance.adult import Loop
from tests.acceptance.server import Server

from restudio.client.types import Location

Change = Callable[[dict[str, str], dict[str, str]], None]
UNKNOWN = "0" * 32


@pytest.fixture(scope="module")
def model(loop: Loop) -> Location:
    return loop.retrain(loop.folder / "rest.csv")


def patch(loop: Loop, path: dict[str, str], resource: str, location: dict[str, str]) -> httpx.Response:
    url = "{root}/workspaces/{workspace}/webservices/{service}/endpoints/{endpoint}".format(**path)
    body = {"Resources": [{"Name": resource, "Location": location}]}
    token = loop.server.credentials.workspace_token
    return httpx.patch(url, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=60)


CASES: dict[str, tuple[Change, int, str, str, str]] = {
    "unknown workspace": (lambda p, _: p.update(workspace=UNKNOWN), 404, "NotFound", "WorkspaceNotFound", ""),
    "unknown service": (
        lambda p, _: p.update(service=UNKNOWN),
        404,
        "NotFound",
        "WebServiceIdNotFoundInWorkspace",
        UNKNOWN,
    ),
    "unknown endpoint": (lambda p, _: p.update(endpoint="nobody"), 404, "NotFound", "WebServiceNotFound", "nobody"),
    "default endpoint": (
        lambda p, _: p.update(endpoint="default"),
        400,
        "InvalidOperation",
        "DefaultEndpointUpdateNotAllowed",
        "/endpoints/",
    ),
    "training service": (
        lambda p, _: p.update(service=p["training"], endpoint="default"),
        400,
        "InvalidOperation",
        "NoUpdatableResources",
        "training",
    ),
    "wrong resource": (
        lambda p, _: p.update(resource="Somebody else's [trained model]"),
        400,
        "BadArgument",
        "BadParameterValue",
        "[trained model]",
    ),
    "wrong path": (
        lambda _, at: at.update(RelativeLocation="adult/nowhere.ilearner"),
        400,
        "BadArgument",
        "BlobNotFound",
        "nowhere.ilearner",
    ),
    "no signature": (lambda _, at: at.update(SasBlobToken=""), 400, "BadArgument", "BlobNotFound", ""),
    "not an address": (lambda _, at: at.update(BaseLocation="no address"), 400, "BadArgument", "InvalidBlob", ""),
    "wrong extension": (
        lambda _, at: at.update(RelativeLocation="adult/rest.csv"),
        400,
        "BadArgument",
        "InvalidBlobExtension",
        ".ilearner",
    ),
}


@pytest.mark.parametrize("case", list(CASES))
def test_mistake(loop: Loop, model: Location, case: str) -> None:
    change, status, code, detail, told = CASES[case]
    path = {
        "root": loop.client.url,
        "workspace": loop.client.workspace,
        "service": loop.predictive.id,
        "endpoint": loop.endpoint.name,
        "training": loop.training.id,
        "resource": loop.endpoint.resources[0].name,
    }
    location = {
        "BaseLocation": model.base_location,
        "RelativeLocation": model.relative_location,
        "SasBlobToken": model.sas_blob_token or "",
    }
    change(path, location)
    before = loop.client.services.ledger(loop.predictive.id, loop.endpoint.name)
    answer = patch(loop, path, path["resource"], location)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["details"][0]["code"]) == (status, code, detail), error
    assert told in error["details"][0]["message"]
    assert "sig=" not in answer.text.replace("sig=REDACTED", "")
    assert loop.client.services.ledger(loop.predictive.id, loop.endpoint.name) == before


HOSTILE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "truncated": lambda data: data[: len(data) // 2],
    "altered": lambda data: data[:-2000] + bytes([data[-2000] ^ 1]) + data[-1999:],
    "foreign": lambda data: b"\x00\x01binary of another system" * 40,
    "pickle": lambda data: b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94.",
}


@pytest.mark.parametrize("kind", list(HOSTILE))
def test_bad_model_file_is_refused(loop: Loop, model: Location, kind: str) -> None:
    good = BlobClient.from_blob_url(model.url).download_blob().readall()
    path = loop.folder / f"{kind}.ilearner"
    path.write_bytes(HOSTILE[kind](good))
    reference = loop.upload(path.name, path)
    before = loop.client.services.ledger(loop.predictive.id, loop.endpoint.name)
    resource = loop.endpoint.resources[0].name
    where = {
        "root": loop.client.url,
        "workspace": loop.client.workspace,
        "service": loop.predictive.id,
        "endpoint": loop.endpoint.name,
    }
    answer = patch(loop, where, resource, reference)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["details"][0]["code"] == "InvalidBlob"
    assert loop.client.services.ledger(loop.predictive.id, loop.endpoint.name) == before
    assert loop.scoring.score(loop.rows[:1]).outputs["output1"]


@pytest.mark.parametrize(
    "path", [f"workspaces/{UNKNOWN}/services/{UNKNOWN}/execute", f"workspaces/{UNKNOWN}/webservices/x"]
)
def test_a_client_that_still_sends_hears_why_it_is_refused(server: Server, path: str) -> None:
    """Its body is more than waits in the buffers of a connection: closed at once, it would be reset."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{server.credentials.url}/{path}", bytes(40 << 20), timeout=60)
    assert refused.value.code in (401, 405, 413)
    refused.value.close()
