from __future__ import annotations

from uuid import UUID

import pytest

from restudio.client.address import parse_address

WS = "a" * 32


@pytest.mark.parametrize(
    ("path", "kind", "parts"),
    [
        (f"/workspaces/{WS}/services/e1/execute?api-version=2.0", "scoring", {"workspace": WS, "endpoint": "e1"}),
        (f"/workspaces/{WS}/services/e1", "scoring", {"workspace": WS, "endpoint": "e1"}),
        (f"/workspaces/{WS}/services/e1/score", "scoring", {"workspace": WS, "endpoint": "e1"}),
        (f"//workspaces/{WS}//services/e1/jobs/j1/start", "jobs", {"workspace": WS, "endpoint": "e1", "job": "j1"}),
        (f"/workspaces/{WS}/services/e1/swagger.json", "swagger", {"workspace": WS, "endpoint": "e1"}),
        (f"/subscriptions/{UUID(WS)}/services/e1/execute", "scoring", {"workspace": WS, "endpoint": "e1"}),
        (f"/subscriptions/{WS}/services/e1/jobs", "jobs", {"workspace": WS, "endpoint": "e1"}),
        (f"/workspaces/{WS}/webservices/s1", "service", {"workspace": WS, "service": "s1"}),
        (
            f"/workspaces/{WS}/webservices/s1/endpoints/fresh/",
            "endpoint",
            {"workspace": WS, "service": "s1", "endpoint": "fresh"},
        ),
        (
            f"/apihelp/workspaces/{WS}/webservices/s1/endpoints/e1/update",
            "help",
            {"workspace": WS, "service": "s1", "endpoint": "e1", "page": "update"},
        ),
        ("/blob/acc/con/a/b.ilearner?sig=x", "blob", {"account": "acc", "container": "con", "blob": "a/b.ilearner"}),
        ("/", "base", {}),
        ("/somewhere/else", "unknown", {}),
    ],
)
def test_paths_tell_what_they_are(path: str, kind: str, parts: dict[str, str]) -> None:
    address = parse_address(f"http://127.0.0.1:8080{path}")
    assert (address.kind, address.parts) == (kind, parts)
    assert address.base == "http://127.0.0.1:8080"


@pytest.mark.parametrize("text", ["", "workspaces/a/services/b", "ftp://h/", "http://"])
def test_what_is_no_address_is_unknown(text: str) -> None:
    assert parse_address(text).kind == "unknown"


@pytest.mark.parametrize(
    ("host", "cloud"),
    [("ussouthcentral.services.azureml.net", True), ("x.blob.core.windows.net", True), ("azureml.net.evil.org", False)],
)
def test_the_retired_cloud_is_recognised(host: str, cloud: bool) -> None:
    assert parse_address(f"https://{host}/").is_cloud is cloud
