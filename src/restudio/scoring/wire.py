"""Request-response bodies: bytes to typed rows, result rows to bytes (classic web services reference, 3.3 to 3.8).

Everything that depends only on the scorer is prepared once (:class:`Wire`); the plan for a list of column names is
kept for the next request, since clients send the same names every time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NoReturn

import msgspec

from restudio.core.decoding import decoder_of
from restudio.core.errors import Kind, RestudioError, nearest
from restudio.core.schema import Column, DType, Schema
from restudio.scoring.cellcodec import DECODERS, FORMATTERS, WIRE_TYPES, Decode, Format, decode_column
from restudio.scoring.scorer import InputSpec, Row, Rows, Scorer

JsonCell = str | int | float | bool | None


class TableBody(msgspec.Struct):
    """One input in table form."""

    ColumnNames: list[str]
    Values: list[list[JsonCell]]


class Call(msgspec.Struct):
    """An execution request. Unknown members are ignored."""

    Inputs: dict[str, TableBody | list[dict[str, JsonCell]]] | None = None
    GlobalParameters: dict[str, JsonCell] | None = None


class _Instance(msgspec.Struct):
    FeatureVector: dict[str, JsonCell]
    GlobalParameters: dict[str, JsonCell] | None = None


class _LegacyCall(msgspec.Struct):
    Instance: _Instance


_BOM = b"\xef\xbb\xbf"
"""Old clients write one in front of UTF-8."""
_decode = decoder_of(Call).decode
_decode_legacy = decoder_of(_LegacyCall).decode
_encode = msgspec.json.Encoder().encode


def decode_call(body: bytes) -> Call:
    """The request of a body, shapes checked, cells not yet typed. Errors name the place in the body."""
    if not body or body.isspace():
        raise RestudioError(Kind.BAD_ARGUMENT, "RequestIsEmpty", "The request has no body; send a JSON object.")
    try:
        return _decode(body.removeprefix(_BOM))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as cause:
        _refuse(cause)


def decode_legacy(body: bytes, port: str) -> Call:
    """The request of a legacy ``/score`` body as a call with one row at ``port``."""
    if not body or body.isspace():
        raise RestudioError(Kind.BAD_ARGUMENT, "RequestIsEmpty", "The request has no body; send a JSON object.")
    try:
        instance = _decode_legacy(body.removeprefix(_BOM)).Instance
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as cause:
        _refuse(cause)
    return Call({port: [instance.FeatureVector]}, instance.GlobalParameters)


_CELL_PATH = re.compile(r"`\$\.Inputs\[\.\.\.\]\.Values\[(\d+)\]\[(\d+)\]`|`\$\.Inputs\[\.\.\.\]\[(\d+)\]\[\.\.\.\]`")


def _refuse(cause: Exception) -> NoReturn:
    place = _CELL_PATH.search(str(cause))
    if place is not None and isinstance(cause, msgspec.ValidationError):
        row = int(place[1] or place[3] or 0) + 1
        column = f", cell {int(place[2]) + 1}" if place[2] else ""
        why = str(cause).partition(" - at")[0]
        raise RestudioError(
            Kind.BAD_USER_ARGUMENT,
            "InputParseError",
            f"Row {row}{column}: expected a text, number, Boolean or null. {why}.",
            target="Inputs",
        ) from cause
    raise RestudioError(
        Kind.BAD_ARGUMENT,
        "RequestBodyInvalid",
        f"The request body could not be read as an execution request: {cause}.",
        target="Inputs",
    ) from cause


class Wire:
    """Bodies of one scorer."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self._ports = {port: _Port(port, spec) for port, spec in scorer.inputs.items()}
        self._answers: dict[tuple[str, bool], _Answer] = {}
        for port, schema in scorer.outputs.items():
            for details in (False, True):
                self._answers[port, details] = _Answer(schema, details)

    @property
    def fast(self) -> bool:
        """Whether the scorer runs kernels only."""
        return self._scorer.fast

    def score(self, call: Call, *, details: bool, swagger: bool) -> bytes:
        """Answer body of a call in table or swagger form; ``details`` adds ``ColumnTypes`` to the table form."""
        results = self._scorer.score_rows(self.read_inputs(call))
        if swagger:
            parts = [self._answer(port, rows, False).swagger(port, rows) for port, rows in results.items()]
        else:
            parts = [self._answer(port, rows, details).table(port, rows) for port, rows in results.items()]
        return b'{"Results":{' + b",".join(parts) + b"}}"

    def score_typed(self, call: Call) -> bytes:
        """Answer body of a call in the designer's form: rows with JSON's own numbers and Booleans."""
        results = self._scorer.score_rows(self.read_inputs(call))
        parts = [self._answer(port, rows, False).typed(port, rows) for port, rows in results.items()]
        return b'{"Results":{' + b",".join(parts) + b"}}"

    def score_legacy(self, call: Call) -> bytes:
        """Answer of a legacy call: the cells of the only row as a flat list of texts."""
        results = self._scorer.score_rows(self.read_inputs(call))
        if len(results) != 1:
            raise RestudioError(
                Kind.INVALID_OPERATION, "IncompatibleModel", "The legacy form needs a service with one output."
            )
        ((port, rows),) = results.items()
        return _encode([cell for row in self._answer(port, rows, False).texts(rows) for cell in row])

    def read_inputs(self, call: Call) -> dict[str, list[Row]]:
        """Typed rows of every input in schema order. Errors name input, row and column, what was expected and came."""
        given = call.Inputs or {}
        inputs: dict[str, list[Row]] = {}
        for name, port in self._ports.items():
            body = given.get(name)
            if body is None:
                raise RestudioError(
                    Kind.BAD_ARGUMENT, "MissingRequestInput", f"Input '{name}' is missing from Inputs.", target=name
                )
            inputs[name] = port.read(body)
        if len(given) > len(inputs):
            unknown = next(name for name in given if name not in inputs)
            raise RestudioError(
                Kind.BAD_ARGUMENT,
                "InvalidInputNames",
                f"The service has no input '{unknown[:100]}'.{nearest(unknown[:100], self._ports)}",
                target=unknown[:100],
            )
        return inputs

    def _answer(self, port: str, rows: Rows, details: bool) -> _Answer:
        """Prepared, unless an interpreted module made other columns than for its sample."""
        known = self._answers.get((port, details))
        return known if known is not None and known.schema is rows.schema else _Answer(rows.schema, details)


