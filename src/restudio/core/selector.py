"""The column selector: rules that pick columns of a table (modules reference, section 3).

Two encodings are read: the JSON document of classic graphs (``{"isFilter": …, "rules": […]}``) and the
designer's short form (``["AllColumns", {"exclude": true, "ColumnNames": […]}]``). Both become a
:class:`Selection`; :meth:`Selection.resolve` applies it to a schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from restudio.core.errors import ModuleError
from restudio.core.schema import Column, DType, Role, Schema


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: all columns, or columns by name, by 1-based index, or by type and kind."""

    kind: str
    """``AllColumns``, ``ColumnNames``, ``ColumnIndexes`` or ``ColumnTypes``."""
    exclude: bool = False
    columns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """Ordered rules. ``keep_order`` True: set semantics in table order; False: list semantics, duplicates kept."""

    rules: tuple[Rule, ...] = ()
    keep_order: bool = True

    @classmethod
    def everything(cls) -> Selection:
        return cls((Rule("AllColumns"),))

    @classmethod
    def names(cls, *names: str) -> Selection:
        return cls((Rule("ColumnNames", columns=names),))

    @classmethod
    def types(cls, *types: str, kinds: Sequence[str] = ()) -> Selection:
        """By type names such as ``Numeric`` or ``String``, optionally limited to ``Feature``, ``Label``, ``Score``."""
        return cls((Rule("ColumnTypes", types=types, kinds=tuple(kinds)),))

    def resolve(self, schema: Schema, *, parameter: str | None = None) -> tuple[str, ...]:
        """Names of the selected columns.

        Errors: 0003 no rules, 0001 unknown column, 0059 unreadable index, 0060 index out of bounds.
        May return an empty tuple; the module decides whether that is an error.
        """
        if not self.rules:
            raise ModuleError("0003", "No columns are selected.", parameter=parameter)
        chosen: list[str] = []
        for rule in self.rules:
            matched = _match(rule, schema, parameter)
            if rule.exclude:
                chosen = [name for name in chosen if name not in set(matched)]
            else:
                chosen.extend(matched)
        if not self.keep_order:
            return tuple(chosen)
        kept = set(chosen)
        return tuple(name for name in schema.names if name in kept)

    def to_json(self) -> dict[str, object]:
        """The classic document form; :func:`parse_selection` reads it back to an equal value."""
        rules: list[dict[str, object]] = []
        for rule in self.rules:
            row: dict[str, object] = {"ruleType": rule.kind, "exclude": rule.exclude}
            if rule.kind in ("ColumnNames", "ColumnIndexes"):
                row["columns"] = list(rule.columns)
            if rule.types:
                row["columnTypes"] = list(rule.types)
            if rule.kinds:
                row["columnKinds"] = list(rule.kinds)
            rules.append(row)
        return {"isFilter": self.keep_order, "rules": rules}


