"""Orders of a graph: execution order, cycles, what stands before and after a node. Pure, linear in nodes and edges."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence

from restudio.core.errors import Kind, RestudioError
from restudio.graph.model import Graph

Neighbours = Mapping[str, Sequence[str]]


def successors(graph: Graph) -> dict[str, list[str]]:
    """Node → the nodes that its outputs feed, each once, in order of the edges."""
    return _neighbours((e.source, e.target) for e in graph.edges)


def predecessors(graph: Graph) -> dict[str, list[str]]:
    """Node → the nodes that feed its inputs, each once, in order of the edges."""
    return _neighbours((e.target, e.source) for e in graph.edges)


def find_cycle(graph: Graph) -> tuple[str, ...] | None:
    """The nodes of one cycle in the direction of the edges, least id first, or None when there is none."""
    left = {n.id for n in graph.nodes} - set(_peel(graph))
    if not left:
        return None
    before = predecessors(graph)
    # Every node that could not be peeled has a predecessor that could not either: walking back must repeat a node.
    walk = [min(left)]
    while (previous := next(n for n in before[walk[-1]] if n in left)) not in walk:
        walk.append(previous)
    cycle = walk[walk.index(previous) :][::-1]
    start = cycle.index(min(cycle))
    return (*cycle[start:], *cycle[:start])


def topological(graph: Graph) -> tuple[str, ...]:
    """Node ids with every node after those that feed it; ties in order of the document."""
    cycle = find_cycle(graph)
    if cycle is not None:
        raise cyclic(cycle)
    return tuple(_peel(graph))


def cyclic(cycle: Sequence[str]) -> RestudioError:
    """The error for a cycle, naming its nodes."""
    path = " → ".join(f"'{n}'" for n in (*cycle, cycle[0]))
    text = f"The modules form a cycle: {path}. Remove one of these connections."
    return RestudioError(Kind.BAD_ARGUMENT, "Cycle", text, target=cycle[0])


def ancestors(graph: Graph, nodes: Iterable[str]) -> frozenset[str]:
    """The nodes and everything that stands before them."""
    return _reach(nodes, predecessors(graph))


def descendants(graph: Graph, nodes: Iterable[str]) -> frozenset[str]:
    """The nodes and everything that stands after them."""
    return _reach(nodes, successors(graph))


def _neighbours(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for at, other in pairs:
        found[at][other] = None
    return {at: list(others) for at, others in found.items()}


def _reach(start: Iterable[str], neighbours: Neighbours) -> frozenset[str]:
    seen = set(start)
    waiting = deque(seen)
    while waiting:
        for other in neighbours.get(waiting.popleft(), ()):
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return frozenset(seen)


def _peel(graph: Graph) -> list[str]:
    """Kahn's algorithm; nodes of cycles, and those after them, are missing from the result."""
    after, before = successors(graph), predecessors(graph)
    known = dict.fromkeys(n.id for n in graph.nodes)
    missing = {n: sum(1 for b in before.get(n, ()) if b in known) for n in known}
    ready = deque(n for n in known if not missing[n])
    order: list[str] = []
    while ready:
        node = ready.popleft()
        order.append(node)
        for other in after.get(node, ()):
            if other in missing:
                missing[other] -= 1
                if not missing[other]:
                    ready.append(other)
    return order
