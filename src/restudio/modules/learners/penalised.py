"""Parameters of learners that minimise a loss under L1 and L2 penalties by L-BFGS."""

from __future__ import annotations

from dataclasses import dataclass

from restudio.core.params import integer, real, when
from restudio.modules.learners.ranges import EPSILON, SINGLE, allow_unknown, seed, trainer_mode, values_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PenalisedParams:
    trainer_mode: str = trainer_mode()
    tolerance: float = real(
        "Optimization tolerance",
        1e-7,
        ge=EPSILON,
        when=when("trainer_mode", SINGLE),
        help="Training stops when an iteration improves the objective by less than this fraction.",
    )
    l1: float = real(
        "L1 regularization weight",
        1.0,
        ge=0,
        when=when("trainer_mode", SINGLE),
        aliases=("L1 regularizaton weight",),
        help="Pulls weights to exactly zero.",
    )
    l2: float = real(
        "L2 regularization weight",
        1.0,
        ge=0,
        when=when("trainer_mode", SINGLE),
        aliases=("L2 regularizaton weight",),
        help="Keeps weights small.",
    )
    memory: int = integer(
        "Memory size for L-BFGS",
        20,
        ge=1,
        when=when("trainer_mode", SINGLE),
        help="How many past steps the optimiser remembers.",
    )
    tolerance_range: tuple[float, ...] = values_of("optimization tolerance", "0.00001; 0.00000001", ge=EPSILON)
    l1_range: tuple[float, ...] = values_of("L1 regularization weight", "0.0; 0.01; 0.1; 1.0", ge=0)
    l2_range: tuple[float, ...] = values_of("L2 regularization weight", "0.01; 0.1; 1.0", ge=0)
    memory_range: tuple[float, ...] = values_of("memory size for L-BFGS", "5; 20; 50", ge=1)
    seed: int | None = seed()
    allow_unknown: bool = allow_unknown()
