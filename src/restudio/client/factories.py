"""A data factory: documents over the studio API, runs over the management API that everybody speaks."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from restudio.client.connection import Connection
from restudio.core.decoding import from_builtins

ENDED = frozenset({"Succeeded", "Failed", "Cancelled"})
API_VERSION = "2018-06-01"
_EVER = {"lastUpdatedAfter": "1970-01-01T00:00:00Z", "lastUpdatedBefore": "9999-01-01T00:00:00Z"}


class Document(msgspec.Struct, frozen=True):
    """A resource of a factory. ``where`` is the file that it came from, ``version`` that of Data Factory."""

    kind: str
    name: str
    properties: dict[str, Any]
    where: str = ""
    revision: int | None = None
    version: int = 2


class Problem(msgspec.Struct, frozen=True):
    """Something wrong in a document: file, JSON path, code, and what to do."""

    where: str
    path: str
    code: str
    message: str


class InvokedBy(msgspec.Struct, frozen=True, rename="camel"):
    name: str = ""
    invoked_by_type: str = ""
    pipeline_run_id: str | None = None


class PipelineRun(msgspec.Struct, frozen=True, rename="camel"):
    """Times are ISO 8601 texts."""

    run_id: str
    run_group_id: str
    pipeline_name: str
    status: str
    run_start: str
    run_end: str | None = None
    duration_in_ms: int | None = None
    message: str = ""
    parameters: dict[str, str] = {}
    invoked_by: InvokedBy = InvokedBy()
    is_latest: bool = True
    pipeline_return_value: dict[str, Any] | None = None


class ActivityDetails(msgspec.Struct, frozen=True, rename="camel"):
    """``path`` tells where the activity stands: ``PerSite:17/Train``."""

    path: str = ""
    progress: str = ""
    child_pipeline_run_id: str | None = None


class ActivityRun(msgspec.Struct, frozen=True, rename="camel"):
    """One attempt of an activity."""

    activity_run_id: str
    activity_name: str
    activity_type: str
    status: str
    activity_run_start: str
    activity_run_end: str | None = None
    duration_in_ms: int | None = None
    input: Any = None
    output: Any = None
    error: dict[str, Any] = {}
    retry_attempt: int | None = None
    execution_details: ActivityDetails = ActivityDetails()


class Secret(msgspec.Struct, frozen=True):
    """A secret of the vault, without its value."""

    name: str
    version: str
    changed: float


class Trigger(msgspec.Struct, frozen=True):
    """``state`` is ``Started`` or ``Stopped``."""

    name: str
    type: str
    state: str


class TriggerRun(msgspec.Struct, frozen=True, rename="camel"):
    """One time that a trigger fired; ``properties`` tell the instants and the precise state."""

    trigger_run_id: str
    trigger_name: str
    trigger_type: str
    status: str
    message: str = ""
    properties: dict[str, str] = {}
    triggered_pipelines: dict[str, str] = {}


class Slice(msgspec.Struct, frozen=True, rename="camel"):
    """A slice that an activity of version 1 makes; ``start`` and ``end`` are ISO 8601 texts."""

    dataset: str
    pipeline: str
    activity: str
    start: str
    end: str
    state: str
    substate: str = ""
    retries: int = 0
    long_retries: int = 0
    message: str = ""
    run_id: str = ""


class Factory:
    """One factory of a workspace."""

    def __init__(self, connection: Connection, workspace: str, resource_group: str, name: str) -> None:
        self.name = name
        self._connection = connection
        self._studio = f"/studio/api/workspaces/{workspace}/factories/{quote(resource_group)}/{quote(name)}"
        self._secrets = f"/studio/api/workspaces/{workspace}/secrets"
        group = f"/subscriptions/{uuid.UUID(workspace)}/resourceGroups/{quote(resource_group)}"
        self._root = f"{group}/providers/Microsoft.DataFactory/factories/{quote(name)}"

    # Documents

    def publish(self, documents: Sequence[Document]) -> Sequence[Document]:
        """Publish documents together: all, or none when one has a problem."""
        body = {"documents": [msgspec.to_builtins(each) for each in documents]}
        return self._connection.json("POST", f"{self._studio}/publish", list[Document], json=body)

    def check(self, documents: Sequence[Document]) -> Sequence[Problem]:
        """What is wrong with documents, seen beside what the factory holds."""
        body = {"documents": [msgspec.to_builtins(each) for each in documents]}
        return self._connection.json("POST", f"{self._studio}/check", list[Problem], json=body)

    def export(self) -> Sequence[Document]:
        """Everything that the factory holds; secrets are masked."""
        return self._connection.json("GET", f"{self._studio}/documents", list[Document])

    def delete(self, collection: str, name: str) -> None:
        """Delete a resource: ``pipelines``, ``datasets``, ``linkedservices`` or ``triggers``."""
        self._connection.send("DELETE", f"{self._root}/{collection}/{quote(name)}", params=self._version())

    # Runs

    def run(
        self,
        pipeline: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        reference_run: str | None = None,
        recovery: bool = False,
        start_activity: str | None = None,
        from_failure: bool = False,
    ) -> str:
        """Start a run, and give its id."""
        how: dict[str, str | None] = {
            "referencePipelineRunId": reference_run,
            "isRecovery": "true" if recovery else None,
            "startActivityName": start_activity,
            "startFromFailure": "true" if from_failure else None,
        }
        path = f"{self._root}/pipelines/{quote(pipeline)}/createRun"
        answer = self._connection.json(
            "POST", path, dict[str, str], json=dict(parameters or {}), params=self._version(**how)
        )
        return answer["runId"]

    def get_run(self, run: str) -> PipelineRun:
        return self._connection.json(
            "GET", f"{self._root}/pipelineruns/{quote(run)}", PipelineRun, params=self._version()
        )

    def list_runs(self, pipeline: str | None = None, *, limit: int = 100) -> Sequence[PipelineRun]:
        """Newest first."""
        filters = [{"operand": "PipelineName", "operator": "Equals", "values": [pipeline]}] if pipeline else []
        order = [{"orderBy": "RunStart", "order": "DESC"}]
        body = {**_EVER, "filters": filters, "orderBy": order}
        return self._all(f"{self._root}/queryPipelineRuns", body, PipelineRun, limit)

    def activity_runs(self, run: str) -> Sequence[ActivityRun]:
        """Every attempt of a run, in the order in which they began."""
        path = f"{self._root}/pipelineruns/{quote(run)}/queryActivityruns"
        return self._all(path, dict(_EVER), ActivityRun, None)

    def wait(
        self, run: str, on_change: Callable[[PipelineRun], None] = lambda run: None, *, every: float = 0.5
    ) -> PipelineRun:
        """Follow a run to its end."""
        while True:
            found = self.get_run(run)
            on_change(found)
            if found.status in ENDED:
                return found
            time.sleep(every)

    def cancel(self, run: str, *, recursive: bool = True) -> None:
        """Ask for the end of a run, and of the runs that it started."""
        params = self._version(isRecursive="true" if recursive else None)
        self._connection.send("POST", f"{self._root}/pipelineruns/{quote(run)}/cancel", params=params)

    # Triggers

    def list_triggers(self) -> Sequence[Trigger]:
        answer = self._connection.json("GET", f"{self._root}/triggers", dict[str, Any], params=self._version())
        written = [(each["name"], each["properties"]) for each in answer["value"]]
        return [Trigger(name, told["type"], told["runtimeState"]) for name, told in written]

    def start_trigger(self, name: str) -> None:
        self._connection.send("POST", f"{self._root}/triggers/{quote(name)}/start", params=self._version())

    def stop_trigger(self, name: str) -> None:
        self._connection.send("POST", f"{self._root}/triggers/{quote(name)}/stop", params=self._version())

    def fire_trigger(self, name: str, at: str | None = None, body: Mapping[str, Any] | None = None) -> TriggerRun:
        """Fire once by hand, for an instant, or as if an event had come."""
        path = f"{self._root}/triggers/{quote(name)}/fire"
        given = {"time": at, "body": body}
        return self._connection.json("POST", path, TriggerRun, json=given, params=self._version())

    def list_trigger_runs(self, name: str | None = None, *, limit: int = 100) -> Sequence[TriggerRun]:
        """Newest first."""
        filters = [{"operand": "TriggerName", "operator": "Equals", "values": [name]}] if name else []
        return self._all(f"{self._root}/queryTriggerRuns", {**_EVER, "filters": filters}, TriggerRun, limit)

    def rerun_trigger(self, name: str, run: str) -> None:
        self._connection.send("POST", f"{self._trigger_run(name, run)}/rerun", params=self._version())

    def cancel_trigger(self, name: str, run: str) -> None:
        self._connection.send("POST", f"{self._trigger_run(name, run)}/cancel", params=self._version())

    def _trigger_run(self, name: str, run: str) -> str:
        return f"{self._root}/triggers/{quote(name)}/triggerRuns/{quote(run)}"

    # Slices of version 1

    def list_slices(self, pipeline: str, begin: str | None = None, end: str | None = None) -> Sequence[Slice]:
        """What the activities of a pipeline make, the oldest first, as far as it has a part in [begin, end)."""
        found: list[Slice] = []
        start = begin
        while True:
            params = {"start": start, "end": end}
            answer = self._connection.json("GET", f"{self._first(pipeline)}/slices", dict[str, Any], params=params)
            found += from_builtins(answer["value"], list[Slice])
            if answer["rest"] is None:
                return found
            start = answer["rest"]

    def set_slices(
        self, pipeline: str, activity: str, start: str, state: str, *, end: str | None = None, upstream: bool = False
    ) -> int:
        """Set the slice that begins at ``start``, or those until ``end``, to ``Waiting`` (run again), ``Ready`` or
        ``Skipped``; with ``upstream`` also those that they need. Gives their number."""
        body = {"activity": activity, "start": start, "end": end, "state": state, "upstream": upstream}
        answer = self._connection.json("POST", f"{self._first(pipeline)}/slices", dict[str, int], json=body)
        return answer["count"]

    def resume_pipeline(self, pipeline: str) -> None:
        """Work on the slices of a pipeline of version 1."""
        self._connection.send("POST", f"{self._first(pipeline)}/resume")

    def suspend_pipeline(self, pipeline: str) -> None:
        """Start no further slices of a pipeline of version 1."""
        self._connection.send("POST", f"{self._first(pipeline)}/suspend")

    def _first(self, pipeline: str) -> str:
        return f"{self._studio}/v1/pipelines/{quote(pipeline)}"

    # Secrets

    def set_secret(self, name: str, value: str) -> Secret:
        """Keep a new version of a secret in the workspace's vault."""
        return self._connection.json("PUT", f"{self._secrets}/{quote(name)}", Secret, json={"value": value})

    def list_secrets(self) -> Sequence[Secret]:
        return self._connection.json("GET", self._secrets, list[Secret])

    def delete_secret(self, name: str) -> None:
        self._connection.send("DELETE", f"{self._secrets}/{quote(name)}")

    def _version(self, **params: str | None) -> dict[str, str | None]:
        return {"api-version": API_VERSION, **params}

    def _all(self, path: str, body: dict[str, Any], kind: type[Any], limit: int | None) -> list[Any]:
        found: list[Any] = []
        while True:
            answer = self._connection.json("POST", path, dict[str, Any], json=body, params=self._version())
            found += from_builtins(answer["value"], list[kind])  # type: ignore[valid-type]  # a type known when it runs
            token = answer.get("continuationToken")
            if token is None or (limit is not None and len(found) >= limit):
                return found[:limit]
            body = {**body, "continuationToken": token}
