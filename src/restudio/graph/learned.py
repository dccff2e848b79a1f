"""What the modules of a graph learn from data, apart from models: transforms, and tables that stand for one."""

from __future__ import annotations

from restudio.core.params import parameters_of, parse_value
from restudio.core.spec import PortKind, Spec
from restudio.graph.model import SAVED_KINDS, Node
from restudio.graph.ports import param


def learned_ports(node: Node, spec: Spec) -> tuple[str, ...]:
    """The outputs that hold what the module learned."""
    if spec.id in SAVED_KINDS:
        return ()
    transforms = tuple(p.name for p in spec.outputs if p.kind is PortKind.TRANSFORM)
    return transforms if spec.learns is None or takes_over(node, spec) else (*transforms, spec.learns.output)


def takes_over(node: Node, spec: Spec) -> bool:
    """Whether a module that learns a table is set to use the one that it is given."""
    if spec.learns is None:
        return False
    parameter = dict(parameters_of(spec.params))[spec.learns.fixed.parameter]
    raw = next((v for name in (parameter.name, *parameter.aliases) if (v := param(node, name)) is not None), None)
    value = parameter.default if raw is None else parse_value(parameter, raw)
    return value in spec.learns.fixed.values
