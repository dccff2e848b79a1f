"""What a run is given beside its plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from restudio.experiments.outputs import Outputs
from restudio.graph.plan import PortId
from restudio.seams.engine import Limits


@dataclass(frozen=True, slots=True)
class Bindings:
    """Where the things are that a plan names: ``assets`` by asset id, ``inputs`` by port of a Web Service Input.

    ``finished`` are nodes whose outputs an earlier attempt of the same run has stored.
    """

    assets: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[PortId, str] = field(default_factory=dict)
    finished: Mapping[str, Outputs] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
