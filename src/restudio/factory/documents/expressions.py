"""The expressions of a document: found with their places, compiled, and held against what exists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from restudio.core.errors import nearest
from restudio.expressions.catalog import functions
from restudio.expressions.errors import ExpressionError
from restudio.expressions.references import References
from restudio.expressions.template import compile_template, expression_of
from restudio.factory.documents.problems import Problems
from restudio.factory.properties import Json


@dataclass(frozen=True, slots=True)
class Names:
    """What expressions at a place may name; None: nothing of that sort exists there, not even its function.

    ``activities`` are those that have surely ended; ``others`` exist, but may not have.
    """

    activities: Mapping[str, str] | None = None
    others: Mapping[str, str] | None = None
    variables: Mapping[str, str] | None = None
    parameters: Mapping[str, str] | None = None
    global_parameters: Mapping[str, str] | None = None
    dataset_parameters: Mapping[str, str] | None = None
    linked_service_parameters: Mapping[str, str] | None = None
    item: bool = False
    trigger: bool = False


def by_folded(names: Iterator[str] | list[str]) -> dict[str, str]:
    """Names by what they are compared as."""
    return {name.casefold(): name for name in names}


def is_dynamic(value: Json) -> bool:
    """Whether a value, or something in it, is only known when it is evaluated."""
    if isinstance(value, str):
        try:
            return not compile_template(value).is_constant
        except ExpressionError:
            return True
    if isinstance(value, list):
        return any(is_dynamic(each) for each in value)
    if isinstance(value, Mapping):
        return expression_of(value) is not None or any(is_dynamic(each) for each in value.values())
    return False


def check_expressions(value: Json, path: str, names: Names, problems: Problems) -> None:
    """Compile every expression of a value; what does not compile or names what is not there is told."""
    for here, text in iter_texts(value, path):
        try:
            references = compile_template(text).references
        except ExpressionError as error:
            known = [] if error.function is None else (each.name for each in functions().values())
            hint = nearest(error.function or "", known)
            problems.add(here, "InvalidTemplate", error.message + (hint if hint.startswith(" Did") else ""))
        else:
            _check(references, here, names, problems)


def iter_texts(value: Json, path: str, skip: Callable[[str], bool] = lambda path: False) -> Iterator[tuple[str, str]]:
    """All texts in a value with their paths; nothing below what ``skip`` holds for."""
    if skip(path):
        return
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for i, each in enumerate(value):
            yield from iter_texts(each, f"{path}[{i}]", skip)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from iter_texts(each, f"{path}.{name}", skip)


def _check(references: References, path: str, names: Names, problems: Problems) -> None:
    for found, known, what in (
        (references.variables, names.variables, "variable"),
        (references.parameters, names.parameters, "pipeline parameter"),
        (references.global_parameters, names.global_parameters, "global parameter"),
        (references.dataset_parameters, names.dataset_parameters, "dataset parameter"),
        (references.linked_service_parameters, names.linked_service_parameters, "linked-service parameter"),
    ):
        for name in sorted(found):
            if known is not None and name.casefold() not in known:
                hint = nearest(name, known.values()) or " None is declared."
                problems.add(path, "MissingReference", f"there is no {what} '{name[:80]}'.{hint}")
    for name in sorted(references.activities):
        _check_activity(name, path, names, problems)
    for function, present in (
        ("item", names.item),
        ("trigger", names.trigger),
        ("triggerbody", names.trigger),
        ("pipeline", names.parameters is not None),
        ("variables", names.variables is not None),
        ("activity", names.activities is not None),
        ("dataset", names.dataset_parameters is not None),
        ("linkedservice", names.linked_service_parameters is not None),
    ):
        if function in references.functions and not present:
            problems.add(path, "InvalidTemplate", f"{function}() does not exist at this place.")


def _check_activity(name: str, path: str, names: Names, problems: Problems) -> None:
    if names.activities is None or name.casefold() in names.activities:
        return
    others = names.others or {}
    if name.casefold() in others:
        message = f"activity '{name[:80]}' may not have ended here. Make this activity depend on it."
    else:
        message = f"there is no activity '{name[:80]}' here.{nearest(name, others.values())}"
    problems.add(path, "MissingReference", message)
