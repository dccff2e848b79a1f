"""Studio API: the catalog."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from restudio.core.params import Parameter, parameters_of, to_raw
from restudio.core.registry import Registry
from restudio.core.spec import Entry, Port
from restudio.http.answers import json_answer


def routes(registry: Registry) -> list[HTTPRouteHandler]:
    """The catalog needs no key: it is the same for everyone."""
    shown = [_entry(entry) for entry in registry.values()]

    @get("/studio/api/modules", sync_to_thread=False)
    def modules() -> Response[bytes]:
        return json_answer(shown)

    return [modules]


def _entry(entry: Entry) -> dict[str, Any]:
    spec = entry.spec
    defaults = to_raw(spec.params())
    return {
        "id": spec.id,
        "name": spec.name,
        "category": spec.category,
        "help": spec.help,
        "example": spec.example,
        "aliases": list(spec.aliases),
        "errors": list(spec.errors),
        "serving": spec.serving.value,
        "fast": entry.lower is not None or entry.apply is not None,
        "known_by_running": spec.known_by_running,
        "version": spec.version,
        "family": spec.family,
        "inputs": [_port(port) for port in spec.inputs],
        "outputs": [_port(port) for port in spec.outputs],
        "parameters": [_parameter(p, defaults) for _, p in parameters_of(spec.params) if not p.hidden],
    }


def _port(port: Port) -> dict[str, Any]:
    return {"name": port.name, "kind": port.kind.value, "optional": port.optional}


def _parameter(parameter: Parameter, defaults: dict[str, object]) -> dict[str, Any]:
    bounds = {"ge": parameter.ge, "gt": parameter.gt, "le": parameter.le, "lt": parameter.lt}
    return {
        "name": parameter.name,
        "kind": parameter.kind.value,
        "default": defaults.get(parameter.name),
        "help": parameter.help,
        "choices": list(parameter.choices),
        "optional": parameter.optional,
        "bounds": {name: value for name, value in bounds.items() if value is not None},
    }
