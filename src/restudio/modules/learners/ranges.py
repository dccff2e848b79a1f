"""Create trainer mode: single values, or lists of values to sweep (modules reference, section 4).

A learner's parameter ``x`` that can be swept has a second field ``x_range``, shown in the mode **Parameter Range**.
"""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from restudio.core.params import boolean, integer, mode, parameter_range, when

P = TypeVar("P")
SINGLE = "Single Parameter"
RANGE = "Parameter Range"
EPSILON = 5e-324
"""The smallest positive double: the lower bound of parameters that must be positive."""
MAX_SEED = 4294967295
UNKNOWN_LEVELS = "Allow unknown categorical levels"


def trainer_mode(**options: Any) -> Any:
    return mode(
        "Create trainer mode",
        (SINGLE, RANGE),
        help="Train with one value of every parameter, or give lists of values to sweep.",
        **options,
    )


def values_of(name: str, default: str, *, aliases: tuple[str, ...] = (), **options: Any) -> Any:
    """The list form of the parameter ``name``. **Train Model** takes the first value."""
    return parameter_range(
        f"Range for {name}",
        default,
        aliases=(f"Range for the {name}", *aliases),
        when=when("trainer_mode", RANGE),
        **options,
    )


def seed() -> Any:
    return integer("Random number seed", None, ge=0, le=MAX_SEED, help="Blank: a fixed seed.")


def allow_unknown(*aliases: str) -> Any:
    return boolean(
        UNKNOWN_LEVELS,
        True,
        aliases=("Allow unknown levels in categorical features", *aliases),
        help="Score rows with levels that training did not see; otherwise such a row is an error.",
    )


def single(p: P) -> P:
    """The parameters that **Train Model** uses: in range mode, the first value of every list.

    ``p`` is a parameter class with the field ``trainer_mode``.
    """
    fields: dict[str, Any] = {f.name: getattr(p, f.name) for f in dataclasses.fields(p)}  # type: ignore[arg-type]  # a dataclass by contract
    if fields["trainer_mode"] != RANGE:
        return p
    first = {name.removesuffix("_range"): v[0] for name, v in fields.items() if name.endswith("_range")}
    chosen = {name: int(v) if isinstance(fields[name], int) else v for name, v in first.items()}
    return dataclasses.replace(p, **chosen)  # type: ignore[type-var]  # a dataclass by contract
