"""Which endpoint a resource-manager web service is, and what its definition and its changes mean for that endpoint.

A resource-manager service has no endpoints; it is one of ours: ``{service}.{endpoint}``, an endpoint by its id, or the
only added endpoint of a service (classic web services reference, section 8). Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from restudio.blobs.reference import BlobReference
from restudio.core.errors import Kind, RestudioError, nearest
from restudio.endpoints.patch import Patch, ResourceUpdate, SettingsChange
from restudio.endpoints.types import DEFAULT, Endpoint, EndpointState, ServiceVersion, WebService

MOST_CALLS = 200
LEAST_CALLS = 4


@dataclass(frozen=True, slots=True)
class Named:
    """A service with its endpoints, the default one first."""

    service: WebService
    endpoints: Sequence[Endpoint]


def resolve(name: str, services: Sequence[Named]) -> Endpoint:
    """The endpoint that is meant; NotFound ``WebServiceNotFound``, or 400 when several could be."""
    folded = name.casefold()
    for each in services:
        for endpoint in each.endpoints:
            if folded in (endpoint.id, *(name_of(each.service, endpoint).casefold(),)):
                return endpoint
            if folded == f"{each.service.id}.{endpoint.name.casefold()}":
                return endpoint
    found = next((each for each in services if folded in (each.service.id, each.service.name.casefold())), None)
    if found is None:
        known = [name_of(each.service, endpoint) for each in services for endpoint in each.endpoints]
        message = f"No Web Service could be found with the provided name: {name[:200]}.{nearest(name, known)}"
        raise RestudioError(Kind.NOT_FOUND, "WebServiceNotFound", message, target=name[:200])
    added = [each for each in found.endpoints if each.role == "added"]
    if len(added) > 1:
        names = ", ".join(name_of(found.service, each) for each in added[:5])
        message = f"'{found.service.name}' has several endpoints; name one of them: {names}."
        raise RestudioError(Kind.BAD_ARGUMENT, "AmbiguousWebService", message, target=name[:200])
    return added[0] if added else found.endpoints[0]


def name_of(service: WebService, endpoint: Endpoint) -> str:
    """The name of an endpoint as a resource."""
    return service.name if endpoint.name == DEFAULT else f"{service.name}.{endpoint.name}"


def assets_of(version: ServiceVersion, state: EndpointState, address: str) -> dict[str, dict[str, object]]:
    """The trained models of a definition by key; ``address`` is where assets are read."""
    found: dict[str, dict[str, object]] = {}
    for number, slot in enumerate(version.resources, 1):
        held = state.resources.get(slot.name, slot.holding)
        found[f"asset{number}"] = {
            "name": slot.name,
            "type": "Resource",
            "locationInfo": {"uri": f"{address}/{held.asset}/content", "credentials": None},
            "outputPorts": {"Results dataset": {"type": "Dataset"}},
        }
    return found


def read_change(properties: Mapping[str, object], known: Mapping[str, Mapping[str, object]], why: str) -> Patch:
    """What a PATCH or PUT of a definition asks for. Assets that still point where they did are left alone."""
    members = {name.casefold(): value for name, value in properties.items()}
    updates = []
    for key, written in _object(members.get("assets"), "assets").items():
        asset = {n.casefold(): v for n, v in _object(written, f"assets.{key}").items()}
        location = {
            n.casefold(): v for n, v in _object(asset.get("locationinfo"), f"assets.{key}.locationInfo").items()
        }
        uri, before = location.get("uri"), known.get(key)
        if uri is None or (before is not None and uri == _uri(before)):
            continue
        name = asset.get("name") if before is None else before["name"]
        if not isinstance(uri, str) or not isinstance(name, str):
            message = f"Asset '{key}' needs a name and a locationInfo with the uri of an .ilearner file."
            raise RestudioError(Kind.BAD_ARGUMENT, "InvalidAsset", message, target=f"assets.{key}")
        token = location.get("credentials")
        signed = f"{uri}?{token.lstrip('?')}" if isinstance(token, str) and token and "?" not in uri else uri
        updates.append(ResourceUpdate(name, BlobReference.from_url(signed)))
    return Patch(tuple(updates), _settings(members), why)


def _settings(members: Mapping[str, object]) -> SettingsChange:
    realtime = {
        n.casefold(): v for n, v in _object(members.get("realtimeconfiguration"), "realtimeConfiguration").items()
    }
    calls = realtime.get("maxconcurrentcalls")
    if calls is not None and (not isinstance(calls, int) or not LEAST_CALLS <= calls <= MOST_CALLS):
        message = f"maxConcurrentCalls must be a whole number from {LEAST_CALLS} to {MOST_CALLS}; got {calls!r}."
        raise RestudioError(Kind.BAD_ARGUMENT, "InvalidConcurrency", message, target="maxConcurrentCalls")
    description = members.get("description")
    return SettingsChange(
        description=description if isinstance(description, str) else None,
        max_calls=calls if isinstance(calls, int) else None,
    )


def _object(value: object, target: str) -> Mapping[str, object]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        message = f"'{target}' must be a JSON object, got {type(value).__name__}."
        raise RestudioError(Kind.BAD_ARGUMENT, "RequestBodyInvalid", message, target=target)
    return value


def _uri(asset: Mapping[str, object]) -> object:
    location = asset.get("locationInfo")
    return location.get("uri") if isinstance(location, Mapping) else None
