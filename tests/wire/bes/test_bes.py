"""Batch execution over HTTP: the documented client steps, bodies to the letter, and bad requests."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from azure.storage.blob import BlobClient, BlobServiceClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar import Litestar, asgi
from litestar.types import Receive, Scope, Send

from restudio.blobs.egress import EgressPolicy
from restudio.blobs.fetch import Fetcher
from restudio.blobs.outgoing import Outgoing
from restudio.blobs.service import BlobService
from restudio.core.errors import Kind, RestudioError
from restudio.core.schema import Column, DType, Schema
from restudio.http.answers import EXCEPTION_HANDLERS
from restudio.http.bes import routes
from restudio.http.blob import BlobApp
from restudio.kernels.expr import Frame, Scale
from restudio.scoring.jobs.scoring import run_scoring
from restudio.scoring.jobs.service import JobService
from restudio.scoring.jobs.types import Deployment, IsCancelled, JobFiles, OutputPort, Progress
from restudio.scoring.scorer import InputSpec, KernelScorer
from restudio.storage.clock import SystemClock
from restudio.storage.db import SqlDatabase
from restudio.storage.objects import FileObjects
from restudio.storage.secrets import MasterKeySecrets
from restudio.storage.work_memory import MemoryWork

WORKSPACE, ENDPOINT, KEY = "a" * 32, "e" * 32, "k+/=" * 22
X = Column("x", DType.DOUBLE)


def _halving() -> KernelScorer:
    frame = Frame.input("input1", Schema.of([X]))
    half = Frame(((Column("half", DType.DOUBLE), Scale(frame.expr("x"), 0.0, 2.0)),))
    return KernelScorer({"input1": InputSpec(Schema.of([X]))}, {"output1": half})


class _Halving:
    """Deployments: one endpoint that gives half of x."""

    def deployment(self, endpoint_id: str, revision: str | None = None) -> Deployment:
        if endpoint_id != ENDPOINT:
            raise RestudioError.not_found("WebServiceNotFound", "Endpoint", endpoint_id)
        return Deployment(WORKSPACE, "5" * 32, ENDPOINT, "r1", ("input1",), (OutputPort("output1"),))

    def execute(
        self,
        deployment: Deployment,
        files: JobFiles,
        parameters: Mapping[str, object],
        progress: Progress,
        is_cancelled: IsCancelled,
    ) -> None:
        run_scoring(_halving(), files, progress, is_cancelled)


def _authenticate(owner: str, endpoint: str, key: str) -> None:
    if (owner, endpoint, key) != (WORKSPACE, ENDPOINT, KEY):
        raise RestudioError(Kind.UNAUTHORIZED, "ScoreRequestUnauthorized", "Invalid credentials provided.")


@dataclass
class Server:
    url: str
    connection_string: str
    client: httpx.Client

    @property
    def jobs(self) -> str:
        return f"{self.url}/workspaces/{WORKSPACE}/services/{ENDPOINT}/jobs"


@pytest.fixture
def server(sqlite_database: SqlDatabase, secrets: MasterKeySecrets, tmp_path: Path) -> Iterator[Server]:
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    clock, work = SystemClock(), MemoryWork()
    blobs = BlobService(sqlite_database, FileObjects(tmp_path / "objects"), secrets, clock, url)
    blobs.accounts.create("acme", WORKSPACE)
    outgoing = Outgoing(EgressPolicy(), clock)
    service = JobService(
        sqlite_database, blobs, Fetcher(blobs, outgoing, clock), secrets, clock, work, _Halving(), tmp_path / "scratch"
    )
    service.register()
    work.start()
    blob_app = BlobApp(blobs, clock)

    @asgi("/blob", is_mount=True, copy_scope=True)
    async def blob(scope: Scope, receive: Receive, send: Send) -> None:
        await blob_app(scope, receive, send)

    app = Litestar([*routes(service, _authenticate), blob], exception_handlers=EXCEPTION_HANDLERS, openapi_config=None)
    running = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    deadline = time.monotonic() + 10
    while not running.started and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    with httpx.Client(headers={"authorization": f"Bearer  {KEY}"}, timeout=60) as client:
        yield Server(url, blobs.accounts.connection_string("acme"), client)
    running.should_exit = True
    thread.join()
    listener.close()
    work.stop()
    blob_app.close()
    outgoing.close()


def _wait(server: Server, job: str) -> dict[str, Any]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        status: dict[str, Any] = server.client.get(f"{server.jobs}/{job}?api-version=2.0").json()
        assert "Results" in status
        if status["Results"] is not None or status["StatusCode"] not in ("NotStarted", "Running"):
            return status
        threading.Event().wait(0.02)
    pytest.fail("the job did not end")


def test_upload_submit_start_poll_download(server: Server) -> None:
    with BlobServiceClient.from_connection_string(server.connection_string) as storage:
        storage.create_container("incoming").upload_blob("july.csv", b"x\n1\n3\n")
    place = {"ConnectionString": server.connection_string, "RelativeLocation": "/incoming/july.csv"}
    # The PowerShell client replaces this literal text in the submit address.
    submit_url = f"{server.jobs}?api-version=2.0"
    answer = server.client.post(
        submit_url, json={"Input": place, "GlobalParameters": None}, headers={"content-encoding": "UTF-8"}
    )
    assert answer.status_code == 200
    assert re.fullmatch(rb'"[0-9a-f]{32}"', answer.content)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    job = answer.text.replace('"', "")
    new = server.client.get(submit_url.replace("jobs?api-version=2.0", f"jobs/{job}?api-version=2.0")).json()
    assert (new["StatusCode"], new["Results"], new["Details"]) == ("NotStarted", None, None)
    started = server.client.post(f"{server.jobs}/{job}/start?api-version=2.0", content=b"")
    assert (started.status_code, started.content) == (204, b"")
    again = server.client.post(f"{server.jobs}/{job}/start?api-version=2.0")
    assert again.status_code == 400
    assert again.json()["error"]["code"] == "InvalidOperation"
    assert again.json()["error"]["details"][0]["code"] == "CannotStartJob"
    status = _wait(server, job)
    assert status["StatusCode"] == "Finished", status
    result = status["Results"]["output1"]
    assert set(result) == {"ConnectionString", "RelativeLocation", "BaseLocation", "SasBlobToken"}
    address = result["BaseLocation"] + result["RelativeLocation"] + result["SasBlobToken"]
    assert httpx.get(address).content.splitlines() == [b"half", b"0.5", b"1.5"]
    assert BlobClient.from_blob_url(address).download_blob().readall().startswith(b"half")
    assert httpx.put(address, content=b"x", headers={"x-ms-blob-type": "BlockBlob"}).status_code == 403
    assert server.client.delete(f"{server.jobs}/{job}?api-version=2.0").status_code == 204
    assert server.client.get(f"{server.jobs}/{job}").json()["StatusCode"] == "Finished"


def test_the_address_form_of_resource_manager(server: Server) -> None:
    url = f"{server.url}/subscriptions/{WORKSPACE}/services/{ENDPOINT}/jobs?api-version=2.0"
    answer = server.client.post(url, json={"Input": f"{server.url}/blob/acme/c/x.csv?sig=1"})
    assert answer.status_code == 200


NO_JOB = "0" * 32
BAD = [
    ("POST", "", b"{", 400, "BadArgument", "RequestBodyInvalid"),
    ("POST", "", b"[]", 400, "BadArgument", "RequestBodyInvalid"),
    ("POST", "", b"\xff\xfe", 400, "BadArgument", "RequestBodyInvalid"),
    ("POST", "", b"[" * 100_000, 400, "BadArgument", "RequestBodyInvalid"),
    ("POST", "", b"", 400, "BadArgument", "BatchJobInputsNotSpecified"),
    ("POST", "", b'{"Input":"http://x/y.csv"}' + b" " * (5 << 20), 413, "RequestTooLarge", "RequestTooLarge"),
    ("POST", "?api-version=9.9", b"{}", 400, "BadArgument", "BadVersionCall"),
    ("GET", "", b"", 400, "BadArgument", "MissingJobId"),
    ("GET", f"/{NO_JOB}", b"", 404, "NotFound", "JobNotFound"),
    ("GET", "/%00%ff", b"", 404, "NotFound", "JobNotFound"),
    ("POST", f"/{NO_JOB}/start", b"", 404, "NotFound", "JobNotFound"),
    ("DELETE", f"/{NO_JOB}", b"", 404, "NotFound", "JobNotFound"),
    ("PUT", f"/{NO_JOB}", b"", 405, "MethodNotAllowed", "MethodNotAllowed"),
]


@pytest.mark.parametrize(("method", "tail", "body", "status", "code", "detail"), BAD)
def test_bad_requests(server: Server, method: str, tail: str, body: bytes, status: int, code: str, detail: str) -> None:
    answer = server.client.request(method, server.jobs + tail, content=body)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert (error["code"], error["details"][0]["code"]) == (code, detail)
    assert error["message"]


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic abc", "Bearer", KEY])
def test_wrong_keys(server: Server, header: str | None) -> None:
    for method, tail in (("POST", ""), ("GET", ""), ("GET", f"/{NO_JOB}"), ("DELETE", f"/{NO_JOB}")):
        answer = httpx.request(method, server.jobs + tail, headers={"authorization": header} if header else {})
        assert answer.status_code == 401
        assert answer.json()["error"]["details"][0]["code"] == "ScoreRequestUnauthorized"


MEMBERS = st.sampled_from(
    ["Input", "Inputs", "Output", "Outputs", "GlobalParameters", "input1", "output1", "ConnectionString",
     "RelativeLocation", "BaseLocation", "SasBlobToken"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.integers() | st.text() | st.sampled_from(["http://h/c/x.csv", "c/x.csv", "AccountName=acme"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(MEMBERS, inner, max_size=4),
    max_leaves=10,
)


def test_no_body_is_a_fault_of_the_server(server: Server) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.dictionaries(MEMBERS, VALUES, max_size=5) | VALUES)
    def submit(body: object) -> None:
        answer = server.client.post(server.jobs, content=json.dumps(body).encode("utf-8", "surrogatepass"))
        assert answer.status_code in (200, 400), answer.text
        if answer.status_code == 400:
            assert answer.json()["error"]["details"][0]["message"]

    submit()
