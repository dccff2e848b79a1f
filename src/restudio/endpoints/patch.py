"""What callers ask for when they add or change an endpoint."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from restudio.blobs.reference import BlobReference
from restudio.endpoints.rules import throttled
from restudio.endpoints.types import EndpointSettings, MetricRule, ThrottleLevel, TraceLevel


@dataclass(frozen=True, slots=True)
class ResourceUpdate:
    """A new model for the resource of that name."""

    name: str
    location: BlobReference


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """None leaves a setting as it is; ``metric_rule`` "off" removes the rule."""

    description: str | None = None
    throttle: ThrottleLevel | None = None
    max_calls: int | None = None
    prevent_update: bool | None = None
    trace_level: TraceLevel | None = None
    sample_data: bool | None = None
    metric_rule: MetricRule | Literal["off"] | None = None

    def applied(self, settings: EndpointSettings) -> EndpointSettings:
        """The settings after the change; refuses a throttle out of range."""
        if self.throttle is not None or self.max_calls is not None:
            settings = throttled(settings, self.throttle, self.max_calls)
        plain = {
            "description": self.description,
            "prevent_update": self.prevent_update,
            "trace_level": self.trace_level,
            "sample_data": self.sample_data,
        }
        settings = replace(settings, **{name: value for name, value in plain.items() if value is not None})  # type: ignore[arg-type]  # checked field by field above
        if self.metric_rule is not None:
            settings = replace(settings, metric_rule=None if self.metric_rule == "off" else self.metric_rule)
        return settings


@dataclass(frozen=True, slots=True)
class Patch:
    """A change of an endpoint: models, settings or both, in one step. ``why`` goes to the ledger; under one ``key`` of
    the caller's models change once, however often it is sent."""

    resources: tuple[ResourceUpdate, ...] = ()
    settings: SettingsChange = SettingsChange()
    why: str = ""
    key: str = ""