_PLANS = 64
"""Plans kept for each input; clients that send columns in other orders than these pay for a plan each time."""
_COLUMNS_FROM = 4
"""Rows from which cells are converted a column at a time (measured)."""
_Step = tuple[int, Decode, Column]


class _Port:
    """Reader of one input."""

    def __init__(self, name: str, spec: InputSpec) -> None:
        self._name = name
        self._spec = spec
        self._plans: dict[tuple[str, ...], _Plan] = {}

    def read(self, body: TableBody | list[dict[str, JsonCell]]) -> list[Row]:
        if isinstance(body, TableBody):
            convert = self._plan(tuple(body.ColumnNames), None)
            return convert.by_columns(body.Values) or [convert(cells, i) for i, cells in enumerate(body.Values)]
        rows = []
        for i, item in enumerate(body):
            names = tuple(item)
            rows.append((self._plans.get(names) or self._plan(names, i))(tuple(item.values()), i))
        return rows

    def _plan(self, names: tuple[str, ...], row: int | None) -> _Plan:
        known = self._plans.get(names)
        if known is None:
            known = _Plan(self._name, self._positions(names, row), len(names))
            if len(self._plans) >= _PLANS:
                self._plans.clear()
            self._plans[names] = known
        return known

    def _positions(self, names: tuple[str, ...], row: int | None) -> list[_Step]:
        """Where every column of the schema stands among the sent ones, and its converter."""
        schema = self._spec.schema
        place = f"Input '{self._name}'" + ("" if row is None else f", row {row + 1}")
        at = {name: i for i, name in enumerate(names)}
        if len(at) != len(names):
            twice = next(name for i, name in enumerate(names) if at[name] != i)
            raise _bad_columns(f"{place}: column '{twice[:100]}' occurs twice.", twice)
        for name in names:
            if name not in schema and name not in self._spec.ignored:
                shown = name[:100]
                raise _bad_columns(f"{place}: column '{shown}' is not expected.{nearest(shown, schema.names)}", shown)
        steps = []
        for column in schema:
            if column.name not in at:
                others = [name for name in names if name not in schema]
                raise _bad_columns(
                    f"{place}: column '{column.name}' ({column.dtype.value}) is missing."
                    f"{nearest(column.name, others) if others else ''}",
                    column.name,
                )
            steps.append((at[column.name], DECODERS[column.dtype], column))
        return steps


