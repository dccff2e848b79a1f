"""Designer pipelines: drafts, published pipelines, pipeline endpoints, runs, data stores, schedules."""

from __future__ import annotations

import contextlib
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from restudio.client.connection import Connection
from restudio.client.pipeline_types import (
    DataFile,
    DataStore,
    Deployed,
    Draft,
    Fired,
    Inference,
    PipelineEndpoint,
    PipelineRun,
    Problem,
    PublishedPipeline,
    Schedule,
)
from restudio.client.types import ENDED, Asset

REQUEST_ID = "x-ms-client-request-id"


def submission(
    *,
    experiment: str | None = None,
    parameters: Mapping[str, object] | None = None,
    data: Mapping[str, str | tuple[str, str]] | None = None,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
    continue_on_failure: bool | None = None,
    parent_run: str | None = None,
    regenerate_outputs: bool = False,
    source: str = "SDK",
) -> dict[str, object]:
    """The body of a submit call. ``data`` maps parameters for data to a data set (its name or id), or to a data store
    and a path in it.

    >>> submission(data={"training": ("lake", "churn/w31")})["DataPathAssignments"]
    {'training': {'DataStoreName': 'lake', 'RelativePath': 'churn/w31'}}
    """
    paths = {
        n: {"DataStoreName": v[0], "RelativePath": v[1]} for n, v in (data or {}).items() if not isinstance(v, str)
    }
    sets = {n: {"SavedDataSetReference": {"Id": v}} for n, v in (data or {}).items() if isinstance(v, str)}
    told = {
        "ExperimentName": experiment,
        "Description": description,
        "Tags": dict(tags or {}) or None,
        "RunSource": source,
        "ParameterAssignments": dict(parameters or {}) or None,
        "DataPathAssignments": paths or None,
        "DataSetDefinitionValueAssignments": sets or None,
        "ContinueOnStepFailure": continue_on_failure,
        "ParentRunId": parent_run,
        "RegenerateOutputs": regenerate_outputs or None,
    }
    return {name: value for name, value in told.items() if value is not None}


class _Noun:
    def __init__(self, connection: Connection, studio: str, pipelines: str) -> None:
        self._connection = connection
        self._studio = studio
        self._base = pipelines

    def _submit(self, path: str, request_id: str | None, asked: Mapping[str, Any]) -> PipelineRun:
        # A request that is sent again after a broken connection is still one run.
        headers = {REQUEST_ID: request_id or str(uuid.uuid4())}
        return self._connection.json("POST", path, PipelineRun, json=submission(**asked), headers=headers)


