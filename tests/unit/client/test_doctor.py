from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from restudio.client.doctor import Doctor

WS = "a" * 32
ROOT = f"/workspaces/{WS}/webservices"


def endpoint(service: str, name: str, resources: tuple[str, ...] = ("Churn [trained model]",)) -> dict[str, object]:
    return {
        "Name": name,
        "WebServiceId": service,
        "WorkspaceId": WS,
        "HelpLocation": "http://h/help",
        "ApiLocation": f"http://h/workspaces/{WS}/services/{service}{name}",
        "PrimaryKey": f"key of {name}",
        "SecondaryKey": "second",
        "MaxConcurrentCalls": 20,
        "ThrottleLevel": "High",
        "Resources": [{"Name": r, "Kind": "TrainedModel", "Location": None} for r in resources],
    }


SERVICES = {
    "predict": [endpoint("predict", "default"), endpoint("predict", "fresh"), endpoint("predict", "sick")],
    "train": [endpoint("train", "default", ())],
}
FAILING = {"predictsick": "Its model is gone."}
NOT_FOUND = {
    "error": {"code": "NotFound", "message": "x", "details": [{"code": "WebServiceNotFound", "message": "No."}]}
}


def reply(verb: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    """A server with one training and one predictive service."""
    path = path.partition("?")[0]
    if path == "/health/ready":
        return 200, json.dumps({"status": "ready", "failing_endpoints": FAILING}).encode()
    if path.startswith(ROOT) and headers.get("authorization") != "Bearer token":
        return 401, b"{}"
    if path == ROOT:
        return 200, json.dumps([{"Id": name, "Name": name} for name in SERVICES]).encode()
    for service, endpoints in SERVICES.items():
        if path == f"{ROOT}/{service}/endpoints":
            return 200, json.dumps(endpoints).encode()
    if path.endswith("services/predictfresh/swagger.json"):
        return 200, b"{}"
    if "/services/predictfresh/jobs/" in path:
        return (404, json.dumps(NOT_FOUND).encode()) if headers["authorization"] == "Bearer good" else (401, b"{}")
    if path == "/blob/acc/c/m.ilearner":
        return 200, b""
    return 404, json.dumps(NOT_FOUND).encode()


@pytest.fixture
def url(peer: Any) -> str:
    peer.reply = reply
    return str(peer.url)


def wrong(doctor: Doctor, url: str) -> str:
    """All that is wrong, with what to do, in one text."""
    return " ".join(f"{f.text} → {f.todo}" for f in doctor.examine(url) if f.level == "wrong")


PATCH = f"{ROOT}/predict/endpoints/fresh"


def test_a_right_patch_address_has_nothing_wrong(url: str) -> None:
    doctor = Doctor(token="token", key="key of fresh", resource="Churn [trained model]", home_url=url)
    findings = doctor.examine(url + PATCH)
    assert not [f for f in findings if f.level != "good"]


@pytest.mark.parametrize(
    ("path", "doctor", "message"),
    [
        (f"{ROOT}/train/endpoints/default", Doctor(token="token"), "training service"),
        (f"{ROOT}/predict/endpoints/default", Doctor(token="token"), "default endpoint cannot be updated"),
        (f"{ROOT}/predict/endpoints/fesh", Doctor(token="token"), "Did you mean 'fresh'"),
        (f"{ROOT}/predictfresh/endpoints/fresh", Doctor(token="token"), "is the id of endpoint 'fresh'"),
        (f"{ROOT}/nothing/endpoints/fresh", Doctor(token="token"), "predict (predict), train (train)"),
        (PATCH, Doctor(token="token", resource="Churn"), "There is no resource 'Churn'"),
        (PATCH, Doctor(token="token", key="key of default"), "belongs to endpoint 'default'"),
        (PATCH, Doctor(token="token", key="foreign"), "belongs to no endpoint of this service"),
        (PATCH, Doctor(token="other"), "token is not valid"),
        (PATCH, Doctor(token="token", home_workspace="b" * 32), "credentials are for " + "b" * 32),
        (f"/workspaces/{WS}/services/predict/execute", Doctor(token="token"), "id of a web service; score at"),
        (f"/workspaces/{WS}/services/predictfresh/execute", Doctor(key="bad"), "key is not valid"),
        ("/blob/acc/c/m.ilearner?se=2020-01-01T00:00:00Z&sig=x", Doctor(), "SAS expired at 2020"),
        ("/blob/acc/c/m.ilearner", Doctor(), "carries no SAS"),
        ("/blob/acc/c/other.ilearner?sig=x", Doctor(), "cannot be read (404)"),
        (f"{ROOT}/predict/endpoints/sick", Doctor(token="token"), "to work: Its model is gone. → Roll back"),
        ("/elsewhere", Doctor(), "no address of Restudio"),
    ],
)
def test_each_mistake_is_named(url: str, path: str, doctor: Doctor, message: str) -> None:
    assert message in wrong(doctor, url + path)


@pytest.mark.parametrize(
    ("path", "doctor"),
    [
        (f"/workspaces/{WS}/services/predictfresh/execute", Doctor(key="good")),
        ("/blob/acc/c/m.ilearner?se=2999-01-01T00:00:00Z&sig=x", Doctor()),
        (f"{ROOT}/predict", Doctor(token="token")),
        ("/", Doctor()),
    ],
)
def test_right_addresses_have_nothing_wrong(url: str, path: str, doctor: Doctor) -> None:
    assert wrong(doctor, url + path) == ""


def test_the_clock_decides_on_expiry(url: str) -> None:
    doctor = Doctor(now=dt.datetime(2019, 1, 1, tzinfo=dt.UTC))
    assert wrong(doctor, f"{url}/blob/acc/c/m.ilearner?se=2020-01-01&sig=x") == ""


def test_the_cloud_and_other_places_are_noticed(url: str) -> None:
    elsewhere = Doctor(home_url="http://127.0.0.1:1").examine(url + "/")
    assert any("your credentials are for http://127.0.0.1:1" in f.text for f in elsewhere)


def test_nobody_there_is_a_finding(peer: Any) -> None:
    peer.close()
    assert "No server answers" in wrong(Doctor(), peer.url + "/")


def test_the_token_is_not_sent_to_another_server(url: str) -> None:
    address = f"{url}{ROOT}/predict/endpoints/fresh"
    assert "Resource names that a PATCH may use" in str(Doctor(token="token", home_url=url).examine(address))
    elsewhere = Doctor(token="token", home_url="http://127.0.0.1:1").examine(address)
    assert elsewhere[-1].text == "Without a workspace token only the path could be looked at."
