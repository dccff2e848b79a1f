"""Decisions about web services and endpoints that need no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs

from restudio.blobs.reference import BlobReference
from restudio.core.errors import Kind, RestudioError, nearest
from restudio.endpoints.types import (
    DEFAULT,
    TEST,
    EndpointSettings,
    EndpointState,
    Holding,
    ResourceSlot,
    ServiceVersion,
    Stage,
    ThrottleLevel,
)
from restudio.graph.model import SAVED_MODEL, Graph
from restudio.graph.ports import asset_of, with_asset

LOW_CALLS = 4
MAX_CALLS = 200
DEFAULT_CALLS = 20
MAX_ENDPOINTS = 10_000
MODEL_EXTENSION = ".ilearner"
_NAME = re.compile(r"[a-z0-9]{1,24}\Z")
_SUFFIX = " [trained model]"


def check_endpoint_name(name: str) -> None:
    """Refuse a name that an added endpoint cannot have."""
    if not _NAME.match(name):
        raise _bad(
            "BadParameterValue",
            f"'{name[:80]}' is no endpoint name: use 1 to 24 lower-case letters and digits, such as 'endpoint2'.",
            "EndpointName",
        )
    if name in (DEFAULT, TEST):
        raise RestudioError(
            Kind.CONFLICT,
            "EndpointAlreadyExists",
            f"Every web service has its own endpoint '{name}'. Choose another name, such as 'endpoint2'.",
            target=name,
        )


def check_service_name(name: str) -> str:
    """The name, trimmed."""
    trimmed = name.strip()
    if not 1 <= len(trimmed) <= 260 or any(ord(c) < 32 for c in trimmed):
        raise _bad("BadParameterValue", "A web service's name has 1 to 260 printable characters.", "Name")
    return trimmed


def throttled(settings: EndpointSettings, level: ThrottleLevel | None, calls: int | None) -> EndpointSettings:
    """Settings with another throttle: Low is 4 calls whatever is asked, High 1 to 200."""
    level = level or settings.throttle
    if level == "Low":
        return replace(settings, throttle=level, max_calls=LOW_CALLS)
    if calls is None:
        calls = settings.max_calls if settings.throttle == "High" else DEFAULT_CALLS
    if calls < 1:
        raise _bad(
            "WebServiceConcurrentRequestRequirementInvalid",
            f"MaxConcurrentCalls must be 1 to {MAX_CALLS}, got {calls}.",
            "MaxConcurrentCalls",
        )
    if calls > MAX_CALLS:
        raise _bad(
            "WebServiceTooManyConcurrentRequestRequirement",
            f"MaxConcurrentCalls may be at most {MAX_CALLS}, got {calls}.",
            "MaxConcurrentCalls",
        )
    return replace(settings, throttle=level, max_calls=calls)


_NEXT: Mapping[Stage, Stage] = {"staging": "ready", "ready": "production"}


def check_step(version: ServiceVersion, to: Stage) -> None:
    """Refuse a step that does not lead from the version's stage to ``to``."""
    if _NEXT.get(version.stage) != to:
        needed = next(stage for stage, following in _NEXT.items() if following == to)
        advice = "Mark it ready first." if version.stage == "staging" else "Publish a new version first."
        raise RestudioError(
            Kind.INVALID_OPERATION,
            "WrongStage",
            f"Version {version.number} is in stage '{version.stage}'; only one in '{needed}' can go to "
            f"'{to}'. {advice}",
            target=version.service_id,
        )


def resource_slots(graph: Graph, held: Mapping[str, tuple[str, Holding]]) -> tuple[ResourceSlot, ...]:
    """The updatable resources of a graph, in order of name; ``held`` maps asset id to its name and content.

    Nodes that hold the same model are one resource. Two models of one name get a number behind the second.
    """
    nodes: dict[str, list[str]] = {}
    for node in graph.of_module(SAVED_MODEL):
        nodes.setdefault(str(asset_of(node)), []).append(node.id)
    slots: dict[str, ResourceSlot] = {}
    for asset, where in sorted(nodes.items(), key=lambda item: (held[item[0]][0], item[1])):
        stem = held[asset][0].removesuffix(_SUFFIX)
        name, number = f"{stem}{_SUFFIX}", 2
        while name in slots:
            name, number = f"{stem} {number}{_SUFFIX}", number + 1
        slots[name] = ResourceSlot(name, tuple(sorted(where)), held[asset][1])
    return tuple(slots[name] for name in sorted(slots))


def published_state(version: ServiceVersion) -> EndpointState:
    """What an endpoint holds right after publishing the version."""
    return EndpointState(version.number, {s.name: s.holding for s in version.resources}, dict(version.transforms))


def refreshed_state(live: EndpointState, source: EndpointState, *, overwrite: bool) -> EndpointState:
    """The default endpoint's graph; its models too with ``overwrite``, else the endpoint keeps its own where the new
    graph still has a place for them. Fitted transforms belong to the models and go with them."""
    if overwrite:
        return source
    resources = {name: live.resources.get(name, held) for name, held in source.resources.items()}
    transforms = {node: live.transforms.get(node, held) for node, held in source.transforms.items()}
    return EndpointState(source.version, resources, transforms)


def effective_graph(version: ServiceVersion, state: EndpointState) -> Graph:
    """The version's graph with the state's models and transforms in their places."""
    assets = {node: held.asset for node, held in state.transforms.items()}
    for slot in version.resources:
        held = state.resources.get(slot.name, slot.holding)
        assets.update(dict.fromkeys(slot.nodes, held.asset))
    return version.graph.replacing(
        nodes=tuple(with_asset(n, assets[n.id]) if n.id in assets else n for n in version.graph.nodes)
    )


def get_slot(version: ServiceVersion, name: str) -> ResourceSlot:
    """The resource of that exact name, or an error that lists the names there are."""
    slot = version.slot(name)
    if slot is None:
        names = [s.name for s in version.resources]
        shown = ", ".join(f"'{n}'" for n in names)
        hint = nearest(name, names) if "Did you mean" in nearest(name, names) else ""
        raise _bad(
            "BadParameterValue",
            f"There is no updatable resource '{name}' here. The resources are: {shown}. "
            f"Names are case-sensitive.{hint}",
            "Resources",
        )
    return slot


def check_extension(reference: BlobReference) -> None:
    """Model files end in ``.ilearner``."""
    if reference.extension != MODEL_EXTENSION:
        raise _bad(
            "InvalidBlobExtension",
            f"The blob '{reference.shown[:200]}' has the wrong extension: a trained model is a file "
            f"'*{MODEL_EXTENSION}'. Take the output of the training job that holds the model.",
            "Location",
        )


def expired_at(sas: str, now: float) -> str | None:
    """When a SAS token ended, if it did (ISO text as it stands in the token)."""
    ends = parse_qs(sas.lstrip("?")).get("se", [""])[0]
    try:
        moment = datetime.fromisoformat(ends)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return ends if moment.timestamp() <= now else None


def quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _bad(detail: str, message: str, target: str) -> RestudioError:
    return RestudioError(Kind.BAD_ARGUMENT, detail, message, target=target)