class Drafts(_Noun):
    """Editable pipelines."""

    def list(self, **tags: str) -> Sequence[Draft]:
        """Newest first; those that have these tags."""
        return self._connection.json("GET", self._path(), list[Draft], params=tags)

    def get(self, draft: str) -> Draft:
        return self._connection.json("GET", self._path(draft), Draft)

    def import_yaml(self, text: str, *, draft: str | None = None) -> Draft:
        """Save a pipeline file as a new draft, or in the place of one."""
        method, path = ("PUT", self._path(draft)) if draft else ("POST", self._path())
        headers = {"Content-Type": "application/yaml"}
        return self._connection.json(method, path, Draft, content=text.encode(), headers=headers)

    def export_yaml(self, draft: str) -> str:
        return self._connection.text(self._path(draft, "yaml"))

    def update(self, draft: str, **changes: object) -> Draft:
        """Change ``name``, ``description``, ``experiment_name``, ``tags``, ``continue_on_failure``."""
        return self._connection.json("PATCH", self._path(draft), Draft, json=changes)

    def delete(self, draft: str) -> None:
        """Remove a draft; runs and what was published stay."""
        self._connection.send("DELETE", self._path(draft))

    def problems(self, draft: str) -> Sequence[Problem]:
        """What keeps the draft from running; empty when nothing does."""
        return self._connection.json("GET", self._path(draft, "problems"), list[Problem])

    def declare(self, draft: str, name: str, type: str, *, default: object = None, description: str = "") -> Draft:
        """Add a parameter that nothing uses yet."""
        body = {"name": name, "type": type, "default": default, "description": description}
        return self._connection.json("POST", self._path(draft, "parameters"), Draft, json=body)

    def attach(self, draft: str, node: str, field: str, parameter: str) -> Draft:
        """Let a parameter, new or known, serve a field of a node."""
        body = {"node": node, "field": field, "parameter": parameter}
        return self._connection.json("POST", self._path(draft, "attach"), Draft, json=body)

    def detach(self, draft: str, node: str, field: str) -> Draft:
        """Give a field its own value again."""
        return self._connection.json("POST", self._path(draft, "detach"), Draft, json={"node": node, "field": field})

    def change_parameter(
        self,
        draft: str,
        parameter: str,
        *,
        name: str | None = None,
        default: object = None,
        description: str | None = None,
    ) -> Draft:
        """Rename a parameter, change its default or its description."""
        body = {"name": name, "default": default, "description": description}
        return self._connection.json("PATCH", self._path(draft, f"parameters/{_quoted(parameter)}"), Draft, json=body)

    def remove_parameter(self, draft: str, parameter: str) -> Draft:
        """Take a parameter away; its fields keep the value."""
        return self._connection.json("DELETE", self._path(draft, f"parameters/{_quoted(parameter)}"), Draft)

    def submit(self, draft: str, *, request_id: str | None = None, **asked: Any) -> PipelineRun:
        """Run a draft; see :func:`submission` for what can be asked."""
        return self._submit(self._path(draft, "submit"), request_id, asked)

    def publish(
        self,
        draft: str,
        *,
        name: str | None = None,
        description: str = "",
        version: str = "",
        defaults: Mapping[str, object] | None = None,
        continue_on_failure: bool | None = None,
    ) -> PublishedPipeline:
        """Freeze a draft under an address of its own."""
        body = {
            "Name": name,
            "Description": description,
            "Version": version,
            "DefaultValues": dict(defaults or {}),
            "ContinueRunOnStepFailure": continue_on_failure,
        }
        return self._connection.json("POST", self._path(draft, "publish"), PublishedPipeline, json=body)

    def update_inference(self, draft: str, *, run: str | None = None) -> Inference:
        """Bring an inference pipeline to what a training run learned, by default the newest that finished."""
        return self._connection.json("POST", self._path(draft, "update-inference"), Inference, json={"run": run})

    def deploy(
        self, draft: str, *, name: str | None = None, service: str | None = None, go_live: bool = True
    ) -> Deployed:
        """Deploy a real-time inference pipeline as a web service, or as the next version of one."""
        body = {"name": name, "service_id": service, "go_live": go_live}
        return self._connection.json("POST", self._path(draft, "deploy"), Deployed, json=body)

    def _path(self, draft: str | None = None, rest: str | None = None) -> str:
        return "/".join(part for part in (f"{self._studio}/pipelines/drafts", draft, rest) if part)


class Published(_Noun):
    """Published pipelines."""

    def list(self, *, active_only: bool = False) -> Sequence[PublishedPipeline]:
        """Newest first."""
        params = {"activeOnly": str(active_only).lower()}
        return self._connection.json("GET", self._path(), list[PublishedPipeline], params=params)

    def get(self, pipeline: str) -> PublishedPipeline:
        return self._connection.json("GET", self._path(pipeline), PublishedPipeline)

    def publish_run(
        self,
        run: str,
        *,
        name: str | None = None,
        description: str = "",
        version: str = "",
        defaults: Mapping[str, object] | None = None,
        continue_on_failure: bool | None = None,
    ) -> PublishedPipeline:
        """Publish what a run did, with its values as defaults."""
        body = {
            "RunId": run,
            "Name": name,
            "Description": description,
            "Version": version,
            "DefaultValues": dict(defaults or {}),
            "ContinueRunOnStepFailure": continue_on_failure,
        }
        return self._connection.json("POST", self._path(), PublishedPipeline, json=body)

    def enable(self, pipeline: str) -> PublishedPipeline:
        return self._connection.json("PATCH", self._path(pipeline), PublishedPipeline, json={"Status": "Active"})

    def disable(self, pipeline: str) -> PublishedPipeline:
        return self._connection.json("PATCH", self._path(pipeline), PublishedPipeline, json={"Status": "Disabled"})

    def submit(self, pipeline: str, *, request_id: str | None = None, **asked: Any) -> PipelineRun:
        """Run a published pipeline; see :func:`submission` for what can be asked."""
        return self._submit(f"{self._base}/PipelineRuns/PipelineSubmit/{pipeline}", request_id, asked)

    def runs(self, pipeline: str) -> Sequence[PipelineRun]:
        """Newest first."""
        return self._connection.json("GET", f"{self._base}/PipelineRuns/Pipeline/{pipeline}", list[PipelineRun])

    def clone(self, pipeline: str, *, name: str | None = None) -> Draft:
        """A new draft with the pipeline's graph."""
        path = f"{self._studio}/pipelines/published/{pipeline}/clone"
        return self._connection.json("POST", path, Draft, json={"name": name})

    def _path(self, pipeline: str | None = None) -> str:
        return f"{self._base}/PublishedPipelines" + (f"/{pipeline}" if pipeline else "")


