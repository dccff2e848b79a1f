"""AzureMLBatchExecution: a batch job of a training or scoring web service (Data Factory reference, 3.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from restudio.factory.activity import ActivityContext, Output, Property, activity
from restudio.factory.errors import ActivityFailed
from restudio.factory.files.blob_files import BlobFiles
from restudio.factory.linked_service import reach
from restudio.factory.linked_services.azure_ml import MlService
from restudio.factory.pauses import growing_pauses
from restudio.factory.properties import Json, Properties
from restudio.factory.web_service import Caller, Failed, read_json, said_by
from restudio.seams.engine import Cancelled

TYPE = "AzureMLBatchExecution"
_VERSION = "?api-version=2.0"
_STATES = ("NotStarted", "Running", "Failed", "Cancelled", "Finished")
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 10.0
Side = Literal["webServiceInputs", "webServiceOutputs"]


@activity(
    type=TYPE,
    linked_services=("AzureML",),
    properties=(
        Property(
            "webServiceInputs", "object", help="Input port → `{filePath, linkedServiceName}`; a storage linked service."
        ),
        Property(
            "webServiceInput", "object", help="The file of the only input of a service, whatever the input is called."
        ),
        Property("webServiceOutputs", "object", help="Output port → `{filePath, linkedServiceName}`."),
        Property("webServiceOutput", "object", help="Where the only output of a service goes, whatever it is called."),
        Property("globalParameters", "object", help="Values of web service parameters, by their exact names."),
    ),
)
def azure_ml_batch_execution(p: Properties, ctx: ActivityContext) -> Output:
    """Runs a batch job of a training or scoring web service on files in storage and waits for it. A training service
    writes an `.ilearner`. The job is remembered: after a crash the same job is waited for."""
    service = reach(ctx.linked_service(), ctx.platform, MlService, TYPE)
    failed = Failed(
        "2600",
        "Batch Execution failed. The response from the Machine Learning service at endpoint "
        f"{service.jobs_url} was '{{said}}'.",
    )
    job = BatchJob(Caller(ctx, service.api_key, failed), service.jobs_url)
    status = job.run(lambda: _request_body(p, ctx))
    return {
        "jobId": job.id,
        "statusCode": "Finished",
        "results": _results(status.get("Results")),
        "details": status.get("Details"),
        "effectiveIntegrationRuntime": "Restudio",
    }


def _request_body(p: Properties, ctx: ActivityContext) -> dict[str, Json]:
    body: dict[str, Json] = {"GlobalParameters": dict(p.object("globalParameters"))}
    sides: tuple[tuple[Side, str], ...] = (("webServiceInputs", "Inputs"), ("webServiceOutputs", "Outputs"))
    for name, member in sides:
        if p.get(name):
            files = p.object(name)
            body[member] = {port: _location(files.get(port), ctx, f"{name}.{port}") for port in files}
    for single, member in (("webServiceInput", "Input"), ("webServiceOutput", "Output")):
        if p.get(single):
            body[member] = _location(p[single], ctx, single)
    return body


def _location(given: Json, ctx: ActivityContext, place: str) -> Json:
    """A file as the service is told of it."""
    if not isinstance(given, Mapping):
        raise ActivityFailed.wrong_type(place, "object")
    file = Properties(given)
    path = file.get("filePath")
    if path is None or path == "":
        raise ActivityFailed.missing(f"{place}.filePath")
    if not isinstance(path, str):
        raise ActivityFailed.wrong_type(f"{place}.filePath", "string")
    if file.get("linkedServiceName") is None:
        raise ActivityFailed.missing(f"{place}.linkedServiceName")
    store = reach(ctx.linked_service(file["linkedServiceName"]), ctx.platform, BlobFiles, TYPE)
    reference = store.account.reference(path).to_json()
    return {name: value for name, value in reference.items() if value is not None}


def _results(results: Json) -> dict[str, Json]:
    """Where the outputs are, without the signatures: outputs are kept and shown."""
    if not isinstance(results, Mapping):
        return {}
    return {
        port: {n: v for n, v in place.items() if n in ("BaseLocation", "RelativeLocation")}
        for port, place in results.items()
        if isinstance(place, Mapping)
    }


class BatchJob:
    """One job of a service: submitted once, also over a crash, then waited for."""

    def __init__(self, caller: Caller, jobs_url: str) -> None:
        self._caller = caller
        self._ctx = caller.ctx
        self._url = jobs_url
        self.id = ""

    def run(self, body: Callable[[], Json]) -> Mapping[str, Json]:
        """The status of the finished job. A cancelled activity takes its job along."""
        known = self._ctx.recall("jobId")
        self.id = known if isinstance(known, str) else self._submit(body())
        try:
            if self._ctx.recall("started") is not True:
                self._start(resumed=isinstance(known, str))
            return self._wait()
        except Cancelled:
            self._caller.call_once("DELETE", f"{self._url}/{self.id}{_VERSION}")
            raise

    def _submit(self, body: Json) -> str:
        # Not repeated when unanswered. A job that we lose here was never started: nothing runs twice.
        answer = self._caller.call("POST", self._url + _VERSION, body, repeatable=False)
        job = read_json(answer, self._caller.failed)
        if not isinstance(job, str) or not job:
            raise self._caller.failed(f"an answer that is no job id: {str(job)[:200]}")
        self._ctx.remember(jobId=job)
        return job

    def _start(self, *, resumed: bool) -> None:
        answer = self._caller.call("POST", f"{self._url}/{self.id}/start{_VERSION}", accepted=(400, 409))
        # A second start is refused: then the first one, before a crash or a lost answer, did it.
        if answer.status >= 400 and not resumed and b"CannotStartJob" not in answer.body:
            raise self._caller.failed(said_by(answer))
        self._ctx.remember(jobId=self.id, started=True)

    def _wait(self) -> Mapping[str, Json]:
        pauses = growing_pauses(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
        while True:
            answer = self._caller.call("GET", f"{self._url}/{self.id}{_VERSION}")
            status = read_json(answer, self._caller.failed)
            if not isinstance(status, Mapping):
                raise self._caller.failed(f"an answer that is no status: {str(status)[:200]}")
            state = state_of(status)
            self._ctx.report(f"Batch job {self.id}: {state}")
            if state == "Finished":
                return status
            if state in ("Failed", "Cancelled"):
                raise self._caller.failed(str(status.get("Details") or f"The job {self.id} was {state.lower()}."))
            self._ctx.pause(next(pauses))


def state_of(status: Mapping[str, Json]) -> str:
    """The state in the documented words; some services say it as a number."""
    state = status.get("StatusCode")
    if isinstance(state, int) and 0 <= state < len(_STATES):
        return _STATES[state]
    if isinstance(state, str):
        return "Cancelled" if state == "Canceled" else state
    return "NotStarted"
