"""The sample programs of the help pages run as they stand, with the placeholders filled in."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import httpx
import pytest
from openapi_spec_validator import OpenAPIV2SpecValidator
from tests.acceptance.adult import CONTAINER, LABEL, Loop

PLACEHOLDER = "DefaultEndpointsProtocol=https;AccountName=mystorageacct;AccountKey=mykey"


def sample(loop: Loop, page: str, language: str) -> str:
    """A program from a help page, with the endpoint's key."""
    html = httpx.get(f"{loop.endpoint.help_location}/{page}").text
    match = re.search(rf'<pre id="code-snippet-{language}">(.*?)</pre>', html, re.DOTALL)
    assert match is not None
    return unescape(match[1]).replace("abc123", loop.endpoint.primary_key)


def fill(code: str, member: str, value: str) -> str:
    return re.sub(rf'("{member}": ")[^"]*', lambda found: found[1] + value, code)


def execute(language: str, code: str, folder: Path) -> str:
    path = folder / f"sample.{language}"
    path.write_text(code)
    command = [sys.executable, str(path)] if language == "python" else ["bash", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("language", ["python", "curl"])
def test_request_response_sample(loop: Loop, language: str, tmp_path: Path) -> None:
    assert "Scored Probabilities" in execute(language, sample(loop, "score", language), tmp_path)


def test_batch_sample(loop: Loop, tmp_path: Path) -> None:
    data = tmp_path / "input1data.csv"
    with data.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(loop.rows[0]))
        writer.writeheader()
        writer.writerows(loop.rows[:20])
    loop.upload(data.name, data)
    code = sample(loop, "jobs", "python").replace("mycontainer/", f"{CONTAINER}/")
    code = code.replace(PLACEHOLDER, loop.server.credentials.storage_connection_string)
    assert execute("python", code, tmp_path).startswith("Finished")


@pytest.mark.parametrize("language", ["python", "curl"])
def test_update_sample(loop: Loop, language: str, tmp_path: Path) -> None:
    model = loop.retrain(loop.folder / "rest.csv")
    code = sample(loop, "update", language)
    code = fill(code, "BaseLocation", model.base_location)
    code = fill(code, "RelativeLocation", model.relative_location)
    code = fill(code, "SasBlobToken", model.sas_blob_token or "")
    execute(language, code, tmp_path)
    [live] = [r for r in loop.client.services.ledger(loop.predictive.id, loop.endpoint.name) if r.live]
    assert live.id == loop.scoring.score(loop.rows[:1]).revision


def test_swagger_is_valid_and_knows_the_columns(loop: Loop) -> None:
    document = httpx.get(f"{loop.endpoint.api_location}/swagger.json").json()
    OpenAPIV2SpecValidator(document).validate()
    assert document == httpx.get(f"{loop.endpoint.help_location}/apidocument").json()
    assert list(document["definitions"]["input1Item"]["properties"]) == [k for k in loop.rows[0] if k != LABEL]


def test_training_service_has_nothing_to_update(loop: Loop) -> None:
    default = loop.client.endpoints.get(loop.training.id, "default")
    assert "no updatable resources" in httpx.get(f"{default.help_location}/update").text
    assert "training web service" in httpx.get(f"{default.help_location}/update").text
