"""Versions of experiments and what runs did, over the studio API and through the client."""

from __future__ import annotations

from collections.abc import Callable

from litestar import Litestar
from litestar.testing import TestClient
from tests.unit.experiments.conftest import catalog, engine, object_folder, start_studio  # noqa: F401
from tests.unit.experiments.studio import Studio

from restudio.http.answers import EXCEPTION_HANDLERS
from restudio.http.door import Door
from restudio.http.studio_experiments import routes
from restudio.identity.service import IdentityService
from restudio.storage.clock import SystemClock
from restudio.storage.secrets import MasterKeySecrets

YAML = """
restudio: experiment/1
title: Numbers
nodes:
  data:
    module: enter-data-manually
    parameters: {DataFormat: CSV, HasHeader: true, Data: "x\\n1\\n"}
"""


def test_columns_and_findings_before_a_run(
    start_studio: Callable[[], Studio],  # noqa: F811
    secrets: MasterKeySecrets,
) -> None:
    studio = start_studio()
    identity = IdentityService(studio.database, secrets, SystemClock())
    workspace = identity.create_workspace("Acme", owner="pat@example.org")
    assert workspace.tokens is not None
    app = Litestar(
        routes(studio.experiments, studio.objects, Door(identity)),
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=None,
    )
    with TestClient(app) as client:
        client.headers["Authorization"] = f"Bearer {workspace.tokens.primary}"
        root = f"/studio/api/workspaces/{workspace.id}/experiments"
        column = {"name": "x", "type": "Integer"}
        port = {"node": "data", "port": "dataset", "columns": [column], "exact": True, "reason": ""}
        expected = {"can_run": True, "problems": [], "ports": [port]}
        assert client.post(f"{root}/check", content=YAML).json() == expected
        assert client.get(root).json() == [], "a file that is checked is not kept"
        made = client.post(root, content=YAML).json()["id"]
        assert client.get(f"{root}/{made}/check").json() == expected
        (problem,) = client.post(f"{root}/check", content=YAML.replace("CSV", "XML")).json()["problems"]
        assert (problem["code"], problem["node"], problem["parameter"]) == ("0002", "data", "DataFormat")


SCRIPT = """
restudio: experiment/1
title: Drawing
nodes:
  draw:
    module: execute-python-script
    parameters:
      Python script: |
        def azureml_main():
            print("drawn")
            open("plot 1.png", "wb").write(b"image")
"""


def test_text_and_images_of_a_script(
    start_studio: Callable[[], Studio],  # noqa: F811
    secrets: MasterKeySecrets,
) -> None:
    studio = start_studio()
    identity = IdentityService(studio.database, secrets, SystemClock())
    workspace = identity.create_workspace("Acme", owner="pat@example.org")
    assert workspace.tokens is not None
    app = Litestar(
        routes(studio.experiments, studio.objects, Door(identity)),
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=None,
    )
    with TestClient(app) as client:
        client.headers["Authorization"] = f"Bearer {workspace.tokens.primary}"
        root = f"/studio/api/workspaces/{workspace.id}"
        made = client.post(f"{root}/experiments", content=SCRIPT).json()["id"]
        run = client.post(f"{root}/experiments/{made}/runs").json()["id"]
        assert studio.wait(run).state == "Finished"
        output = f"{root}/runs/{run}/outputs/draw/Python%20device"
        shown = client.get(f"{output}/view").json()
        assert shown == {"kind": "console", "text": "drawn\n", "images": ["plot 1.png"]}
        image = client.get(f"{output}/images/plot%201.png")
        assert (image.content, image.headers["content-type"]) == (b"image", "image/png")
        assert client.get(f"{output}/images/other.png").status_code == 404
        assert client.get(f"{root}/runs/{run}/outputs/draw/Results%20dataset/view").status_code == 404
        assert client.get(f"{output}/statistics").json()["rows"] == 2


def test_versions_and_snapshots(start_studio: Callable[[], Studio], secrets: MasterKeySecrets) -> None:  # noqa: F811
    studio = start_studio()
    identity = IdentityService(studio.database, secrets, SystemClock())
    workspace = identity.create_workspace("Acme", owner="pat@example.org")
    assert workspace.tokens is not None
    app = Litestar(
        routes(studio.experiments, studio.objects, Door(identity)),
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=None,
    )
    with TestClient(app) as client:
        client.headers["Authorization"] = f"Bearer {workspace.tokens.primary}"
        root = f"/studio/api/workspaces/{workspace.id}"
        made = client.post(f"{root}/experiments", content=YAML).json()["id"]
        run = client.post(f"{root}/experiments/{made}/runs").json()["id"]
        client.put(f"{root}/experiments/{made}", content=YAML.replace("Numbers", "Letters"))
        versions = client.get(f"{root}/experiments/{made}/versions").json()
        assert [(v["version"], v["title"]) for v in versions] == [(1, "Numbers"), (2, "Letters")]
        assert "Numbers" in client.get(f"{root}/experiments/{made}/yaml", params={"version": 1}).text
        did = client.get(f"{root}/runs/{run}/yaml")
        assert (did.status_code, "title: Numbers" in did.text) == (200, True)
        assert client.get(f"{root}/experiments/{'0' * 32}/versions").status_code == 404
        studio.wait(run)
