"""What makes the slices of datasets of version 1: activities, and the looks for external data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

import sqlalchemy as sa

from restudio.core.errors import Kind, RestudioError
from restudio.factory import store as resource_store
from restudio.factory.pipeline_target import KIND, SLICES
from restudio.factory.properties import Properties
from restudio.factory.runs import store as run_store
from restudio.factory.runs.state import RunState, fold
from restudio.factory.trigger import Triggers, parse_trigger
from restudio.factory.types import Factory, StoredResource
from restudio.factory.v1.activities import validation_name
from restudio.factory.v1.states import RESET, SKIPPED, counts, error_of, percent_of, state_of
from restudio.factory.v1.types import Slice
from restudio.triggers import store
from restudio.triggers.types import Firing, FiringState, Trigger
from restudio.triggers.windows import Window, Windows


@dataclass(frozen=True, slots=True)
class Producer:
    """An activity with its pipeline; both are "" for the look for external data."""

    name: str
    pipeline: str
    activity: str
    outputs: tuple[str, ...]
    rule: Windows
    trigger: Trigger

    def makes(self, dataset: str) -> bool:
        return any(each.casefold() == dataset.casefold() for each in self.outputs)

    def is_of(self, pipeline: str) -> bool:
        """Whether it is an activity of a pipeline."""
        return bool(self.activity) and self.pipeline.casefold() == pipeline.casefold()

    def firings(self, conn: sa.Connection, windows: Sequence[Window]) -> dict[int, Firing]:
        """What has become of slices so far, by their numbers."""
        if not windows:
            return {}
        numbers = [each.number for each in windows]
        return store.list_windows(conn, self.trigger.id, min(numbers), max(numbers))


def read_producers(conn: sa.Connection, factory: Factory, catalog: Triggers) -> list[Producer]:
    """Those of all datasets of a factory."""
    resources = {
        each.name.casefold(): each
        for each in resource_store.list_resources(conn, factory.id, "trigger")
        if str(Properties(each.properties).get("type", "")).casefold() == SLICES.casefold()
    }
    return [
        _read(resources[each.ref.name.casefold()], catalog, each)
        for each in store.list_owned(conn, KIND, factory.id)
        if each.ref.name.casefold() in resources
    ]


def run_state(conn: sa.Connection, run_id: str) -> RunState:
    """What a run that works on a slice is at."""
    return fold(event for _, event in run_store.list_events(conn, run_id))


def iter_slices(
    conn: sa.Connection, producer: Producer, dataset: str, windows: Iterable[Window], now: datetime, most: int
) -> Iterator[Slice]:
    """The slices of a dataset with their states, in the order of ``windows``, and no more than ``most``."""
    chosen = list(islice(windows, most))
    firings = producer.firings(conn, chosen)
    name = next((each for each in producer.outputs if each.casefold() == dataset.casefold()), dataset)
    for window in chosen:
        yield _slice(conn, producer, name, window, firings.get(window.number), now)


def no_slice(dataset: str, start: datetime, producers: Sequence[Producer]) -> RestudioError:
    """NotFound ``SliceNotFound``: no slice of a dataset begins at an instant."""
    shown = start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if not producers:
        why = "no active pipeline makes or needs it"
    else:
        near = next(filter(None, (one.rule.at(start) for one in producers)), None)
        first = producers[0].rule.window(producers[0].rule.first)
        if near:
            why = f"the one that holds this instant begins at {near.start.isoformat()}"
        else:
            why = "it has none" if first is None else f"the first one begins at {first.start.isoformat()}"
    message = f"No slice of dataset '{dataset[:260]}' begins at {shown}: {why}."
    return RestudioError(Kind.NOT_FOUND, "SliceNotFound", message, target=dataset[:260])


def _slice(
    conn: sa.Connection, producer: Producer, dataset: str, window: Window, firing: Firing | None, now: datetime
) -> Slice:
    run_id = "" if firing is None else next(iter(firing.runs.values()), "")
    telling = firing is not None and firing.state in (FiringState.RUNNING, FiringState.FAILED)
    run = run_state(conn, run_id) if telling and run_id else None
    validations = [validation_name(each) for each in producer.outputs]
    paused, external = not producer.trigger.started, not producer.activity
    state, substate = state_of(
        firing, producer.rule, window, now, run, paused=paused, external=external, validations=validations
    )
    retries, rounds = counts(firing, producer.rule)
    return Slice(
        dataset=dataset,
        pipeline=producer.pipeline,
        activity=producer.activity,
        start=window.start,
        end=window.end,
        state=state,
        substate=substate,
        retries=retries,
        long_retries=rounds,
        attempts=0 if firing is None else firing.attempt + bool(firing.runs),
        percent=100 if state == "Ready" else 0 if run is None else percent_of(run),
        message=_message(firing, run),
        run_id=run_id,
    )


def _message(firing: Firing | None, run: RunState | None) -> str:
    if firing is None or firing.message in (SKIPPED, RESET):
        return ""
    told = error_of(run) if firing.state is FiringState.FAILED and run is not None else ""
    return told or firing.message  # runs are forgotten after some time, slices are not


def _read(resource: StoredResource, catalog: Triggers, trigger: Trigger) -> Producer:
    written = Properties(resource.properties).object("typeProperties")
    of = written.object("of")
    rule = parse_trigger(resource.name, resource.properties, catalog).rule
    assert isinstance(rule, Windows)
    return Producer(
        name=resource.name,
        pipeline=str(of.get("pipeline") or ""),
        activity=str(of.get("activity") or ""),
        outputs=tuple(str(each) for each in of.list("outputs")),
        rule=rule,
        trigger=trigger,
    )
