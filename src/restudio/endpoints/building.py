"""From a version and a state to the scorer that computes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from restudio.core.registry import Registry
from restudio.endpoints.contents import Contents
from restudio.endpoints.rules import effective_graph
from restudio.endpoints.samples import known_input
from restudio.endpoints.types import EndpointState, Holding, ServiceVersion
from restudio.graph.parameters import bind_parameters
from restudio.scoring.compile import Saved, compile_graph
from restudio.scoring.contexts import Contexts
from restudio.scoring.live import Variant
from restudio.scoring.scorer import Scorer


class ScorerBuilder:
    """Thread-safe. ``contexts`` gives the module contexts of graphs that cannot be lowered."""

    def __init__(self, registry: Registry, contents: Contents, contexts: Contexts | None = None) -> None:
        self.registry = registry
        self.contents = contents
        self._contexts = contexts

    def build(
        self, version: ServiceVersion, state: EndpointState, fresh: Mapping[str, Saved] | None = None
    ) -> tuple[Scorer, Variant]:
        """The scorer with the parameters' defaults, and how to make one with other values.

        ``fresh`` holds contents, by digest, that are not stored yet.
        """
        graph = effective_graph(version, state)
        load = self._loader(version, state, fresh or {})
        # Known since publishing, so that nothing is read for columns alone: many endpoints may stand on large data.
        known = {port.name: known_input(port) for port in version.inputs}

        def variant(values: Mapping[str, object]) -> Scorer:
            return compile_graph(bind_parameters(graph, values), self.registry, load, self._contexts, known)

        return variant({}), variant

    def _loader(
        self, version: ServiceVersion, state: EndpointState, fresh: Mapping[str, Saved]
    ) -> Callable[[str], Saved]:
        slots = (state.resources.get(s.name, s.holding) for s in version.resources)
        held: dict[str, Holding] = dict(version.datasets)
        held.update({h.asset: h for h in (*slots, *version.transforms.values(), *state.transforms.values())})

        def load(asset: str) -> Saved:
            holding = held[asset]
            return fresh[holding.digest] if holding.digest in fresh else self.contents.get(holding)

        return load
