"""Forget the label: modules before the scorer of a predictive graph may not ask callers for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from restudio.core.params import ParamKind, parameters_of, parse_value
from restudio.core.selector import Rule, Selection
from restudio.graph.order import predecessors, topological
from restudio.graph.sketch import Sketch

_NEW_NAMES = "New column names"
_WHY = "the service does not ask callers for the label"


def forget_label(sketch: Sketch, label: str) -> Mapping[str, str]:
    """Take the label out of every column selection that names it.

    A module whose selection would be empty is removed where data can pass it. Renames are followed upwards, so that
    the label is known under the name that it has before them: the answer maps every node to the name of the label in
    its output.
    """
    graph = sketch.graph()
    before = predecessors(graph)
    names: dict[str, str] = dict.fromkeys(sketch.nodes, label)
    for node in reversed(topological(graph)):
        above = _narrow(sketch, node, names[node])
        for source in before.get(node, ()):
            names[source] = above
    return names


def _narrow(sketch: Sketch, node: str, label: str) -> str:
    """Narrow the selections of one node; the name that the label has in its input."""
    params = dict(sketch.nodes[node].params)
    above = _name_before(params, label, sketch, node)
    emptied = False
    for _, parameter in parameters_of(sketch.spec(node).params):
        if parameter.kind is not ParamKind.COLUMN_PICKER:
            continue
        key = next((shown for shown in params if shown.casefold() == parameter.name.casefold()), None)
        selection = parse_value(parameter, params[key]) if key is not None else None
        if key is None or not isinstance(selection, Selection) or not _names(selection, above):
            continue
        _narrow_new_names(params, selection, above)
        narrowed = without(selection, above)
        emptied = emptied or not narrowed.rules
        params[key] = narrowed.to_json()
        sketch.tell(node, f"'{above}' taken out of '{parameter.name}' of {sketch.title(node)}", _WHY)
    if emptied and sketch.table_input(node) is not None:
        sketch.tell(node, f"{sketch.title(node)} removed", f"it only concerned the label '{above}'")
        sketch.bypass(node)
    else:
        sketch.update(node, params=params)
    return above


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


def _listed(rules: tuple[Rule, ...]) -> list[str]:
    return [c for r in rules if r.kind == "ColumnNames" and not r.exclude for c in r.columns]


def _name_before(params: Mapping[str, object], label: str, sketch: Sketch, node: str) -> str:
    """The name of the label before a renaming module (Edit Metadata), else the same name."""
    renamed = _new_names(params)
    if renamed is None or label not in renamed[1]:
        return label
    for _, parameter in parameters_of(sketch.spec(node).params):
        if parameter.kind is ParamKind.COLUMN_PICKER:
            raw = next((v for shown, v in params.items() if shown.casefold() == parameter.name.casefold()), None)
            selection = parse_value(parameter, raw) if raw is not None else None
            columns = _listed(selection.rules) if isinstance(selection, Selection) else []
            if len(columns) == len(renamed[1]):
                return columns[renamed[1].index(label)]
    return label


def _narrow_new_names(params: dict[str, object], selection: Selection, column: str) -> None:
    """Drop the new name that belongs to the column, so that names and columns stay as many."""
    renamed = _new_names(params)
    columns = _listed(selection.rules)
    if renamed is not None and column in columns and len(columns) == len(renamed[1]):
        at = columns.index(column)
        params[renamed[0]] = ", ".join(n for i, n in enumerate(renamed[1]) if i != at)
