"""One row: a frame bound to a chain of closures over typed cells.

Binding walks the expressions once. What is left for a row is a list of cells (the registers: first the input cells
that are needed, then one register for every step's result) and the steps that append to it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from restudio.core.cells import Cell
from restudio.core.schema import DType
from restudio.kernels.cellwise import bind_scale, convert_or_fail, dtype_of, source_name, typed
from restudio.kernels.expr import (
    Call,
    Constant,
    Convert,
    Expr,
    Fill,
    Frame,
    Function,
    Input,
    IsMissing,
    Predict,
    RowsPredictor,
    Scale,
    inputs_of,
)
from restudio.kernels.functions import scalar_function

Step = Callable[[list[object]], None]
RowFunction = Callable[[list[object]], "tuple[tuple[object, ...], ...] | None"]


@dataclass(frozen=True, slots=True)
class RowKernel:
    """``run`` takes the cells of ``needed`` (port, column) as a list that it may use up, and gives the cells of every
    frame; None when the row is dropped. ``run_many`` does so for some rows at once and leaves dropped ones out: step by
    step, so that a predictor sees all rows together."""

    needed: tuple[tuple[str, str], ...]
    run: RowFunction
    run_many: Callable[[list[list[object]]], list[tuple[tuple[object, ...], ...]]]


def bind(frames: Sequence[Frame], layout: Sequence[tuple[str, str]] | None = None) -> RowKernel:
    """Bind frames that drop the same rows (equal ``keep``) into one function of a row.

    ``layout`` names the cells that a row will have, when the caller has more of them, or another order, than needed.
    """
    program = _Program()
    keep = frames[0].keep
    if any(frame.keep != keep for frame in frames):
        raise ValueError("frames that are bound together must drop the same rows")
    inputs = layout or list(inputs_of([*keep, *(expr for frame in frames for _, expr in frame.columns)]))
    for position, (port, column) in enumerate(inputs):
        program.inputs[port, column] = position
    program.size = len(inputs)
    for expr in keep:
        program.drop_unless(program.slot(expr))
    picks = tuple(_pick([program.slot(expr) for _, expr in frame.columns]) for frame in frames)
    steps = tuple(program.steps)
    return RowKernel(tuple(inputs), _runner(steps, picks), _many_runner(steps, picks))


def _many_runner(
    steps: tuple[Step, ...], picks: tuple[Callable[[list[object]], tuple[object, ...]], ...]
) -> Callable[[list[list[object]]], list[tuple[tuple[object, ...], ...]]]:
    def run_many(rows: list[list[object]]) -> list[tuple[tuple[object, ...], ...]]:
        for step in steps:
            if isinstance(step, _Keep | _PredictRows):
                rows = step.many(rows)
            else:
                for registers in rows:
                    step(registers)
        return [tuple([pick(registers) for pick in picks]) for registers in rows]

    return run_many


@dataclass(frozen=True, slots=True)
class _Keep:
    """From here on only rows whose register is true."""

    slot: int

    def __call__(self, registers: list[object]) -> None:
        if registers[self.slot] is not True:
            raise _Dropped

    def many(self, rows: list[list[object]]) -> list[list[object]]:
        return [registers for registers in rows if registers[self.slot] is True]


@dataclass(frozen=True, slots=True)
class _PredictRows:
    """Appends a prediction; the predictor takes rows together."""

    pick: Callable[[list[object]], tuple[object, ...]]
    predictor: RowsPredictor

    def __call__(self, registers: list[object]) -> None:
        registers += self.predictor.one(self.pick(registers))

    def many(self, rows: list[list[object]]) -> list[list[object]]:
        results = self.predictor.rows([self.pick(registers) for registers in rows])
        for registers, result in zip(rows, results, strict=True):
            registers.extend(result)
        return rows


class _Dropped(Exception):
    """The row does not pass a filter."""


def _runner(steps: tuple[Step, ...], picks: tuple[Callable[[list[object]], tuple[object, ...]], ...]) -> RowFunction:
    if len(picks) == 1:
        pick = picks[0]

        def run_one(registers: list[object]) -> tuple[tuple[object, ...], ...] | None:
            try:
                for step in steps:
                    step(registers)
            except _Dropped:
                return None
            return (pick(registers),)

        return run_one

    def run(registers: list[object]) -> tuple[tuple[object, ...], ...] | None:
        try:
            for step in steps:
                step(registers)
        except _Dropped:
            return None
        return tuple(pick(registers) for pick in picks)

    return run


def _pick(slots: Sequence[int]) -> Callable[[list[object]], tuple[object, ...]]:
    """These registers as a tuple."""
    if not slots:
        return lambda registers: ()
    if len(slots) == 1:
        only = slots[0]
        return lambda registers: (registers[only],)
    if list(slots) == list(range(slots[0], slots[0] + len(slots))):
        first, end = slots[0], slots[0] + len(slots)
        return lambda registers: tuple(registers[first:end])
    return operator.itemgetter(*slots)


class _Program:
    """Registers handed out so far, and the steps that fill them."""

    def __init__(self) -> None:
        self.inputs: dict[tuple[str, str], int] = {}
        self.steps: list[Step] = []
        self.size = 0
        self._slots: dict[Expr, int] = {}
        self._calls: dict[int, int] = {}

    def slot(self, expr: Expr) -> int:
        """The register of an expression; equal expressions share one."""
        if isinstance(expr, Input):
            return self.inputs[expr.port, expr.column.name]
        if isinstance(expr, Predict):
            return self._call(expr.call) + expr.output
        known = self._slots.get(expr)
        if known is None:
            step = self._bind(expr)
            known = self._slots[expr] = self._append(step, 1)
        return known

    def drop_unless(self, slot: int) -> None:
        """From here on only rows whose register is true."""
        self.steps.append(_Keep(slot))

    def _append(self, step: Step, width: int) -> int:
        self.steps.append(step)
        self.size += width
        return self.size - width

    def _call(self, call: Call) -> int:
        known = self._calls.get(id(call))
        if known is None:
            pick = _pick([self.slot(feature) for feature in call.features])
            one = call.predictor.one

            def predict(registers: list[object]) -> None:
                registers += one(pick(registers))

            step = _PredictRows(pick, call.predictor) if isinstance(call.predictor, RowsPredictor) else predict
            known = self._calls[id(call)] = self._append(step, len(call.predictor.outputs))
        return known

    def _bind(self, expr: Constant | Fill | IsMissing | Scale | Function | Convert) -> Step:
        match expr:
            case Constant(value, dtype):
                return _bind_constant(typed(value, dtype))
            case Fill(source, value):
                return _bind_fill(self.slot(source), typed(value, dtype_of(source)))
            case IsMissing(source):
                return _bind_is_missing(self.slot(source))
            case Scale(source, shift, divisor):
                return _bind_number(self.slot(source), bind_scale(shift, divisor))
            case Function(source, name, parameters):
                return _bind_number(self.slot(source), scalar_function(name, parameters))
            case Convert(source, dtype):
                return _bind_convert(self.slot(source), dtype, source_name(source))


def _bind_constant(value: Cell) -> Step:
    return lambda registers: registers.append(value)


def _bind_fill(slot: int, value: Cell) -> Step:
    def fill(registers: list[object]) -> None:
        cell = registers[slot]
        registers.append(value if cell is None else cell)

    return fill


def _bind_is_missing(slot: int) -> Step:
    return lambda registers: registers.append(registers[slot] is None)


def _bind_number(slot: int, function: Callable[[float], float]) -> Step:
    def apply(registers: list[object]) -> None:
        cell = registers[slot]
        registers.append(None if cell is None else function(cell))  # type: ignore[arg-type]  # numeric by contract

    return apply


def _bind_convert(slot: int, dtype: DType, column: str | None) -> Step:
    def apply(registers: list[object]) -> None:
        registers.append(convert_or_fail(registers[slot], dtype, column))  # type: ignore[arg-type]  # registers hold cells

    return apply
