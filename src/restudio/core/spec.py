"""The declaration of anything with an id, ports and parameters, and the decorator that puts it above a function.

    @module(
        id="split-data", name="Split Data", category="Data Transformation / Sample and Split", params=SplitParams,
        inputs=(table_in("Dataset"),),
        outputs=(table_out("Results dataset1"), table_out("Results dataset2")),
    )
    def split_data(p: SplitParams, dataset: Table, *, ctx: Context) -> tuple[Table, Table]:
        '''One paragraph of help ...'''

A docstring ends with an example, which the help shows and the conformance tests run: after a line ``Example:`` comes
YAML with ``parameters``, and a value for each port, inputs given and outputs expected. A table is
``{column: [cells]}``, ``{module: id, ...}`` is what another module makes, ``{files: {name: text}}`` an archive; ``...``
among expected columns stands for any others.

The function gets its parameters, then one positional argument a port in declared order (``None`` for an optional port
that is not connected), and the context by keyword. It returns one value for one output port, a tuple for several.
The decorator returns an :class:`Entry`; nothing is registered at import time (see ``restudio.core.registry``).
"""

from __future__ import annotations

import enum
import inspect
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from restudio.core.params import NoParams, When
from restudio.core.schema import Column

F = TypeVar("F", bound=Callable[..., Any])


class PortKind(enum.Enum):
    """What travels through a port; values are the classic data type ids."""

    TABLE = "Dataset"
    UNTRAINED = "UntrainedModel"
    MODEL = "iLearnerDotNet"
    TRANSFORM = "iTransformDotNet"
    ZIP = "Zip"
    ANY = "Any"


@dataclass(frozen=True, slots=True)
class Port:
    """A named connection point. Edges refer to it by name."""

    name: str
    kind: PortKind
    optional: bool = False


class Serving(enum.Enum):
    """What becomes of a module in a predictive graph (modules reference, section 9.5)."""

    NORMAL = "normal"
    PASS_THROUGH = "pass-through"
    """The first input passes unchanged (Split Data)."""
    NEVER = "never"
    """The module has no place in a predictive graph (Train Model)."""


class Task(enum.Enum):
    """What a model predicts; decides score columns and metrics."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"
    CLUSTERING = "clustering"
    ANOMALY = "anomaly"
    RECOMMENDATION = "recommendation"
    SCRIPT = "script"
    """What a user's script makes of it."""


@dataclass(frozen=True, slots=True)
class LearnedTable:
    """A table output that holds what a module learned, as a transform does (the vocabulary of n-grams): a service keeps
    it, and a retrained model brings its own. Nothing is learned while ``fixed`` holds: then the module takes over what
    its input ``given`` holds.
    """

    output: str
    given: str
    fixed: When


def table_in(name: str, *, optional: bool = False) -> Port:
    return Port(name, PortKind.TABLE, optional)


def table_out(name: str) -> Port:
    return Port(name, PortKind.TABLE)


@dataclass(frozen=True, slots=True)
class Spec:
    """Declaration of a module. ``id`` is readable and stable; ``family`` is the classic family id, where known."""

    id: str
    name: str
    category: str
    help: str
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    params: type = NoParams
    version: int = 1
    family: str | None = None
    aliases: tuple[str, ...] = ()
    """Other names of the module in old graphs (``Project Columns``)."""
    deterministic: bool = True
    serving: Serving = Serving.NORMAL
    errors: tuple[str, ...] = ()
    """Documented error codes, for the help page."""
    example: str = ""
    """YAML, as the module docstring says."""
    known_by_running: str = ""
    """Why the columns of the outputs cannot be told before running; blank where ``tells_schema`` always tells them."""
    learns: LearnedTable | None = None
    task: Task | None = None
    """Learners only: what their models predict."""

    def input(self, name: str) -> Port | None:
        return next((p for p in self.inputs if p.name == name), None)

    def output(self, name: str) -> Port | None:
        return next((p for p in self.outputs if p.name == name), None)


@dataclass(slots=True)
class Entry:
    """A Spec beside its function, and the optional companions of a module, attached by decorators below the function.

    - ``lower(p, *inputs, entry)``: the module over symbolic inputs (``Frame`` for tables, the values themselves for
      models and transforms), giving what ``run`` gives; for scoring (see ``restudio.kernels``).
    - ``schema_of(p, *known)``: what is known of each output before running: of a table its ``Schema`` or a ``Superset``
      of it, of a model its ``ToldModel``, else None. Gets the same of the inputs.
    - ``fit_table(p, data, label, ctx)``, ``score_table(model, data, ctx)``: learners that are scripts of users; a table
      and the name of its label to a ``Model``, a table to its scores.
    - ``fit(p, data, ctx)``: learners only; training data to a ``Model``.
    - ``predictor(model)``: learners only; a ``Model`` to its scoring kernel. When ``composite``, the model holds models
      of other learners, and it is ``predictor(model, entry)``.
    - ``score_columns(model)``: learners whose score columns are not those of their task.
    - ``apply(transform, frame)``: modules that fit a ``Transform``; a symbolic table to the transformed one.
    - ``keep(p, table)``: modules with a ``LearnedTable``; that table to the ``Transform`` that serves for it.
    """

    spec: Spec
    run: Callable[..., Any]
    lower: Callable[..., Any] | None = None
    schema_of: Callable[..., Any] | None = None
    fit: Callable[..., Any] | None = None
    predictor: Callable[..., Any] | None = None
    apply: Callable[..., Any] | None = None
    keep: Callable[..., Any] | None = None
    score_columns: Callable[..., Any] | None = None
    composite: bool = False
    fit_table: Callable[..., Any] | None = None
    score_table: Callable[..., Any] | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.run(*args, **kwargs)

    def lowers(self, function: F) -> F:
        self.lower = function
        return function

    def tells_schema(self, function: F) -> F:
        self.schema_of = function
        return function

    def fits(self, function: F) -> F:
        self.fit = function
        return function

    def predicts(self, function: F) -> F:
        self.predictor = function
        return function

    def predicts_through(self, function: F) -> F:
        """As :meth:`predicts`, for a learner that is composed of others."""
        self.predictor, self.composite = function, True
        return function

    def scores_as(self, function: F) -> F:
        self.score_columns = function
        return function

    def applies(self, function: F) -> F:
        self.apply = function
        return function

    def fits_table(self, function: F) -> F:
        self.fit_table = function
        return function

    def scores_table(self, function: F) -> F:
        self.score_table = function
        return function

    def keeps(self, function: F) -> F:
        self.keep = function
        return function


@dataclass(frozen=True, slots=True)
class ToldModel:
    """What is known of a model before running: its learner with its parameters, and the column that it will predict."""

    learner: Entry
    params: Any
    label: Column | None = None


_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")


def module(
    *,
    id: str,
    name: str,
    category: str,
    inputs: tuple[Port, ...] = (),
    outputs: tuple[Port, ...] = (),
    params: type = NoParams,
    **options: Any,
) -> Callable[[Callable[..., Any]], Entry]:
    """Declare a catalog module; the function's docstring is its help text."""
    if not _ID.match(id):
        raise ValueError(f"module ids are lower-case words joined by '-', got {id!r}")

    def declare(function: Callable[..., Any]) -> Entry:
        help_, _, example = (inspect.getdoc(function) or "").partition("\nExample:\n")
        spec = Spec(id, name, category, help_.strip(), inputs, outputs, params, **options)
        return Entry(replace(spec, example=textwrap.dedent(example).strip()), function)

    return declare
