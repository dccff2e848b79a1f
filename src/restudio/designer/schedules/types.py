"""Values of schedules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Frequency = Literal["Minute", "Hour", "Day", "Week", "Month"]


@dataclass(frozen=True, slots=True)
class Clockwork:
    """By the clock: every ``interval`` units from ``start`` on (local time in ``zone``, ISO 8601; blank: now), at these
    ``hours``, ``minutes`` and, for weeks, ``week_days`` (English names)."""

    frequency: Frequency
    interval: int = 1
    start: str = ""
    zone: str = "UTC"
    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    week_days: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Watch:
    """By changes: every so many ``minutes`` a look at the files directly in a folder of a data store. Each that is new
    or changed is one run; ``parameter`` names the data path parameter that receives its path."""

    store: str
    path: str = ""
    minutes: int = 5
    parameter: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Exactly one of ``pipeline_id`` and ``endpoint_id`` is set, and exactly one of ``clock`` and ``watch``.

    An endpoint runs the version that is its default then.
    """

    id: str
    workspace_id: str
    name: str
    description: str = ""
    pipeline_id: str | None = None
    endpoint_id: str | None = None
    clock: Clockwork | None = None
    watch: Watch | None = None
    experiment_name: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)
    data_paths: Mapping[str, str] = field(default_factory=dict)
    """Parameters for data: texts of data paths, or ids and names of data sets."""
    continue_on_failure: bool | None = None
    active: bool = True
    created: float = 0.0
    created_by: str = ""
