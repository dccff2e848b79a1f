"""The hidden layers of a network: from a list of sizes, or from a definition script in Net#.

Of Net# only chains of fully connected layers are understood:

    input Features auto;
    hidden First [40] sigmoid from Features all;
    hidden Second [10] tanh from First all;
    output Result auto from Second all;
"""

from __future__ import annotations

import re
from typing import NoReturn, cast

from restudio.core.errors import ModuleError
from restudio.kernels.dense import Activation

NODES = "Number of hidden nodes"
DEFINITION = "Neural network definition"
SAMPLE = "input Features auto;\nhidden Hidden [100] from Features all;\noutput Result auto from Hidden all;\n"
_MOST_NODES, _MOST_LAYERS = 100_000, 32
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_STATEMENT = re.compile(
    r"(?P<kind>input|hidden|output)\s+(?P<name>\w+)\s*(?P<size>auto|\[\s*\d{1,9}\s*\]|\d{1,9})?"
    r"(?:\s+(?P<activation>(?!from\b)\w+))?(?:\s+from\s+(?P<source>\w+)\s+all)?\Z"
)
_HIDDEN = ("sigmoid", "tanh", "rlinear", "linear")

Shape = tuple[tuple[int, Activation], ...]


def from_sizes(text: str) -> Shape:
    """Sizes of hidden layers as a comma list; error 0002."""
    parts = [part.strip() for part in text.split(",")]
    sizes = [int(part) if part.isascii() and part.isdigit() else 0 for part in parts]
    if not all(1 <= size <= _MOST_NODES for size in sizes) or len(sizes) > _MOST_LAYERS:
        raise ModuleError(
            "0002",
            f"'{NODES}' must be a comma list of at most {_MOST_LAYERS} numbers from 1 to {_MOST_NODES}, got {text!r}."[
                :300
            ],
            parameter=NODES,
        )
    return tuple((size, "sigmoid") for size in sizes)


def from_definition(text: str) -> Shape:
    """The hidden layers of a definition script; error 0002 for what is not a chain of fully connected layers."""
    statements = [s for s in (" ".join(part.split()) for part in _COMMENT.sub(" ", text).split(";")) if s]
    shape: list[tuple[int, Activation]] = []
    last = None
    for number, statement in enumerate(statements):
        found = _STATEMENT.match(statement)
        if found is None:
            _refuse(statement, "only fully connected layers (from NAME all) with sizes like [40] are supported")
        kind = "input" if number == 0 else "output" if number == len(statements) - 1 else "hidden"
        if found["kind"] != kind:
            _refuse(statement, f"the layers must be one input, hidden layers, one output; here an {kind} is expected")
        if found["source"] != last:
            _refuse(statement, "every layer must read the one before it")
        if kind == "hidden":
            shape.append(_hidden(statement, found))
        last = found["name"]
    if len(statements) < 2 or len(shape) > _MOST_LAYERS:
        _refuse(text, f"an input, at most {_MOST_LAYERS} hidden layers and an output are needed")
    return tuple(shape)


def _hidden(statement: str, found: re.Match[str]) -> tuple[int, Activation]:
    size = (found["size"] or "").strip("[] ")
    activation = found["activation"] or "sigmoid"
    if not size.isdigit() or not 1 <= int(size) <= _MOST_NODES:
        _refuse(statement, f"a hidden layer needs a size from 1 to {_MOST_NODES}")
    if activation not in _HIDDEN:
        _refuse(statement, f"the activation must be one of {', '.join(_HIDDEN)}")
    return int(size), cast(Activation, activation)


def _refuse(what: str, why: str) -> NoReturn:
    raise ModuleError("0002", f"'{DEFINITION}', at {what[:80]!r}: {why}.", parameter=DEFINITION)
