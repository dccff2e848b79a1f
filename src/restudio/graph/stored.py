"""Graphs as JSON, for rows of the database and bodies of requests."""

from __future__ import annotations

import json

import msgspec

from restudio.core.decoding import from_builtins
from restudio.core.errors import Kind, RestudioError
from restudio.graph.model import Graph

VERSION = 1


def dump_graph(graph: Graph) -> str:
    """JSON text of a graph, the inverse of :func:`load_graph`."""
    return json.dumps({"version": VERSION, **msgspec.to_builtins(graph)}, ensure_ascii=False)


def load_graph(text: str) -> Graph:
    """Read the form of :func:`dump_graph`. Error ``InvalidDocument`` when it is not that form."""
    try:
        content = json.loads(text)
        if not isinstance(content, dict) or content.pop("version", None) != VERSION:
            raise ValueError(f"expected an object with 'version': {VERSION}")
        return from_builtins(content, Graph)
    except (ValueError, RecursionError) as cause:  # includes msgspec.ValidationError
        raise RestudioError(
            Kind.BAD_ARGUMENT, "InvalidDocument", f"The graph could not be read: {cause}.", target="graph"
        ) from cause