_TYPES: Mapping[str, Callable[[Column], bool]] = {
    "numeric": lambda c: c.is_numeric,
    "integer": lambda c: c.dtype is DType.INTEGER and not c.is_categorical,
    "double": lambda c: c.dtype is DType.DOUBLE and not c.is_categorical,
    "string": lambda c: c.dtype is DType.STRING and not c.is_categorical,
    "boolean": lambda c: c.dtype is DType.BOOLEAN,
    "datetime": lambda c: c.dtype is DType.DATETIME,
    "timespan": lambda c: c.dtype is DType.TIMESPAN,
    "categorical": lambda c: c.is_categorical,
    "all": lambda c: True,
    "alltypes": lambda c: True,
}
_KINDS: Mapping[str, Callable[[Column], bool]] = {
    "feature": lambda c: c.is_feature,
    "label": lambda c: c.role is Role.LABEL,
    "score": lambda c: c.score is not None,
    "weight": lambda c: c.role is Role.WEIGHT,
    "all": lambda c: True,
}
_INDEX = re.compile(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?\Z")


def _match(rule: Rule, schema: Schema, parameter: str | None) -> list[str]:
    if rule.kind == "AllColumns":
        return list(schema.names)
    if rule.kind == "ColumnNames":
        return [_named(schema, name, parameter) for name in rule.columns]
    if rule.kind == "ColumnIndexes":
        return [schema.columns[i].name for text in rule.columns for i in _indexes(text, len(schema), parameter)]
    kinds = [_KINDS[k.casefold()] for k in rule.kinds]
    types = [_TYPES[t.casefold()] for t in rule.types]
    return [
        c.name for c in schema if (not types or any(t(c) for t in types)) and (not kinds or any(k(c) for k in kinds))
    ]


def _named(schema: Schema, name: str, parameter: str | None) -> str:
    try:
        return schema[name].name
    except ModuleError as error:
        raise ModuleError(error.number, error.text, parameter=parameter, column=name) from None


def _indexes(text: str, width: int, parameter: str | None) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        match = _INDEX.match(part)
        if match is None:
            raise ModuleError(
                "0059",
                f"The column index '{part.strip()}' cannot be read; write a number such as 3 or a range such as 2-5.",
                parameter=parameter,
            )
        first = int(match[1])
        last = int(match[2]) if match[2] else first
        if not 1 <= first <= last <= width:
            raise ModuleError(
                "0060",
                f"The column range '{part.strip()}' is out of bounds; the table has columns 1 to {width}.",
                parameter=parameter,
            )
        found.extend(range(first - 1, last))
    return found


def parse_selection(value: object, *, parameter: str | None = None) -> Selection:
    """Read either encoding, as a JSON text or as already decoded values. Error 0002 when it is neither."""
    if isinstance(value, Selection):
        return value
    if isinstance(value, str):
        text = value.strip()
        if not text.startswith(("{", "[")):
            # A bare name is what people write by hand in experiment files.
            return Selection.names(text) if text else Selection()
        try:
            value = json.loads(text)
        except ValueError as cause:
            raise _unreadable(parameter, f"it is not JSON: {cause}") from cause
    if isinstance(value, Mapping):
        return _parse_classic(value, parameter)
    if isinstance(value, Sequence):
        return _parse_short(value, parameter)
    raise _unreadable(parameter, f"got {type(value).__name__}")


def _unreadable(parameter: str | None, why: str) -> ModuleError:
    return ModuleError("0002", f"The column selection could not be read: {why}.", parameter=parameter)


def _strings(value: object, parameter: str | None, what: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, (str, int)):
        value = [value]
    if not isinstance(value, Sequence) or not all(isinstance(v, (str, int)) for v in value):
        raise _unreadable(parameter, f"{what} must be a list of texts or numbers")
    return tuple(str(v) for v in value)


def _rule(kind: str, exclude: object, columns: object, types: object, kinds: object, parameter: str | None) -> Rule:
    rule = Rule(
        kind,
        exclude is True or str(exclude).casefold() == "true",
        _strings(columns, parameter, "columns"),
        _strings(types, parameter, "column types"),
        _strings(kinds, parameter, "column kinds"),
    )
    for name in rule.types:
        if name.casefold() not in _TYPES:
            raise _unreadable(parameter, f"unknown column type '{name}'")
    for name in rule.kinds:
        if name.casefold() not in _KINDS:
            raise _unreadable(parameter, f"unknown column kind '{name}'")
    return rule


def _parse_classic(document: Mapping[str, object], parameter: str | None) -> Selection:
    rules = document.get("rules")
    if not isinstance(rules, Sequence) or isinstance(rules, str):
        raise _unreadable(parameter, "'rules' must be a list")
    parsed = []
    for row in rules:
        if not isinstance(row, Mapping):
            raise _unreadable(parameter, "each rule must be an object")
        kind = row.get("ruleType")
        if kind not in ("AllColumns", "ColumnNames", "ColumnIndexes", "ColumnTypes"):
            raise _unreadable(parameter, f"unknown ruleType '{kind}'")
        parsed.append(
            _rule(
                kind,
                row.get("exclude", False),
                row.get("columns"),
                row.get("columnTypes"),
                row.get("columnKinds"),
                parameter,
            )
        )
    return Selection(tuple(parsed), document.get("isFilter", True) is not False)


def _parse_short(rows: Sequence[object], parameter: str | None) -> Selection:
    keep_order = True
    parsed: list[Rule] = []
    for row in rows:
        if isinstance(row, str):
            if row.casefold() != "allcolumns":
                raise _unreadable(parameter, f"'{row}' is not 'AllColumns' or a rule object")
            parsed.append(Rule("AllColumns"))
            continue
        if not isinstance(row, Mapping):
            raise _unreadable(parameter, "each rule must be 'AllColumns' or an object")
        keys = {str(k).casefold(): v for k, v in row.items()}
        keep_order = keep_order and keys.pop("keepinputdataorder", True) is not False
        exclude = keys.pop("exclude", False)
        if "columnnames" in keys:
            rule = _rule("ColumnNames", exclude, keys["columnnames"], None, None, parameter)
        elif "columnindices" in keys:
            rule = _rule("ColumnIndexes", exclude, keys["columnindices"], None, None, parameter)
        elif "columntypes" in keys or "columnkinds" in keys:
            rule = _rule("ColumnTypes", exclude, None, keys.get("columntypes"), keys.get("columnkinds"), parameter)
        else:
            raise _unreadable(parameter, "a rule needs ColumnNames, ColumnIndices, ColumnTypes or ColumnKinds")
        if rule.exclude and not parsed:
            parsed.append(Rule("AllColumns"))
        parsed.append(rule)
    return Selection(tuple(parsed), keep_order)
