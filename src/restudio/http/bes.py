"""Batch execution over HTTP: submit, start, status, cancel (classic web services reference, section 4)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from restudio.core.errors import Kind, RestudioError
from restudio.http.answers import json_answer
from restudio.http.door import bearer_of
from restudio.http.management_shapes import iso
from restudio.scoring.jobs.service import JobService
from restudio.scoring.jobs.types import JobStatus

Authenticate = Callable[[str, str, str], None]
"""Workspace or subscription id, endpoint or service id, key. Raises an error of kind UNAUTHORIZED for a wrong key and
of kind NOT_FOUND for an unknown endpoint."""

MAX_BODY_BYTES = 4 << 20
_CLASSIC = "/workspaces/{owner:str}/services/{endpoint:str}"
_ARM = "/subscriptions/{owner:str}/services/{endpoint:str}"
AnyRequest = Request[Any, Any, Any]


class BatchFace:
    """The four operations. Work on the database runs in worker threads."""

    def __init__(self, jobs: JobService, authenticate: Authenticate) -> None:
        self._jobs = jobs
        self._authenticate = authenticate

    async def submit(self, request: AnyRequest, owner: str, endpoint: str) -> Response[bytes]:
        await self._enter(request, owner, endpoint)
        body = _parse(await _body(request))
        return json_answer(await asyncio.to_thread(self._jobs.submit, endpoint, body))

    async def start(self, request: AnyRequest, owner: str, endpoint: str, job: str) -> None:
        await self._enter(request, owner, endpoint)
        await asyncio.to_thread(self._jobs.start, endpoint, job)

    async def status(self, request: AnyRequest, owner: str, endpoint: str, job: str) -> Response[bytes]:
        await self._enter(request, owner, endpoint)
        return json_answer(status_json(await asyncio.to_thread(self._jobs.status, endpoint, job)))

    async def cancel(self, request: AnyRequest, owner: str, endpoint: str, job: str) -> None:
        await self._enter(request, owner, endpoint)
        await asyncio.to_thread(self._jobs.cancel, endpoint, job)

    async def missing_id(self, request: AnyRequest, owner: str, endpoint: str) -> Response[bytes]:
        await self._enter(request, owner, endpoint)
        raise RestudioError(
            Kind.BAD_ARGUMENT, "MissingJobId", "The address has no job id; expected …/jobs/{job id}.", target="jobId"
        )

    async def _enter(self, request: AnyRequest, owner: str, endpoint: str) -> None:
        version = request.query_params.get("api-version")
        if version not in (None, "2.0"):
            raise RestudioError(
                Kind.BAD_ARGUMENT,
                "BadVersionCall",
                f"api-version '{version[:20]}' is not served; use api-version=2.0.",
                target="api-version",
            )
        key = bearer_of(request.headers.get("authorization"))
        if key is None:
            raise RestudioError(
                Kind.UNAUTHORIZED,
                "ScoreRequestUnauthorized",
                "Invalid credentials provided. Send 'Authorization: Bearer {API key of the endpoint}'.",
            )
        await asyncio.to_thread(self._authenticate, owner, endpoint, key)


def status_json(status: JobStatus) -> dict[str, object]:
    """The status body; ``Results`` is always there and null until the job has finished."""
    job = status.job
    results = status.results
    return {
        "StatusCode": job.state.shown,
        "Results": None if results is None else {name: place.to_json() for name, place in results.items()},
        "Details": job.details,
        "CreatedAt": _time(job.created),
        "StartTime": _time(job.started),
        "EndTime": _time(job.ended),
    }


def _time(at: float | None) -> str | None:
    return None if at is None else iso(at)


async def _body(request: AnyRequest) -> bytes:
    announced = request.headers.get("content-length", "0")
    received = bytearray()
    if not announced.isdecimal() or int(announced) <= MAX_BODY_BYTES:
        async for chunk in request.stream():
            received += chunk
            if len(received) > MAX_BODY_BYTES:
                break
        else:
            return bytes(received)
    raise RestudioError(
        Kind.TOO_LARGE, "RequestTooLarge", f"A batch request has at most {MAX_BODY_BYTES} bytes; data goes into blobs."
    )


def _parse(body: bytes) -> Mapping[str, object]:
    """An empty body asks for a job without inputs. Old PowerShell wrote a byte order mark."""
    text = body.removeprefix(b"\xef\xbb\xbf").strip()
    if not text:
        return {}
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as cause:
        raise RestudioError(
            Kind.BAD_ARGUMENT, "RequestBodyInvalid", f"The request body is not valid JSON: {str(cause)[:200]}."
        ) from cause
    if not isinstance(value, dict):
        raise RestudioError(
            Kind.BAD_ARGUMENT, "RequestBodyInvalid", f"The request body must be a JSON object, got {text[:40]!r}."
        )
    return value


def routes(jobs: JobService, authenticate: Authenticate) -> list[HTTPRouteHandler]:
    """Handlers for both address forms. Answers of unknown errors are the application's."""
    face = BatchFace(jobs, authenticate)
    all_jobs = [f"{_CLASSIC}/jobs", f"{_ARM}/jobs"]
    one_job = [f"{path}/{{job:str}}" for path in all_jobs]

    @post(all_jobs, status_code=200, tags=["Batch execution"], summary="Submit a batch job")
    async def submit_job(request: AnyRequest, owner: FromPath[str], endpoint: FromPath[str]) -> Response[bytes]:
        return await face.submit(request, owner, endpoint)

    @get(all_jobs, include_in_schema=False)
    async def missing_job_id(request: AnyRequest, owner: FromPath[str], endpoint: FromPath[str]) -> Response[bytes]:
        return await face.missing_id(request, owner, endpoint)

    @post([f"{path}/start" for path in one_job], status_code=204, tags=["Batch execution"], summary="Start a batch job")
    async def start_job(request: AnyRequest, owner: FromPath[str], endpoint: FromPath[str], job: FromPath[str]) -> None:
        await face.start(request, owner, endpoint, job)

    @get(one_job, tags=["Batch execution"], summary="Status and results of a batch job")
    async def job_status(
        request: AnyRequest, owner: FromPath[str], endpoint: FromPath[str], job: FromPath[str]
    ) -> Response[bytes]:
        return await face.status(request, owner, endpoint, job)

    @delete(one_job, status_code=204, tags=["Batch execution"], summary="Cancel a batch job")
    async def cancel_job(
        request: AnyRequest, owner: FromPath[str], endpoint: FromPath[str], job: FromPath[str]
    ) -> None:
        await face.cancel(request, owner, endpoint, job)

    return [submit_job, missing_job_id, start_job, job_status, cancel_job]
