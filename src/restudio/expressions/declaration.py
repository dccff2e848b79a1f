"""The declaration of a function of the language, and the decorator that puts it above the Python function.

    @function(
        "substring", string("text"), integer("start"), integer("length", optional=True),
        refers="https://…",
    )
    def substring(text: str, start: int, length: int | None = None) -> str:
        '''Help: what it gives. …'''

The arguments have been counted and their types checked when the function is called. Nothing is registered:
``restudio.expressions.catalog`` collects what stands in ``restudio.expressions.functions``, and the documentation is
written from the declarations.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from restudio.expressions.errors import ExpressionError
from restudio.expressions.values import Json, Scaled, type_name

Later = Callable[[], Json]
"""An argument of a lazy function: evaluated, and its type checked, when called."""


@dataclass(frozen=True, slots=True)
class Accepts:
    """Types that a parameter takes; all when ``types`` is None."""

    words: str
    types: frozenset[type] | None


_NUMBERS = (int, float, Scaled)
ANY: Final = Accepts("a value", None)
STRING: Final = Accepts("a string", frozenset({str}))
INTEGER: Final = Accepts("an integer", frozenset({int}))
NUMBER: Final = Accepts("an integer or a decimal number", frozenset(_NUMBERS))
BOOLEAN: Final = Accepts("a boolean", frozenset({bool}))
ARRAY: Final = Accepts("an array", frozenset({list}))
OBJECT: Final = Accepts("an object", frozenset({dict}))
TEXT_OR_ARRAY: Final = Accepts("an array or a string", frozenset({list, str}))
COLLECTION: Final = Accepts("an array, an object or a string", frozenset({list, dict, str}))


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    accepts: Accepts = ANY
    optional: bool = False
    repeated: bool = False
    """Takes all further arguments as well. Only the last parameter may."""


def parameter(name: str, accepts: Accepts = ANY, *, optional: bool = False) -> Parameter:
    return Parameter(name, accepts, optional)


def repeated(name: str, accepts: Accepts = ANY, *, optional: bool = False) -> Parameter:
    return Parameter(name, accepts, optional, repeated=True)


@dataclass(frozen=True, slots=True)
class Function:
    """A declared function. ``run`` is the Python function; with ``scoped`` its first argument is the ``Scope``."""

    name: str
    aliases: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    help: str
    run: Callable[..., Json]
    scoped: bool
    lazy: bool
    extra: bool
    """Understood by the original's engine, but not on Data Factory's list."""

    @property
    def usage(self) -> str:
        """
        >>> function("add", parameter("a", NUMBER), parameter("b", NUMBER, optional=True))(max).usage
        'add(a, [b])'
        """
        return f"{self.name}({', '.join(map(_shown, self.parameters))})"

    @property
    def fewest(self) -> int:
        return sum(not p.optional for p in self.parameters)

    @property
    def most(self) -> int | None:
        """None when there is no limit."""
        return None if self.parameters and self.parameters[-1].repeated else len(self.parameters)

    def takes(self, count: int) -> bool:
        return self.fewest <= count and (self.most is None or count <= self.most)

    def parameter_at(self, index: int) -> Parameter:
        return self.parameters[min(index, len(self.parameters) - 1)]

    def wrong_count(self, count: int, position: int | None = None) -> ExpressionError:
        return ExpressionError(
            f"The template language function '{self.name}' expects {self._expected()}: {self.usage}. The function was"
            f" invoked with '{count}' parameter(s).",
            position=position,
        )

    def wrong_type(self, index: int, value: Json, position: int | None = None) -> ExpressionError:
        which = "" if self.most == 1 else f"{ordinal(index)} "
        return ExpressionError(
            f"The template language function '{self.name}' expects its {which}parameter to be"
            f" {self.parameter_at(index).accepts.words}. The provided value is of type '{type_name(value)}'.",
            position=position,
        )

    def _expected(self) -> str:
        numeric = all(p.accepts is NUMBER for p in self.parameters) and "numeric "
        if self.most is None:
            return f"at least {_plural(self.fewest, numeric or '')}"
        if self.fewest == self.most:
            return _plural(self.most, numeric or "") if self.most else "no parameters"
        between = f"{_words(self.fewest)} to " if self.fewest else "at most "
        return between + _plural(self.most, numeric or "")


def function(
    *names_and_parameters: str | Parameter, scoped: bool = False, lazy: bool = False, extra: bool = False
) -> Callable[[Callable[..., Json]], Function]:
    """Declare a function: its name, further names, then its parameters; the docstring is its help."""
    names = tuple(each for each in names_and_parameters if isinstance(each, str))
    parameters = tuple(each for each in names_and_parameters if isinstance(each, Parameter))
    if not names or any(p.repeated for p in parameters[:-1]):
        raise ValueError(f"a function has a name, and only its last parameter repeats: {names_and_parameters}")

    def declare(run: Callable[..., Json]) -> Function:
        return Function(names[0], names[1:], parameters, inspect.getdoc(run) or "", run, scoped, lazy, extra)

    return declare


def ordinal(index: int) -> str:
    """
    >>> ordinal(0), ordinal(6)
    ('first', '7th')
    """
    names = ("first", "second", "third", "fourth", "fifth")
    return names[index] if index < len(names) else f"{index + 1}th"


def _shown(p: Parameter) -> str:
    text = f"{p.name}, …" if p.repeated else p.name
    return f"[{text}]" if p.optional else text


def _words(count: int) -> str:
    return ("no", "one", "two", "three", "four", "five")[count]


def _plural(count: int, adjective: str) -> str:
    return f"{_words(count)} {adjective}parameter{'' if count == 1 else 's'}"
