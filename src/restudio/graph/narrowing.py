"""Forget the label: modules before the scorer of a predictive graph may not ask callers for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from restudio.core.errors import ModuleError
from restudio.core.params import ParamKind, parameters_of, parse_value
from restudio.core.schema import Schema
from restudio.core.selector import Selection
from restudio.graph.order import predecessors, topological
from restudio.graph.sketch import Sketch

_NEW_NAMES = "New column names"
_WHY = "the service does not ask callers for the label"


ColumnsInto = Callable[[str], Schema | None]
"""The columns that came to the first table input of a node when the training graph ran, where that is known."""


def forget_label(sketch: Sketch, label: str, columns_into: ColumnsInto) -> Mapping[str, str]:
    """Take the label out of every column selection that names it.

    A module whose selection would be empty is removed where data can pass it. Renames are followed upwards, so that
    the label is known under the name that it has before them: the answer maps every node to the name of the label in
    its output. A selection by number is written out by name, as columns behind the label move up.
    """
    graph = sketch.graph()
    before = predecessors(graph)
    names: dict[str, str] = dict.fromkeys(sketch.nodes, label)
    for node in reversed(topological(graph)):
        above = _narrow(sketch, node, names[node], columns_into(node))
        for source in before.get(node, ()):
            names[source] = above
    return names


def _narrow(sketch: Sketch, node: str, label: str, columns: Schema | None) -> str:
    """Narrow the selections of one node; the name that the label has in its input."""
    params = dict(sketch.nodes[node].params)
    selections = dict(_selections(params, sketch, node))
    above = _name_before(params, selections.values(), label, columns)
    emptied = False
    for key, selection in selections.items():
        renamed = _narrow_new_names(params, _chosen(selection, columns), above)
        narrowed = without(_by_name(selection, above, columns), above)
        if narrowed == selection:
            if renamed:
                sketch.tell(node, f"the new name of '{above}' taken out of {sketch.title(node)}", _WHY)
            continue
        emptied = emptied or not narrowed.rules
        params[key] = narrowed.to_json()
        if _names(selection, above):
            sketch.tell(node, f"'{above}' taken out of '{key}' of {sketch.title(node)}", _WHY)
        else:
            sketch.tell(node, f"'{key}' of {sketch.title(node)} written out by name, without '{above}'", _WHY)
    if emptied and sketch.table_input(node) is not None:
        sketch.tell(node, f"{sketch.title(node)} removed", f"it only concerned the label '{above}'")
        sketch.bypass(node)
    else:
        sketch.update(node, params=params)
    return above


def _selections(params: Mapping[str, object], sketch: Sketch, node: str) -> Iterator[tuple[str, Selection]]:
    """The column selections of a node that are set, by the key that they have in its parameters."""
    for _, parameter in parameters_of(sketch.spec(node).params):
        if parameter.kind is ParamKind.COLUMN_PICKER:
            key = next((shown for shown in params if shown.casefold() == parameter.name.casefold()), None)
            selection = parse_value(parameter, params[key]) if key is not None else None
            if key is not None and isinstance(selection, Selection):
                yield key, selection


def _by_name(selection: Selection, label: str, columns: Schema | None) -> Selection:
    if columns is None or label not in columns or not any(r.kind == "ColumnIndexes" for r in selection.rules):
        return selection
    return replace(selection, rules=Selection.names(*_chosen(selection, columns)).rules)


def _chosen(selection: Selection, columns: Schema | None) -> Sequence[str]:
    """The selected columns; without known columns those that are named."""
    if columns is not None:
        with suppress(ModuleError):  # a selection that the module did not use need not fit its input
            return selection.resolve(columns)
    return [c for r in selection.rules if r.kind == "ColumnNames" and not r.exclude for c in r.columns]


def without(selection: Selection, column: str) -> Selection:
    """The selection without a column in its rules by name; rules that name nothing else go."""
    rules = []
    for rule in selection.rules:
        if rule.kind == "ColumnNames" and column in rule.columns:
            kept = tuple(c for c in rule.columns if c != column)
            if kept:
                rules.append(replace(rule, columns=kept))
        else:
            rules.append(rule)
    return replace(selection, rules=tuple(rules))


def _names(selection: Selection, column: str) -> bool:
    return any(r.kind == "ColumnNames" and column in r.columns for r in selection.rules)


def _new_names(params: Mapping[str, object]) -> tuple[str, list[str]] | None:
    for shown, value in params.items():
        if shown.casefold() == _NEW_NAMES.casefold() and isinstance(value, str) and value.strip():
            return shown, [name.strip() for name in value.split(",")]
    return None


def _name_before(
    params: Mapping[str, object], selections: Iterable[Selection], label: str, columns: Schema | None
) -> str:
    """The name of the label before a renaming module (Edit Metadata), else the same name."""
    renamed = _new_names(params)
    if renamed is not None and label in renamed[1]:
        for selection in selections:
            chosen = _chosen(selection, columns)
            if len(chosen) == len(renamed[1]):
                return chosen[renamed[1].index(label)]
    return label


def _narrow_new_names(params: dict[str, object], chosen: Sequence[str], column: str) -> bool:
    """Drop the new name that belongs to the column, so that names and columns stay as many; whether there was one."""
    renamed = _new_names(params)
    if renamed is None or column not in chosen or len(chosen) != len(renamed[1]):
        return False
    at = chosen.index(column)
    params[renamed[0]] = ", ".join(n for i, n in enumerate(renamed[1]) if i != at)
    return True