class PipelineEndpoints(_Noun):
    """Lasting names over versions of published pipelines. An endpoint is named by its id or its name."""

    def list(self, *, active_only: bool = False) -> Sequence[PipelineEndpoint]:
        params = {"activeOnly": str(active_only).lower()}
        return self._connection.json("GET", self._path(), list[PipelineEndpoint], params=params)

    def get(self, endpoint: str) -> PipelineEndpoint:
        return self._connection.json("GET", self._path(endpoint), PipelineEndpoint)

    def create(self, name: str, pipeline: str, *, description: str = "") -> PipelineEndpoint:
        """A new endpoint with the pipeline as version 0."""
        body = {"Name": name, "Description": description, "PipelineId": pipeline}
        return self._connection.json("POST", self._path(), PipelineEndpoint, json=body)

    def add(self, endpoint: str, pipeline: str, *, default: bool = False) -> PipelineEndpoint:
        """Add a pipeline as the next version, and with ``default`` make it the default."""
        body = {"PipelineId": pipeline, "IsDefault": default}
        return self._connection.json("POST", self._path(endpoint, "versions"), PipelineEndpoint, json=body)

    def add_default(self, endpoint: str, pipeline: str) -> PipelineEndpoint:
        """Add a pipeline as the next version and make it the default."""
        return self.add(endpoint, pipeline, default=True)

    def put(self, name: str, pipeline: str) -> PipelineEndpoint:
        """Make a pipeline the default of an endpoint of that name, which is made when it is not there."""
        known = any(endpoint.name == name for endpoint in self.list())
        return self.add(name, pipeline, default=True) if known else self.create(name, pipeline)

    def set_default(self, endpoint: str, version: str) -> PipelineEndpoint:
        return self._change(endpoint, {"DefaultVersion": version})

    def rename(self, endpoint: str, name: str) -> PipelineEndpoint:
        return self._change(endpoint, {"Name": name})

    def describe(self, endpoint: str, description: str) -> PipelineEndpoint:
        return self._change(endpoint, {"Description": description})

    def enable(self, endpoint: str) -> PipelineEndpoint:
        return self._change(endpoint, {"Status": "Active"})

    def disable(self, endpoint: str) -> PipelineEndpoint:
        return self._change(endpoint, {"Status": "Disabled"})

    def versions(self, endpoint: str) -> Sequence[PublishedPipeline]:
        """Newest first."""
        return self._connection.json("GET", self._path(endpoint, "versions"), list[PublishedPipeline])

    def runs(self, endpoint: str) -> Sequence[PipelineRun]:
        """Newest first."""
        return self._connection.json("GET", self._path(endpoint, "runs"), list[PipelineRun])

    def submit(
        self, endpoint: str, *, version: str | None = None, request_id: str | None = None, **asked: Any
    ) -> PipelineRun:
        """Run a version, by default the default one; see :func:`submission` for what can be asked."""
        query = f"?name={_quoted(endpoint)}" + (f"&pipelineVersion={_quoted(version)}" if version else "")
        path = f"{self._base}/PipelineRuns/PipelineEndpointSubmit/Name{query}"
        return self._submit(path, request_id, asked)

    def _change(self, endpoint: str, changes: Mapping[str, str]) -> PipelineEndpoint:
        return self._connection.json("PATCH", self._path(endpoint), PipelineEndpoint, json=changes)

    def _path(self, endpoint: str | None = None, rest: str | None = None) -> str:
        named = _quoted(endpoint) if endpoint else None
        return "/".join(part for part in (f"{self._base}/PipelineEndpoints", named, rest) if part)


