"""How the designer's calls show pipelines, endpoints and runs (designer reference, section 5)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from restudio.core.ids import digest_bytes
from restudio.designer.drafts import uses
from restudio.designer.rules import history_status
from restudio.designer.types import PipelineEndpoint, PipelineRun, PublishedPipeline, Step
from restudio.graph.ports import is_service_port
from restudio.graph.stored import dump_graph

RESOURCE_GROUP = "restudio"
SWAGGER = "/pipelines/swagger/pipelineendpointsubmit/swagger.json"


def when(seconds: float | None) -> str | None:
    """A time as these services write it."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Shapes:
    """``url`` is the public base of the server."""

    url: str

    def scope(self, workspace_id: str) -> str:
        """The resource-manager path of a workspace."""
        return (
            f"subscriptions/{uuid.UUID(workspace_id)}/resourceGroups/{RESOURCE_GROUP}/providers/"
            f"Microsoft.MachineLearningServices/workspaces/{workspace_id}"
        )

    def base(self, workspace_id: str) -> str:
        return f"{self.url}/pipelines/v1.0/{self.scope(workspace_id)}"

    def pipeline(self, found: PublishedPipeline, last: PipelineRun | None = None) -> dict[str, object]:
        return {
            "Id": found.id,
            "Name": found.name,
            "Description": found.description,
            "Version": found.version,
            "GraphId": digest_bytes(dump_graph(found.graph).encode()),
            "Status": status_word(found.active),
            "TotalRunSteps": sum(not is_service_port(node) for node in found.graph.nodes),
            "ContinueRunOnStepFailure": found.continue_on_failure,
            "RestEndpoint": f"{self.base(found.workspace_id)}/PipelineRuns/PipelineSubmit/{found.id}",
            "PublishedDate": when(found.created),
            "PublishedBy": found.created_by,
            "LastRunTime": when(last.run.created) if last else None,
            "LastRunStatus": last.run.state if last else None,
            "Parameters": [
                {"Name": p.name, "Type": p.kind, "DefaultValue": p.default, "Required": p.required,
                 "Description": p.description} for p in uses(found.graph)
            ],
        }  # fmt: skip

    def endpoint(self, found: PipelineEndpoint) -> dict[str, object]:
        return {
            "Id": found.id,
            "Name": found.name,
            "Description": found.description,
            "Status": status_word(found.active),
            "DefaultVersion": str(found.default_version),
            "DefaultPipelineId": found.default_pipeline,
            "PipelineVersionList": [{"Version": str(v.number), "PipelineId": v.pipeline_id} for v in found.versions],
            "RestEndpoint": f"{self.base(found.workspace_id)}/PipelineRuns/PipelineEndpointSubmit/Id/{found.id}",
            "SwaggerUrl": f"{self.url}{SWAGGER}",
            "CreatedDate": when(found.created),
            "CreatedBy": found.created_by,
        }

    def run(self, found: PipelineRun) -> dict[str, object]:
        record, run = found.record, found.run
        return {
            "Id": run.id,
            "Status": run.state,
            "RunHistoryExperimentName": record.experiment_name,
            "GraphId": record.graph_id,
            "Name": run.title,
            "Description": record.description,
            "Tags": record.tags,
            "RunSource": record.source,
            "ParentRunId": record.parent_run_id,
            "PipelineId": record.pipeline_id,
            "PipelineEndpointId": record.endpoint_id,
            "PipelineVersion": None if record.endpoint_version is None else str(record.endpoint_version),
            "DraftId": record.draft_id,
            "ScheduleId": record.schedule_id,
            "ContinueOnStepFailure": record.continue_on_failure,
            "ParameterAssignments": record.parameters,
            "CreatedDate": when(run.created),
            "CreatedBy": record.author,
            "StartTime": when(run.started),
            "EndTime": when(run.ended),
            "ErrorMessage": run.failure.message if run.failure else None,
            "Uri": f"{self.base(record.workspace_id)}/PipelineRuns/{run.id}",
        }

    def run_entity(self, found: PipelineRun) -> dict[str, object]:
        """A run as the original's Python client reads it: with an object for its status, and texts for all values."""
        shown = self.run(found)
        status = {"StatusCode": shown["Status"], "CreationTime": shown["CreatedDate"], "EndTime": shown["EndTime"]}
        texts = {name: str(value) for name, value in found.record.parameters.items()}
        return {**shown, "Status": status, "ParameterAssignments": texts}

    def history(self, found: PipelineRun) -> dict[str, object]:
        record, run = found.record, found.run
        error = None
        if run.failure is not None:
            error = {"error": {"code": run.failure.code, "message": run.failure.message}}
        return {
            "runId": run.id,
            "rootRunId": record.parent_run_id or run.id,
            "runNumber": int(run.created),
            "experimentName": record.experiment_name,
            "displayName": run.title,
            "status": history_status(run.state, cancelling=found.cancelling),
            "createdTimeUtc": when(run.created),
            "startTimeUtc": when(run.started),
            "endTimeUtc": when(run.ended),
            "description": record.description,
            "parentRunId": record.parent_run_id,
            "runType": "azureml.PipelineRun",
            "error": error,
            "tags": record.tags,
            "properties": self.properties(found),
            "parameters": record.parameters,
            "logFiles": {},
        }

    @staticmethod
    def history_step(found: PipelineRun, step: Step) -> dict[str, object]:
        """A step as a run below its pipeline's run."""
        view = step.view
        error = None
        if view.failure is not None:
            error = {"error": {"code": view.failure.code, "message": view.failure.message}}
        return {
            "runId": f"{found.id}.{step.node}",
            "rootRunId": found.id,
            "parentRunId": found.id,
            "runNumber": int(found.run.created),
            "name": step.title,
            "displayName": step.title,
            "status": history_status(view.state),
            "startTimeUtc": when(view.started),
            "endTimeUtc": when(view.ended),
            "runType": "azureml.StepRun",
            "error": error,
            "tags": {"azureml.pipeline": found.id, "azureml.nodeid": step.node},
            "properties": {"azureml.moduleid": step.module, "azureml.isreused": str(view.cached)},
            "logFiles": {},
        }

    @staticmethod
    def properties(found: PipelineRun) -> Mapping[str, str]:
        record = found.record
        told = {
            "azureml.runsource": "azureml.PipelineRun",
            "runSource": record.source,
            "azureml.pipelineid": record.pipeline_id,
            "azureml.pipelineendpointid": record.endpoint_id,
            "azureml.pipelineversion": record.endpoint_version,
            "azureml.pipelinedraftid": record.draft_id,
            "azureml.scheduleid": record.schedule_id,
            "continue_on_step_failure": record.continue_on_failure,
        }
        return {name: str(value) for name, value in told.items() if value is not None}


def step(run_id: str, found: Step) -> dict[str, object]:
    """One step of a run."""
    view = found.view
    return {
        "Id": found.node,
        "Name": found.title,
        "Module": found.module,
        "RunId": run_id,
        "Status": view.state,
        "IsReused": view.cached,
        "Progress": view.fraction,
        "StartTime": when(view.started),
        "EndTime": when(view.ended),
        "Outputs": sorted(view.outputs),
        "ErrorMessage": view.failure.message if view.failure else None,
        "Log": list(view.log),
    }


def status_word(active: bool) -> str:
    """How these services say whether something may run."""
    return "Active" if active else "Disabled"
