"""Scoring with an endpoint's key: request-response and batch execution."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from restudio.client.connection import Connection
from restudio.client.types import BatchResult, Location

ENDED = frozenset({"Finished", "Failed", "Cancelled"})
REVISION_HEADER = "x-ms-restudio-revision"


class Scored(msgspec.Struct, frozen=True):
    """Rows of one answer, and the revision that gave them."""

    outputs: dict[str, list[dict[str, Any]]]
    revision: str | None


class Scoring:
    """One endpoint, by its scoring address (``ApiLocation``) and key."""

    def __init__(self, api_location: str, key: str, *, timeout: float = 120.0) -> None:
        self._connection = Connection(api_location.removesuffix("/execute"), key, timeout=timeout)

    def close(self) -> None:
        self._connection.close()

    def input_columns(self, input: str = "input1") -> list[str]:
        """The columns that an input takes, as the endpoint's own description tells them."""
        told = self._connection.json("GET", "/swagger.json", dict[str, Any])
        return list(told["definitions"][f"{input}Item"]["properties"])

    def score(
        self,
        rows: Sequence[Mapping[str, object]],
        *,
        input: str = "input1",
        parameters: Mapping[str, str] | None = None,
    ) -> Scored:
        """Score rows given as mappings from column name to value."""
        body = {"Inputs": {input: list(rows)}, "GlobalParameters": dict(parameters or {})}
        answer = self._connection.send(
            "POST", "/execute", json=body, params={"api-version": "2.0", "format": "swagger"}
        )
        outputs = msgspec.json.decode(answer.content)["Results"]
        return Scored(outputs, answer.headers.get(REVISION_HEADER))

    def submit(
        self,
        inputs: Mapping[str, Mapping[str, str]],
        outputs: Mapping[str, Mapping[str, str]] | None = None,
        *,
        parameters: Mapping[str, str] | None = None,
    ) -> str:
        """Submit a batch job; inputs and outputs map port names to blob references. It does not start by itself."""
        body: dict[str, object] = {"Inputs": inputs, "GlobalParameters": dict(parameters or {})}
        if outputs:
            body["Outputs"] = outputs
        return self._connection.json("POST", "/jobs", str, json=body, params={"api-version": "2.0"})

    def start(self, job: str) -> None:
        self._connection.send("POST", f"/jobs/{job}/start", params={"api-version": "2.0"})

    def status(self, job: str) -> BatchResult:
        return self._connection.json("GET", f"/jobs/{job}", BatchResult, params={"api-version": "2.0"})

    def cancel(self, job: str) -> None:
        self._connection.send("DELETE", f"/jobs/{job}", params={"api-version": "2.0"})

    def wait(
        self, job: str, on_change: Callable[[BatchResult], None] | None = None, *, timeout: float = 3600.0
    ) -> BatchResult:
        """Poll until the job has ended; ``TimeoutError`` after ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            status = self.status(job)
            if on_change is not None:
                on_change(status)
            if status.status_code in ENDED:
                return status
            if time.monotonic() > deadline:
                raise TimeoutError(f"job {job} is still {status.status_code} after {timeout:.0f} s")
            time.sleep(0.2)


def blob_input(connection_string: str, path: str) -> dict[str, str]:
    """A batch input or output at ``container/name`` of an account."""
    return {"ConnectionString": connection_string, "RelativeLocation": path}


def location_input(location: Location) -> dict[str, str]:
    """A batch input from a blob location with its SAS."""
    return {
        "BaseLocation": location.base_location,
        "RelativeLocation": location.relative_location,
        "SasBlobToken": location.sas_blob_token or "",
    }