class PipelineRuns(_Noun):
    """Runs of pipelines."""

    def list(self, **filters: str | int | None) -> Sequence[PipelineRun]:
        """Newest first; ``experiment``, ``draft``, ``pipeline``, ``endpoint``, ``parent``, ``schedule``, ``limit``."""
        return self._connection.json("GET", self._path(), list[PipelineRun], params=filters)

    def get(self, run: str) -> PipelineRun:
        """A run with its steps."""
        return self._connection.json("GET", self._path(run), PipelineRun)

    def cancel(self, run: str) -> PipelineRun:
        return self._connection.json("POST", self._path(run, "cancel"), PipelineRun)

    def resubmit(self, run: str, *, request_id: str | None = None, **asked: Any) -> PipelineRun:
        """Run again what a run did, with its values where no others are given."""
        return self._submit(self._path(run, "resubmit"), request_id, asked)

    def clone(self, run: str, *, name: str | None = None) -> Draft:
        """A new draft with the graph and the values of a run."""
        return self._connection.json("POST", self._path(run, "clone"), Draft, json={"name": name})

    def wait(
        self,
        run: str,
        on_change: Callable[[PipelineRun], None] | None = None,
        *,
        progress: bool = False,
        timeout: float = 3600.0,
        pause: float = 0.2,
    ) -> PipelineRun:
        """Poll until a run has ended, telling each picture of it; ``progress`` prints one line that follows it.

        ``TimeoutError`` after ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        while True:
            view = self.get(run)
            if on_change is not None:
                on_change(view)
            if progress:
                _print_progress(view)
            if view.status in ENDED:
                return view
            if time.monotonic() > deadline:
                raise TimeoutError(f"pipeline run {run} is still {view.status} after {timeout:.0f} s")
            time.sleep(pause)

    def metrics(self, run: str) -> Mapping[str, Mapping[str, float]]:
        """Numbers of the evaluations of a run, by the step that trained the model."""
        return self._connection.json("GET", self._path(run, "metrics"), dict[str, dict[str, float]])

    def register_model(self, run: str, name: str, *, node: str | None = None) -> Asset:
        """Save the trained model of a run under a name, with its metrics; a known name gets its next version."""
        return self._connection.json(
            "POST", self._path(run, "register-model"), Asset, json={"name": name, "node": node}
        )

    def register_dataset(self, run: str, node: str, port: str, name: str) -> Asset:
        """Save a table that a run gave as a data set; a known name gets its next version."""
        body = {"node": node, "port": port, "name": name}
        return self._connection.json("POST", self._path(run, "register-dataset"), Asset, json=body)

    def create_inference(self, run: str, role: str, *, train: str | None = None) -> Inference:
        """The ``real-time`` or ``batch`` inference pipeline of a finished training run."""
        return self._connection.json(
            "POST", self._path(run, "inference"), Inference, json={"role": role, "train": train}
        )

    def _path(self, run: str | None = None, rest: str | None = None) -> str:
        return "/".join(part for part in (f"{self._studio}/pipelines/runs", run, rest) if part)


class DataStores(_Noun):
    """Registered places of data."""

    def list(self) -> Sequence[DataStore]:
        return self._connection.json("GET", self._path(), list[DataStore])

    def get(self, name: str) -> DataStore:
        return self._connection.json("GET", self._path(name), DataStore)

    def put(self, name: str, kind: str, *, description: str = "", **settings: str) -> DataStore:
        """Register a store, or replace the one of that name. Secrets are kept sealed and not shown again."""
        body = {"kind": kind, "settings": settings, "description": description}
        return self._connection.json("PUT", self._path(name), DataStore, json=body)

    def delete(self, name: str) -> None:
        """Forget a store; its data stays."""
        self._connection.send("DELETE", self._path(name))

    def files(self, name: str, path: str = "") -> Sequence[DataFile]:
        """What a path or pattern means."""
        return self._connection.json("GET", f"{self._path(name)}/files", list[DataFile], params={"path": path})

    def upload(self, name: str, path: str, content: bytes | Path) -> None:
        """Write a file to a path of a store, in the place of what is there."""
        with contextlib.ExitStack() as stack:
            body = content if isinstance(content, bytes) else stack.enter_context(content.open("rb"))
            self._connection.send("PUT", f"{self._path(name)}/files", params={"path": path}, content=body)

    def _path(self, name: str | None = None) -> str:
        return f"{self._studio}/data-stores" + (f"/{_quoted(name)}" if name else "")


class Schedules(_Noun):
    """Pipelines that run by the clock, or when files change."""

    def list(self, *, active_only: bool = False) -> Sequence[Schedule]:
        """Newest first."""
        params = {"activeOnly": str(active_only).lower()}
        return self._connection.json("GET", self._path(), list[Schedule], params=params)

    def get(self, schedule: str) -> Schedule:
        return self._connection.json("GET", self._path(schedule), Schedule)

    def create(
        self,
        name: str,
        *,
        pipeline: str | None = None,
        endpoint: str | None = None,
        recurrence: Mapping[str, object] | None = None,
        watch: Mapping[str, object] | None = None,
        **asked: Any,
    ) -> Schedule:
        """Let a pipeline or an endpoint run by itself.

        ``recurrence``: Frequency (Minute, Hour, Day, Week, Month), Interval, StartTime, TimeZone, Hours, Minutes,
        WeekDays. ``watch``: DataStoreName, RelativePath, PollingInterval in minutes, DataPathParameterName. For the
        rest see :func:`submission`.
        """
        body = {
            **submission(**asked),
            "Name": name,
            "PipelineId": pipeline,
            "PipelineEndpointId": endpoint,
            "Recurrence": recurrence and dict(recurrence),
            "Watch": watch and dict(watch),
        }
        return self._connection.json("POST", self._path(), Schedule, json=body)

    def update(
        self,
        schedule: str,
        *,
        name: str | None = None,
        recurrence: Mapping[str, object] | None = None,
        watch: Mapping[str, object] | None = None,
        **asked: Any,
    ) -> Schedule:
        """Change what is given; see :meth:`create`. What a schedule runs stays."""
        told = {"Name": name, "Recurrence": recurrence and dict(recurrence), "Watch": watch and dict(watch)}
        body = {**submission(**asked), **{member: value for member, value in told.items() if value is not None}}
        return self._connection.json("PATCH", self._path(schedule), Schedule, json=body)

    def enable(self, schedule: str) -> Schedule:
        return self._connection.json("PATCH", self._path(schedule), Schedule, json={"Status": "Active"})

    def disable(self, schedule: str) -> Schedule:
        return self._connection.json("PATCH", self._path(schedule), Schedule, json={"Status": "Disabled"})

    def delete(self, schedule: str) -> None:
        self._connection.send("DELETE", self._path(schedule))

    def fire(self, schedule: str) -> Fired:
        """Let it fire now."""
        return self._connection.json("POST", f"{self._path(schedule)}/fire", Fired)

    def runs(self, schedule: str) -> Sequence[PipelineRun]:
        """Newest first."""
        return self._connection.json("GET", f"{self._path(schedule)}/runs", list[PipelineRun])

    def _path(self, schedule: str | None = None) -> str:
        return f"{self._base}/Schedules" + (f"/{schedule}" if schedule else "")


def pipelines_base(workspace: str) -> str:
    """The resource-manager path of the designer's calls; any subscription and resource group will do."""
    return (
        f"/pipelines/v1.0/subscriptions/{workspace}/resourceGroups/restudio/providers/"
        f"Microsoft.MachineLearningServices/workspaces/{workspace}"
    )


def _print_progress(run: PipelineRun) -> None:
    done = sum(step.status in ENDED for step in run.steps)
    running = ", ".join(step.name for step in run.steps if step.status == "Running")
    line = f"{run.name}: {run.status}, {done} of {len(run.steps)} steps, {run.reused} reused {running}"
    sys.stdout.write(f"\r{line[:110]:110}" + ("\n" if run.status in ENDED else ""))
    sys.stdout.flush()


def _quoted(text: str | None) -> str:
    return quote(text or "", safe="")
