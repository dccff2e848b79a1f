"""Requests at rest, and the places where outputs go."""

from __future__ import annotations

import json
from urllib.parse import quote

from restudio.blobs.fetch import Fetcher
from restudio.blobs.reference import BlobReference
from restudio.blobs.sas import make_sas
from restudio.blobs.service import BlobService
from restudio.blobs.types import BlobPath
from restudio.scoring.jobs.rules import default_output
from restudio.scoring.jobs.types import Job, JobRequest, OutputPort
from restudio.seams.clock import Clock
from restudio.seams.secrets import Secrets

LEEWAY_S = 900
"""Signatures for outside accounts begin this long ago: clocks differ."""


def seal_request(request: JobRequest, secrets: Secrets) -> str:
    """A request as encrypted text."""
    document = {
        "inputs": {name: reference.to_json() for name, reference in request.inputs.items()},
        "outputs": {name: reference.to_json() for name, reference in request.outputs.items()},
        "parameters": dict(request.parameters),
    }
    return secrets.seal(json.dumps(document))


def open_request(sealed: str, secrets: Secrets) -> JobRequest:
    """The inverse of :func:`seal_request`."""
    document = json.loads(secrets.open(sealed))
    return JobRequest(
        inputs={name: BlobReference.from_json(value, target=name) for name, value in document["inputs"].items()},
        outputs={name: BlobReference.from_json(value, target=name) for name, value in document["outputs"].items()},
        parameters=document["parameters"],
    )


class Destinations:
    """Where the outputs of a job go, and how a caller reads them there."""

    def __init__(self, blobs: BlobService, fetcher: Fetcher, clock: Clock, lifetime_s: float) -> None:
        self._blobs = blobs
        self._fetcher = fetcher
        self._clock = clock
        self._lifetime_s = lifetime_s

    def own_path(self, job: Job, request: JobRequest, port: OutputPort) -> BlobPath | None:
        """The blob of our own service for an output; ``None`` when the caller sends it elsewhere."""
        chosen = request.outputs.get(port.name)
        if chosen is not None:
            return self._fetcher.locate(chosen)
        return default_output(self._blobs.accounts.ensure_default(job.workspace_id), job.id, port)

    def result(self, job: Job, request: JobRequest, port: OutputPort) -> BlobReference:
        """A reference to the output with a read-only signature that is fresh where we can make one."""
        path = self.own_path(job, request, port)
        if path is not None:
            accounts = self._blobs.accounts
            token = accounts.sas(path.account, path.container, path.name, "r", self._lifetime_s)
            return BlobReference(None, f"{accounts.endpoint(path.account)}/", path.relative, token)
        return self._foreign(request.outputs[port.name])

    def _foreign(self, chosen: BlobReference) -> BlobReference:
        address = chosen.address()
        if address.key is None or address.account is None:
            base, slash, relative = _split(address.url)
            return BlobReference(None, base + slash, relative, address.sas or None)
        container, _, blob = (chosen.relative_location or "").lstrip("/").partition("/")
        now = self._clock.now().timestamp()
        token = make_sas(
            address.key,
            address.account,
            container,
            blob,
            permissions="r",
            start=now - LEEWAY_S,
            expiry=now + self._lifetime_s,
        )
        relative = f"{container}/{quote(blob)}"
        return BlobReference(None, address.url.removesuffix(relative), relative, token)


def _split(url: str) -> tuple[str, str, str]:
    """Base, slash and the container with the blob: the first slash after the host divides them."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host}", slash, path