class _Plan:
    """Cells as sent to typed rows. The good case is one pass; only a failure looks for its place."""

    def __init__(self, port: str, steps: list[_Step], width: int) -> None:
        self._port = port
        self._steps = steps
        self._width = width
        self._in_order = [at for at, _, _ in steps] == list(range(width))
        self._decoders = [decode for _, decode, _ in steps]
        self._pairs = [(at, decode) for at, decode, _ in steps]

    def __call__(self, cells: Sequence[JsonCell], row: int) -> Row:
        """One row; errors name its place."""
        if len(cells) != self._width:
            raise RestudioError(
                Kind.BAD_USER_ARGUMENT,
                "InputParseError",
                f"Input '{self._port}', row {row + 1}: expected {self._width} cells, as many as ColumnNames,"
                f" got {len(cells)}.",
                target=self._port,
            )
        try:
            if self._in_order:
                return [decode(cell) for decode, cell in zip(self._decoders, cells, strict=True)]
            return [decode(cells[at]) for at, decode in self._pairs]
        except ValueError:
            return _explain(self._port, self._steps, cells, row)

    def by_columns(self, rows: Sequence[Sequence[JsonCell]]) -> list[Row] | None:
        """All rows, a column at a time; None where they are few, or where one of them has an error."""
        if len(rows) < _COLUMNS_FROM or not self._steps or any(len(row) != self._width for row in rows):
            return None
        columns = list(zip(*rows, strict=True))
        try:
            typed = [decode_column(columns[at], column.dtype) for at, _, column in self._steps]
        except ValueError:
            return None
        return list(map(list, zip(*typed, strict=True)))


def _explain(port: str, steps: list[_Step], cells: Sequence[JsonCell], row: int) -> NoReturn:
    for at, decode, column in steps:
        try:
            decode(cells[at])
        except ValueError as cause:
            got = msgspec.json.encode(cells[at]).decode()
            got = got if len(got) <= 80 else got[:80] + "…"
            raise RestudioError(
                Kind.BAD_USER_ARGUMENT,
                "InputParseError",
                f"Input '{port}', row {row + 1}, column '{column.name}': expected {column.dtype.value}, got {got}.",
                target=column.name,
            ) from cause
    raise AssertionError("every cell converts")


def _bad_columns(message: str, column: str) -> RestudioError:
    return RestudioError(Kind.BAD_USER_ARGUMENT, "InputMismatchError", message, target=column[:100])


_JSON_TYPES = frozenset({DType.STRING, DType.INTEGER, DType.DOUBLE, DType.BOOLEAN})
"""Element types whose cells JSON writes as they are."""


class _Answer:
    """Writer of one output."""

    def __init__(self, schema: Schema, details: bool) -> None:
        self.schema = schema
        self._names = list(schema.names)
        # None for texts, which stand as they are: a call less for what most columns hold.
        self._formats: list[Format | None] = [
            None if column.dtype is DType.STRING else FORMATTERS[column.dtype] for column in schema
        ]
        self._typed: list[Format | None] = [
            None if column.dtype in _JSON_TYPES else FORMATTERS[column.dtype] for column in schema
        ]
        types = [WIRE_TYPES[column.dtype] for column in schema]
        head = b'{"type":"table","value":{"ColumnNames":' + _encode(self._names)
        head += b',"ColumnTypes":' + _encode(types) if details else b""
        self._head = head + b',"Values":'

    def texts(self, rows: Rows) -> list[list[object]]:
        return self._formatted(rows, self._formats)

    def typed(self, port: str, rows: Rows) -> bytes:
        names = self._names
        shown = self._formatted(rows, self._typed)
        return _encode(port) + b":" + _encode([dict(zip(names, row, strict=True)) for row in shown])

    @staticmethod
    def _formatted(rows: Rows, formats: list[Format | None]) -> list[list[object]]:
        if len(rows.rows) >= _COLUMNS_FROM:
            columns = zip(*rows.rows, strict=True)
            shown = [
                column if form is None else _shown(column, form) for form, column in zip(formats, columns, strict=True)
            ]
            return list(map(list, zip(*shown, strict=True))) if shown else [[] for _ in rows.rows]
        return [
            [cell if form is None or cell is None else form(cell) for form, cell in zip(formats, row, strict=True)]
            for row in rows.rows
        ]

    def table(self, port: str, rows: Rows) -> bytes:
        return _encode(port) + b":" + self._head + _encode(self.texts(rows)) + b"}}"

    def swagger(self, port: str, rows: Rows) -> bytes:
        names = self._names
        return _encode(port) + b":" + _encode([dict(zip(names, row, strict=True)) for row in self.texts(rows)])


def _shown(column: Sequence[object], form: Format) -> list[str | None]:
    return [None if cell is None else form(cell) for cell in column]
