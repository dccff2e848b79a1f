"""What the trigger loop starts for schedules: a run of their pipeline or endpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from restudio.core.decoding import from_builtins
from restudio.core.errors import Kind, RestudioError
from restudio.designer import store
from restudio.designer.schedules.rules import rule_of
from restudio.designer.schedules.types import Schedule
from restudio.designer.service import DesignerService
from restudio.designer.stores.service import DataStores
from restudio.designer.types import Submission
from restudio.experiments.service import ExperimentService
from restudio.graph.data_path import DataPath, parse_data_path
from restudio.graph.events import State
from restudio.identity.types import Principal
from restudio.seams.database import Database
from restudio.triggers.rule import Rule
from restudio.triggers.types import Change, Completion, Firing, RunState, Trigger

KIND = "pipeline schedule"
_STATES: Mapping[State, RunState] = {
    "NotStarted": "Running", "Running": "Running", "Finished": "Succeeded", "Failed": "Failed", "Canceled": "Cancelled",
    "Skipped": "Failed",
}  # fmt: skip


class ScheduleTarget:
    """See :class:`restudio.triggers.target.Target`."""

    def __init__(
        self, db: Database, designer: DesignerService, experiments: ExperimentService, stores: DataStores
    ) -> None:
        self._db = db
        self._designer = designer
        self._experiments = experiments
        self._stores = stores

    def read(self, type: str, document: Mapping[str, Any]) -> Rule:
        return rule_of(from_builtins(document, Schedule))

    def start(self, trigger: Trigger, firing: Firing) -> Mapping[str, str]:
        with self._db.read() as conn:
            schedule = store.find_schedule(conn, trigger.ref.name)
        if schedule is None:
            raise RestudioError(
                Kind.NOT_FOUND, "ScheduleNotFound", "The schedule was deleted.", target=trigger.ref.name
            )
        changed = parse_data_path(str((firing.body or {}).get("path", "")))
        asked = submission_of(schedule, changed=changed, request_id=f"schedule/{firing.id}/{firing.attempt}")
        author = Principal("system", schedule.id, f"schedule {schedule.name}", None)
        if schedule.endpoint_id is not None:
            run = self._designer.submit_endpoint(author, schedule.workspace_id, schedule.endpoint_id, asked)
        else:
            run = self._designer.submit_pipeline(author, schedule.workspace_id, schedule.pipeline_id or "", asked)
        return {schedule.name: run.id}

    def states(self, run_ids: Sequence[str]) -> Mapping[str, RunState]:
        return {run_id: _STATES[run.state] for run_id, (run, _) in self._experiments.find_runs(run_ids).items()}

    def cancel(self, run_ids: Sequence[str]) -> None:
        for run_id in self._experiments.find_runs(run_ids):
            self._experiments.cancel(run_id)

    def list_changes(self, trigger: Trigger, folder: str, since: datetime) -> Sequence[Change]:
        watched = parse_data_path(folder)
        assert watched is not None
        inside = f"{watched.path}/" if watched.path else ""
        found = []
        for file in self._stores.files(trigger.ref.owner, watched):
            if "/" not in file.path.removeprefix(inside) and file.modified >= since.timestamp():
                path = DataPath(watched.store, file.path)
                at = datetime.fromtimestamp(file.modified, UTC)
                found.append(Change(f"{file.path}@{file.mark}", at, {"path": path.uri}))
        return found

    def list_completions(
        self, trigger: Trigger, pipelines: Sequence[str], dimension: str, since: datetime
    ) -> Sequence[Completion]:
        return ()


def submission_of(schedule: Schedule, *, changed: DataPath | None = None, request_id: str | None = None) -> Submission:
    """What a firing of a schedule asks for; ``changed`` is the file that let it fire."""
    paths = paths_of(schedule)
    if schedule.watch is not None and schedule.watch.parameter and changed is not None:
        paths[schedule.watch.parameter] = changed
    return Submission(
        experiment_name=schedule.experiment_name,
        description=schedule.description,
        source="Schedule",
        parameters=schedule.parameters,
        data_paths=paths,
        datasets={name: text for name, text in schedule.data_paths.items() if name not in paths},
        continue_on_failure=schedule.continue_on_failure,
        request_id=request_id,
        schedule_id=schedule.id,
    )


def paths_of(schedule: Schedule) -> dict[str, DataPath]:
    """The data paths that a schedule gives to parameters; the rest of its data are data sets."""
    return {name: path for name, text in schedule.data_paths.items() if (path := parse_data_path(text)) is not None}


if TYPE_CHECKING:
    from restudio.triggers.target import Target

    def _fits(target: ScheduleTarget) -> Target:
        return target
