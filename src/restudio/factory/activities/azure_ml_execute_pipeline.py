"""AzureMLExecutePipeline: a run of a published pipeline (Data Factory reference, 3.3)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from restudio.core.errors import Kind, RestudioError
from restudio.designer.service import DesignerService
from restudio.designer.types import PipelineRun, Submission
from restudio.factory.activity import ActivityContext, Output, Property, activity
from restudio.factory.errors import ActivityFailed
from restudio.factory.linked_service import reach
from restudio.factory.linked_services.azure_ml_service import MlWorkspace, invalid_property
from restudio.factory.pauses import growing_pauses
from restudio.factory.properties import Json, Properties
from restudio.graph.data_path import DataPath, make_data_path
from restudio.identity.types import Principal
from restudio.seams.engine import Cancelled

if TYPE_CHECKING:
    from collections.abc import Iterator

TYPE = "AzureMLExecutePipeline"
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.3, 5.0
_STATUS = {
    Kind.BAD_ARGUMENT: 400,
    Kind.INVALID_OPERATION: 400,
    Kind.UNAUTHORIZED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
}
_CODES = {400: "4123", 401: "4121", 403: "4122", 404: "4124", 409: "4123"}


@activity(
    type=TYPE,
    linked_services=("AzureMLService",),
    properties=(
        Property("mlPipelineId", "string", help="Id of a published pipeline; this or `mlPipelineEndpointId`."),
        Property("mlPipelineEndpointId", "string", help="Id or name of a pipeline endpoint."),
        Property("version", "string", help="Version of the endpoint; its default version when absent."),
        Property("experimentName", "string", help="Experiment that groups the runs."),
        Property("mlPipelineParameters", "object", help="Values of pipeline parameters."),
        Property("dataPathAssignments", "object", help="Name → `{DataStoreName, RelativePath}`."),
        Property("mlParentRunId", "string", help="Run that this one belongs to."),
        Property("continueOnStepFailure", "bool", help="Go on with other steps when one fails."),
    ),
)
def azure_ml_execute_pipeline(p: Properties, ctx: ActivityContext) -> Output:
    """Runs a published pipeline of this workspace and waits for it. After a crash the same run is waited for; a
    cancelled activity takes its run along."""
    begun = ctx.platform.clock.monotonic()
    run = _open(ctx)
    ended = run.wait(run.submit(p))
    if ended.run.state != "Finished":
        raise ActivityFailed(
            "4126",
            f"Azure ML pipeline run failed with status: '{ended.run.state}'. Azure ML pipeline run Id: '{ended.id}'. "
            "Please check in Azure Machine Learning for more error logs.",
        )
    return {
        "runId": ended.id,
        "experimentName": ended.record.experiment_name,
        "status": ended.run.state,
        "executionDuration": round(ctx.platform.clock.monotonic() - begun),
        "effectiveIntegrationRuntime": "Restudio",
    }


def _open(ctx: ActivityContext) -> _Run:
    """A run in the factory's own workspace, which the linked service must name."""
    if ctx.document.get("linkedServiceName") is None:
        raise ActivityFailed("4110", f"{TYPE} activity missing LinkedService definition in JSON.")
    service = ctx.linked_service()
    if service.type.casefold() != "azuremlservice":
        raise ActivityFailed(
            "4111",
            f"{TYPE} activity has wrong LinkedService type in JSON. Expected LinkedService type: 'AzureMLService', "
            f"current LinkedService type: '{service.type}'.",
        )
    workspace = reach(service, ctx.platform, MlWorkspace, TYPE)
    if ctx.workspace_id not in (workspace.subscription_id.replace("-", "").casefold(), workspace.name.casefold()):
        raise invalid_property(
            "subscriptionId", "It must be the subscription of the workspace that the factory belongs to."
        )
    designer, identity, given = ctx.platform.designer, ctx.platform.identity, workspace.principal
    if designer is None or identity is None:
        raise ActivityFailed("2110", f"{TYPE} activities need a server with the designer.")
    if given is None:
        return _Run(ctx, designer, Principal("system", "data-factory", f"pipeline {ctx.pipeline}", None))
    with told_by_code("authenticate"):
        return _Run(ctx, designer, identity.authenticate_client(given.tenant, given.client_id, given.client_secret))


class _Run:
    def __init__(self, ctx: ActivityContext, designer: DesignerService, principal: Principal) -> None:
        self._ctx = ctx
        self._designer = designer
        self._workspace = ctx.workspace_id
        self._principal = principal

    def submit(self, p: Properties) -> PipelineRun:
        """The id of the attempt makes submitting again, after a crash, the same run."""
        pipeline, endpoint = self._text(p, "mlPipelineId"), self._text(p, "mlPipelineEndpointId")
        if bool(pipeline) == bool(endpoint):
            raise self._invalid("mlPipelineEndpointId" if pipeline else "mlPipelineId")
        submission = Submission(
            experiment_name=self._text(p, "experimentName") or "",
            source="DataFactory",
            parameters=self._object(p, "mlPipelineParameters"),
            data_paths=self._data_paths(p),
            continue_on_failure=p.get("continueOnStepFailure"),
            parent_run_id=self._text(p, "mlParentRunId"),
            request_id=self._ctx.activity_run_id,
        )
        with told_by_code("submit pipeline run"):
            if pipeline:
                return self._designer.submit_pipeline(self._principal, self._workspace, pipeline, submission)
            version = self._text(p, "version")
            return self._designer.submit_endpoint(
                self._principal, self._workspace, endpoint or "", submission, version=version
            )

    def wait(self, run: PipelineRun) -> PipelineRun:
        pauses = growing_pauses(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
        try:
            while True:
                with told_by_code("get pipeline run"):
                    run = self._designer.get_run(self._workspace, run.id)
                if run.run.ended is not None:
                    return run
                self._ctx.report(f"Pipeline run {run.id}: {run.run.state}")
                self._ctx.pause(next(pauses))
        except Cancelled:
            self._designer.cancel(self._principal, self._workspace, run.id)
            raise

    def _data_paths(self, p: Properties) -> dict[str, DataPath]:
        found = {}
        for name, each in self._object(p, "dataPathAssignments").items():
            place = Properties(each if isinstance(each, Mapping) else {})
            store, path = place.get("DataStoreName"), place.get("RelativePath")
            if not isinstance(store, str) or not isinstance(path, str):
                raise self._invalid("dataPathAssignments")
            with told_by_code("submit pipeline run"):
                found[name] = make_data_path(store, path)
        return found

    def _text(self, p: Properties, name: str) -> str | None:
        value = p.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise self._invalid(name)
        return value

    def _object(self, p: Properties, name: str) -> Mapping[str, Json]:
        value = p.get(name)
        if value is not None and not isinstance(value, Mapping):
            raise self._invalid(name)
        return value or {}

    def _invalid(self, name: str) -> ActivityFailed:
        message = f"{TYPE} activity '{self._ctx.activity}' has invalid value for property '{name}'."
        return ActivityFailed("4101", message)


@contextmanager
def told_by_code(operation: str) -> Iterator[None]:
    """Refusals of the designer by the documented codes."""
    try:
        yield
    except RestudioError as error:
        status = _STATUS.get(error.kind, 500)
        raise ActivityFailed(
            _CODES.get(status, "4125"),
            f"Request sent to Azure Machine Learning for operation '{operation}' failed with http status code "
            f"'{status}'. Error message from Azure Machine Learning: '{error.message}'.",
            failure_type="UserError" if status < 500 else "SystemError",
        ) from error
