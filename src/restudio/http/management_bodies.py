"""Request bodies of the management API, read leniently: classic clients send strings for booleans and numbers.

Member names are taken in any case, unknown members are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeVar, cast, get_args

from restudio.blobs.reference import BlobReference
from restudio.core.errors import Kind, RestudioError
from restudio.endpoints.patch import Patch, ResourceUpdate, SettingsChange
from restudio.endpoints.types import MetricRule, ThrottleLevel, TraceLevel

T = TypeVar("T")
Members = Mapping[str, object]


def folded(members: Members) -> Members:
    """Members by name in lower case."""
    return {name.casefold(): value for name, value in members.items()}


def read_settings(members: Members) -> SettingsChange:
    """The settings of an AddEndpoint or PATCH body; ``members`` by folded name."""
    return SettingsChange(
        description=read_text(members, "Description"),
        throttle=_choice(members, "ThrottleLevel", cast("Sequence[ThrottleLevel]", get_args(ThrottleLevel))),
        max_calls=_number(members, "MaxConcurrentCalls"),
        prevent_update=read_flag(members, "PreventUpdate"),
        trace_level=_choice(members, "DiagnosticsTraceLevel", cast("Sequence[TraceLevel]", get_args(TraceLevel))),
        sample_data=read_flag(members, "SampleDataEnabled"),
        metric_rule=_metric_rule(members),
    )


def read_patch(members: Members) -> Patch:
    """A PATCH body; one that changes nothing is refused, because its caller meant something."""
    settings = read_settings(members)
    resources: tuple[ResourceUpdate, ...] = ()
    if "resources" in members:
        resources = _resources(members["resources"])
    elif settings == SettingsChange():
        raise invalid(
            "The body changes nothing: it needs Resources, a list of {Name, Location}, or one of Description, "
            "ThrottleLevel, MaxConcurrentCalls, PreventUpdate, DiagnosticsTraceLevel, SampleDataEnabled, "
            "NotWorseThanLive.",
            "Resources",
        )
    return Patch(resources, settings, read_text(members, "Reason") or "")


def _resources(value: object) -> tuple[ResourceUpdate, ...]:
    if not isinstance(value, list) or not value:
        raise invalid("Resources must be a list with at least one {Name, Location}.", "Resources")
    updates: list[ResourceUpdate] = []
    for number, item in enumerate(value):
        place = f"Resources[{number}]"
        if not isinstance(item, Mapping):
            raise invalid(f"{place} must be an object {{Name, Location}}.", place)
        members = folded(item)
        name, location = members.get("name"), members.get("location")
        if not isinstance(name, str) or not name:
            raise invalid(f"{place}.Name must be the name of an updatable resource.", f"{place}.Name")
        if not isinstance(location, (Mapping, str)) or not location:
            raise invalid(
                f"{place}.Location must be {{BaseLocation, RelativeLocation, SasBlobToken}}, as the training job's "
                "result has it.",
                f"{place}.Location",
            )
        if any(update.name == name for update in updates):
            raise invalid(f"Resources names '{name}' twice.", place)
        updates.append(ResourceUpdate(name, BlobReference.from_json(location, target=f"{place}.Location")))
    return tuple(updates)


def read_text(members: Members, name: str) -> str | None:
    value = members.get(name.casefold())
    if value is None or isinstance(value, str):
        return value
    raise invalid(f"{name} must be a text, got {value!r}.", name)


def read_flag(members: Members, name: str) -> bool | None:
    """A boolean, or the strings "True" and "False" in any case."""
    value = members.get(name.casefold())
    if value is None or isinstance(value, bool):
        return value
    known = {"true": True, "false": False}
    if isinstance(value, str) and value.strip().casefold() in known:
        return known[value.strip().casefold()]
    raise invalid(f'{name} must be "True" or "False", got {value!r}.', name)


def _number(members: Members, name: str) -> int | None:
    value = members.get(name.casefold())
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 10:
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise invalid(f"{name} must be a whole number, got {value!r}.", name)


def _choice(members: Members, name: str, choices: Sequence[T]) -> T | None:
    value = members.get(name.casefold())
    if value is None:
        return None
    for choice in choices:
        if isinstance(value, str) and value.casefold() == str(choice).casefold():
            return choice
    raise invalid(f"{name} must be one of {', '.join(map(str, choices))}, got {value!r}.", name)


def _metric_rule(members: Members) -> MetricRule | Literal["off"] | None:
    """``NotWorseThanLive``: ``{"Metric": "AUC", "Tolerance": 0.01}``, a metric's name, or "Off"."""
    value = members.get("notworsethanlive")
    if value is None:
        return None
    if isinstance(value, str) and value.strip():
        return "off" if value.strip().casefold() == "off" else MetricRule(value.strip())
    if isinstance(value, Mapping):
        rule = folded(value)
        metric, tolerance = rule.get("metric"), rule.get("tolerance", 0.0)
        good = isinstance(tolerance, (int, float)) and not isinstance(tolerance, bool)
        if isinstance(metric, str) and metric and good and float(cast("float", tolerance)) >= 0:
            return MetricRule(metric, float(cast("float", tolerance)))
    raise invalid('NotWorseThanLive must be {"Metric": text, "Tolerance": number from 0} or "Off".', "NotWorseThanLive")


def invalid(message: str, target: str | None = None) -> RestudioError:
    return RestudioError(Kind.BAD_ARGUMENT, "RequestBodyInvalid", message, target=target)
