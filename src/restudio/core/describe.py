"""What a module's declaration tells a reader, as JSON: the palette, the forms and the command line show this."""

from __future__ import annotations

from typing import Any

from restudio.core.params import Parameter, parameters_of, to_raw
from restudio.core.spec import Entry, Port


def describe(entry: Entry) -> dict[str, Any]:
    """Help, ports, parameters with defaults and limits, error codes, and how the module runs in a web service."""
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
