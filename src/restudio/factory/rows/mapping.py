"""The translator of a copy: which column goes where and becomes what (Data Factory reference, 6.1.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from restudio.core.errors import nearest
from restudio.factory.errors import ActivityFailed
from restudio.factory.properties import Json, Properties
from restudio.factory.rows.conversion import Conversion, NotConvertible, interim_type
from restudio.factory.rows.json_path import JsonPath
from restudio.factory.rows.record import BadRecord, Column, Record, Records, names_of

Get = Callable[[Record, Any], Any]
"""From the whole record and the current item of the collection (the record itself without one)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One mapping as written: both ends by ``name``, ``ordinal`` (from 1) or ``path``."""

    source: Properties
    sink: Properties


@dataclass(frozen=True, slots=True)
class Translator:
    """``rules`` None maps by name."""

    rules: tuple[Rule, ...] | None = None
    collection: JsonPath | None = None
    conversion: Conversion = field(default_factory=Conversion)

    @classmethod
    def of(cls, p: Properties) -> Translator:
        """From the ``translator`` of a copy, in its present and its older forms."""
        written = p.list("mappings")
        rules: tuple[Rule, ...] | None = None
        if written:
            rules = tuple(
                Rule(Properties(each).object("source"), Properties(each).object("sink"))
                for each in written
                if isinstance(each, Mapping)
            )
        elif p.get("columnMappings"):
            pairs = _pairs(p["columnMappings"])
            rules = tuple(Rule(Properties({"name": a}), Properties({"name": b})) for a, b in pairs)
        elif p.get("schemaMapping"):
            pairs = _pairs(p["schemaMapping"])
            rules = tuple(Rule(_place(a), _place(b)) for a, b in pairs)
        collection = p.get("collectionReference")
        return cls(
            rules,
            JsonPath.parse(str(collection)) if collection else None,
            Conversion.of(p.object("typeConversionSettings")),
        )

    def apply(self, records: Records, sink_columns: Sequence[Column] = ()) -> Records:
        """The records with the columns that go to the sink; rows that do not convert are marked."""
        if self.rules is None and self.collection is None:
            return records
        moves = [_Move.of(rule, records.columns, sink_columns) for rule in self.rules or ()]
        columns = tuple(Column(m.column.name, m.column.type) for m in moves if m.path is None)
        return Records(columns, self._moved(records, moves))

    def _moved(self, records: Records, moves: Sequence[_Move]) -> Iterator[list[Record | BadRecord]]:
        number = 0
        for batch in records.batches:
            moved: list[Record | BadRecord] = []
            for row in batch:
                number += 1
                if isinstance(row, BadRecord):
                    moved.append(row)
                    continue
                moved.extend(self._one(row, item, moves, number) for item in self._items(row))
            yield moved

    def _items(self, row: Record) -> list[Any]:
        if self.collection is None:
            return [row]
        found = self.collection.find(row)
        if found is None:
            return []
        return found if isinstance(found, list) else [found]

    def _one(self, row: Record, item: Any, moves: Sequence[_Move], number: int) -> Record | BadRecord:
        if self.rules is None:
            return item if isinstance(item, dict) else {"value": item}
        made: Record = {}
        for move in moves:
            try:
                value = move.get(row, item)
                if move.convert:
                    value = self.conversion.convert(value, move.column.type)
            except NotConvertible as error:
                return BadRecord(number, str(list(row.values()))[:1000], f"column '{move.column.name}': {error}")
            if move.path is not None:
                move.path.put(made, value)
            else:
                made[move.column.name] = value
        return made


@dataclass(frozen=True, slots=True)
class _Move:
    get: Get
    column: Column
    convert: bool
    path: JsonPath | None

    @classmethod
    def of(cls, rule: Rule, columns: Sequence[Column], sink_columns: Sequence[Column]) -> _Move:
        source_type, sink_type = rule.source.get("type"), rule.sink.get("type")
        get, name, held = _getter(rule.source, columns)
        wanted = sink_type or source_type
        path = JsonPath.parse(str(rule.sink["path"])) if rule.sink.get("path") else None
        target = rule.sink.get("name")
        if target is None and rule.sink.get("ordinal") is not None:
            target = _by_ordinal(rule.sink["ordinal"], sink_columns, "sink", name).name
        if path is not None and len(path.steps) == 1:
            target, path = str(path.steps[0]), None
        column_type = interim_type(wanted, f"the mapping of '{name}'") if wanted else held
        return cls(get, Column(str(target or name), column_type), wanted is not None, path)


def _getter(source: Properties, columns: Sequence[Column]) -> tuple[Get, str, str]:
    """How to read a source end, the name it has, and the type it is known to have."""
    if source.get("path"):
        path = JsonPath.parse(str(source["path"]))
        last = str(path.steps[-1]) if path.steps else "value"
        if path.is_rooted:
            return (lambda row, item: path.find(row)), last, "String"
        return (lambda row, item: path.find(item)), last, "String"
    if source.get("ordinal") is not None:
        column = _by_ordinal(source["ordinal"], columns, "source", "")
    else:
        name = source.get("name")
        if not isinstance(name, str):
            raise ActivityFailed.missing("translator.mappings.source.name")
        if columns and name not in names_of(columns):
            raise ActivityFailed(
                "2200",
                "ErrorCode=UserErrorColumnNotFound: The source has no column "
                f"'{name}'.{nearest(name, names_of(columns))}",
            )
        column = next((each for each in columns if each.name == name), Column(name))
    return (lambda row, item: item.get(column.name) if isinstance(item, dict) else None), column.name, column.type


def _by_ordinal(given: Json, columns: Sequence[Column], side: str, otherwise: str) -> Column:
    if not str(given).isdecimal() or int(str(given)) < 1:
        raise ActivityFailed.wrong_type(f"translator.mappings.{side}.ordinal", "int")
    at = int(str(given)) - 1
    if at < len(columns):
        return columns[at]
    if side == "sink" and not columns:
        return Column(otherwise or f"Prop_{at}")
    raise ActivityFailed(
        "2200",
        f"ErrorCode=UserErrorColumnNotFound: The {side} has {len(columns)} columns, the mapping asks for {given}.",
    )


def _pairs(given: Json) -> list[tuple[str, str]]:
    if isinstance(given, Mapping):
        return [(str(a), str(b)) for a, b in given.items()]
    pairs = (part.partition(":") for part in str(given).split(",") if part.strip())
    return [(a.strip(), b.strip()) for a, _, b in pairs]


def _place(text: str) -> Properties:
    return Properties({"path": text} if text.startswith("$") else {"name": text})
