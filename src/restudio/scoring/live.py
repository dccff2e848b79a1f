"""Live: one revision of an endpoint as the data plane serves it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from restudio.core.errors import Kind, RestudioError, nearest
from restudio.graph.model import GraphParameter
from restudio.scoring.scorer import Scorer
from restudio.scoring.wire import Wire

Variant = Callable[[Mapping[str, object]], Scorer]
"""Compiles the graph with these values of its parameters."""
_KEPT = 8


@dataclass(frozen=True)
class Live:
    """What answers the calls of an endpoint from one moment to the next.

    ``keys`` are the digests (see ``dataplane.key_digest``) of the keys that are accepted now. ``parameters`` are the
    graph parameters; with values other than the defaults a call is scored by ``variant``'s Scorer, of which the latest
    few are kept. ``workspace_id`` None: not checked against the address.
    """

    scorer: Scorer
    revision: str
    keys: frozenset[bytes]
    max_concurrent: int = 20
    workspace_id: str | None = None
    parameters: tuple[GraphParameter, ...] = ()
    variant: Variant | None = None
    _variants: Variants = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_variants", Variants(self.scorer, self.parameters, self.variant))

    def wire(self, given: Mapping[str, object] | None) -> Wire:
        """The bodies for a call with these GlobalParameters; may compile (some milliseconds)."""
        return self._variants.get(given)

    def find_wire(self, given: Mapping[str, object] | None) -> Wire | None:
        """As :meth:`wire`, but None where that would have to compile first. Errors for wrong parameters."""
        return self._variants.find(given)


class Variants:
    """Scorers by parameter values. Thread-safe."""

    def __init__(self, scorer: Scorer, parameters: tuple[GraphParameter, ...], variant: Variant | None) -> None:
        self._plain = Wire(scorer)
        self._declared = {p.name: p for p in parameters}
        self._required = tuple(p.name for p in parameters if p.default is None and p.required)
        self._variant = variant
        self._kept: OrderedDict[bytes, Wire] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, given: Mapping[str, object] | None) -> Wire | None:
        if not given and not self._required:
            return self._plain
        changed = self._changed(given or {})
        return self._find_kept(_key(changed)) if changed else self._plain

    def get(self, given: Mapping[str, object] | None) -> Wire:
        known = self.find(given)
        if known is not None:
            return known
        changed = self._changed(given or {})
        assert self._variant is not None
        made = Wire(self._variant(changed))
        with self._lock:
            self._kept[_key(changed)] = made
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return made

    def _find_kept(self, key: bytes) -> Wire | None:
        with self._lock:
            known = self._kept.get(key)
            if known is not None:
                self._kept.move_to_end(key)
            return known

    def _changed(self, given: Mapping[str, object]) -> dict[str, object]:
        """The given values that differ from the defaults. Errors for unknown and missing parameters."""
        for name in given:
            if name not in self._declared:
                shown = name[:100]
                raise RestudioError(
                    Kind.BAD_ARGUMENT,
                    "UnexpectedParameter",
                    f"There is no web service parameter '{shown}'.{nearest(shown, self._declared)}",
                    target=shown,
                )
        missing = [name for name in self._required if given.get(name) is None]
        if missing:
            raise RestudioError(
                Kind.BAD_ARGUMENT,
                "MissingRequiredGlobalParameters",
                f"GlobalParameters must give a value to {', '.join(map(repr, missing))}.",
                target=missing[0],
            )
        if self._variant is None:
            return {}
        return {n: v for n, v in given.items() if v is not None and v != self._declared[n].default}


def _key(changed: Mapping[str, object]) -> bytes:
    return msgspec.json.encode(sorted(changed.items()))
