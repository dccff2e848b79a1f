"""Credentials in module parameters: sealed where graphs are kept, open only in the hands of the module that uses them.

An address that carries a signature is a credential as well; one without stays readable. A sealed value names its
workspace inside the seal: copied into the document of another workspace it does not open.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from restudio.core.errors import ModuleError
from restudio.core.params import ParamKind, parameters_of
from restudio.core.registry import Registry
from restudio.graph.model import Graph, GraphParameter, Node
from restudio.seams.secrets import Secrets

PREFIX = "sealed:"
_SIGNATURE = re.compile(r"(^|[?&;])sig=", re.IGNORECASE)


class Credentials:
    """Thread-safe."""

    def __init__(self, registry: Registry, secrets: Secrets) -> None:
        self._registry = registry
        self._secrets = secrets

    def seal(self, graph: Graph, workspace_id: str, before: Graph | None = None) -> Graph:
        """The graph without a credential in clear. A value that ``before`` holds sealed keeps its seal, so that saving
        the same again changes nothing."""
        known = {} if before is None else self._sealed_in(before, workspace_id)
        names = {node.id: self._names(node) for node in graph.nodes}
        linked = {
            (linked, names[node.id][shown.casefold()])
            for node in graph.nodes
            for shown, linked in node.links.items()
            if shown.casefold() in names[node.id]
        }

        def close(value: object, always: bool) -> object:
            if not isinstance(value, str) or not value or value.startswith(PREFIX):
                return value
            if not always and not _SIGNATURE.search(value):
                return value
            return known.get(value) or PREFIX + self._secrets.seal(f"{workspace_id}\n{value}")

        def close_node(node: Node) -> Node:
            known_here = names[node.id]
            if not known_here:
                return node
            params = {
                n: close(v, known_here[n.casefold()]) if n.casefold() in known_here else v
                for n, v in node.params.items()
            }
            return replace(node, params=params)

        def close_parameter(parameter: GraphParameter) -> GraphParameter:
            kinds = [always for name, always in linked if name == parameter.name]
            return replace(parameter, default=close(parameter.default, any(kinds))) if kinds else parameter

        return graph.replacing(
            nodes=tuple(map(close_node, graph.nodes)), parameters=tuple(map(close_parameter, graph.parameters))
        )

    def open(self, params: Mapping[str, object], workspace_id: str) -> Mapping[str, object]:
        """Parameters as a module takes them; error 0002 for a seal of another workspace or installation."""
        return {name: self._open(name, value, workspace_id) for name, value in params.items()}

    def _open(self, name: str, value: object, workspace_id: str) -> object:
        if not isinstance(value, str) or not value.startswith(PREFIX):
            return value
        try:
            owner, _, plain = self._secrets.open(value.removeprefix(PREFIX)).partition("\n")
        except ValueError:
            owner, plain = "", ""
        if owner != workspace_id:
            raise ModuleError(
                "0002",
                f"Parameter '{name}' holds a credential that was sealed for another workspace or server; type it in "
                "again.",
                parameter=name,
            )
        return plain

    def _names(self, node: Node) -> dict[str, bool]:
        """Folded names of a node's parameters that may be credentials, and whether they always are."""
        entry = self._registry.find(node.module)
        if entry is None:
            return {}
        return {
            name.casefold(): parameter.kind is ParamKind.CREDENTIAL
            for _, parameter in parameters_of(entry.spec.params)
            if parameter.kind is ParamKind.CREDENTIAL or parameter.signed
            for name in (parameter.name, *parameter.aliases)
        }

    def _sealed_in(self, graph: Graph, workspace_id: str) -> dict[str, str]:
        """Sealed values by what they hold."""
        found: dict[str, str] = {}
        values = [v for n in graph.nodes for v in n.params.values()] + [p.default for p in graph.parameters]
        for value in values:
            if isinstance(value, str) and value.startswith(PREFIX):
                try:
                    found[str(self._open("", value, workspace_id))] = value
                except ModuleError:
                    continue
        return found
