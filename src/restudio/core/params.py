"""Parameters of modules (and of anything else with a Spec), declared once as fields of a frozen dataclass.

    @dataclass(frozen=True, slots=True, kw_only=True)
    class SplitParams:
        fraction: float = real("Fraction of rows in the first output dataset", 0.5, ge=0, le=1)
        randomized: bool = boolean("Randomized split", True)

Validation, property form, help page, API schema and generated test values are derived from the fields. The raw
form of parameters is a mapping from *display name* to a plain value (text, number, boolean, JSON), as graphs store
it; :func:`parse_params` turns that into the dataclass and raises the catalog's standard errors.
"""

from __future__ import annotations

import dataclasses
import enum
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from restudio.core.errors import ModuleError, nearest
from restudio.core.selector import Selection, parse_selection

T = TypeVar("T")
_KEY = "restudio.parameter"


class ParamKind(enum.Enum):
    """Parameter kinds of the classic module interface."""

    STRING = "String"
    INT = "Int"
    FLOAT = "Float"
    BOOLEAN = "Boolean"
    ENUMERATED = "Enumerated"
    MODE = "Mode"
    COLUMN_PICKER = "ColumnPicker"
    PARAMETER_RANGE = "ParameterRange"
    SCRIPT = "Script"
    CREDENTIAL = "Credential"


@dataclass(frozen=True, slots=True)
class When:
    """The parameter is shown, read and validated only while another one has one of these values.

    ``also`` is a second condition, for one that several choices share and that tells different things among them.
    """

    parameter: str
    values: tuple[object, ...]
    also: When | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """Declaration of one parameter: display name, kind, default, limits, help.

    ``ge``/``gt``/``le``/``lt`` bound numbers (errors 0005, 0004, 0007, 0006; 0008 when both ends are closed).
    ``choices`` are the allowed display values of enumerations and modes. ``aliases`` are other names that old graphs
    use. ``optional`` parameters may be None. ``single`` marks a picker of exactly one column.
    ``signed`` marks an address whose query may carry a signature: then it is kept as a credential is.
    ``hidden`` parameters carry what a module learned from its inputs; forms and help pages leave them out.
    """

    name: str
    kind: ParamKind
    default: object
    help: str = ""
    choices: tuple[str, ...] = ()
    choice_aliases: Mapping[str, str] = field(default_factory=dict)
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    optional: bool = False
    single: bool = False
    hidden: bool = False
    signed: bool = False
    when: When | None = None
    aliases: tuple[str, ...] = ()


def _declare(parameter: Parameter) -> Any:
    return field(default=parameter.default, metadata={_KEY: parameter})


def text(name: str, default: str = "", **options: Any) -> Any:
    """A text parameter."""
    return _declare(Parameter(name, ParamKind.STRING, default, **options))


def secret(name: str, default: str = "", **options: Any) -> Any:
    """A credential: kept encrypted, never shown."""
    return _declare(Parameter(name, ParamKind.CREDENTIAL, default, **options))


def script(name: str, default: str = "", **options: Any) -> Any:
    """A program text."""
    return _declare(Parameter(name, ParamKind.SCRIPT, default, **options))


def integer(name: str, default: int | None, **options: Any) -> Any:
    """A whole number; ``default=None`` makes it optional (blank)."""
    return _declare(
        Parameter(name, ParamKind.INT, default, optional=options.pop("optional", default is None), **options)
    )


def real(name: str, default: float | None, **options: Any) -> Any:
    """A floating-point number; infinite and NaN values are refused (0033, 0032)."""
    return _declare(
        Parameter(name, ParamKind.FLOAT, default, optional=options.pop("optional", default is None), **options)
    )


def boolean(name: str, default: bool, **options: Any) -> Any:
    """True or False, also as text."""
    return _declare(Parameter(name, ParamKind.BOOLEAN, default, **options))


def choice(name: str, choices: Sequence[str], default: str | None = None, **options: Any) -> Any:
    """One of several display values; the first is the default unless named."""
    first = choices[0] if default is None else default
    return _declare(Parameter(name, ParamKind.ENUMERATED, first, choices=tuple(choices), **options))


def mode(name: str, choices: Sequence[str], default: str | None = None, **options: Any) -> Any:
    """A choice that shows or hides other parameters."""
    first = choices[0] if default is None else default
    return _declare(Parameter(name, ParamKind.MODE, first, choices=tuple(choices), **options))


def columns(name: str, default: Selection | None = None, **options: Any) -> Any:
    """A column picker; the value is a :class:`Selection`."""
    return _declare(Parameter(name, ParamKind.COLUMN_PICKER, default or Selection(), **options))


def parameter_range(name: str, default: str, **options: Any) -> Any:
    """A list of values to sweep, such as ``"2; 8; 32; 128"``; the value is a tuple of numbers."""
    parsed = tuple(float(part) for part in default.split(";"))
    return _declare(Parameter(name, ParamKind.PARAMETER_RANGE, parsed, **options))


def when(parameter: str, *values: object, also: When | None = None) -> When:
    """Shown only while the field ``parameter`` (its Python name) has one of ``values``, and ``also`` holds."""
    return When(parameter, values, also)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoParams:
    """For modules without parameters."""


def parameters_of(cls: type) -> Iterator[tuple[str, Parameter]]:
    """Field name and declaration of every parameter of a parameter class, in order."""
    for item in dataclasses.fields(cls):
        yield item.name, item.metadata[_KEY]


def is_shown(declared: Mapping[str, Parameter], name: str, values: Mapping[str, object]) -> bool:
    """Whether a parameter counts among these values: what decides about it counts itself, and has the right value."""
    return _holds(declared[name].when, declared, values)


def _holds(condition: When | None, declared: Mapping[str, Parameter], values: Mapping[str, object]) -> bool:
    return condition is None or (
        values.get(condition.parameter) in condition.values
        and is_shown(declared, condition.parameter, values)
        and _holds(condition.also, declared, values)
    )


def parse_params(cls: type[T], raw: Mapping[str, object]) -> T:
    """Build ``cls`` from raw values by display name (old names and different case are accepted).

    Errors: 0002 for a value of the wrong form or an unknown parameter, 0003 for a missing required selection or text,
    0004 to 0008 for numbers out of range, 0032 and 0033 for NaN and infinite numbers.
    """
    declared = dict(parameters_of(cls))
    by_name = {n.casefold(): f for f, p in declared.items() for n in (p.name, *p.aliases)}
    given: dict[str, object] = {}
    for name, value in raw.items():
        target = by_name.get(name.casefold())
        if target is None:
            raise ModuleError(
                "0002",
                f"There is no parameter '{name}'.{nearest(name, [p.name for p in declared.values()])}",
                parameter=name,
            )
        given[target] = value
    values: dict[str, object] = {}
    for name, parameter in declared.items():
        shown = name in given and is_shown(declared, name, values)
        values[name] = parse_value(parameter, given[name]) if shown else parameter.default
    return cls(**values)


def parse_value(parameter: Parameter, value: object) -> object:
    """One raw value to the Python value of its parameter; see :func:`parse_params` for the errors."""
    if value is None or (isinstance(value, str) and not value.strip() and parameter.kind in _BLANK_IS_NONE):
        if parameter.optional:
            return None
        raise ModuleError("0003", f"Parameter '{parameter.name}' must not be empty.", parameter=parameter.name)
    match parameter.kind:
        case ParamKind.STRING | ParamKind.SCRIPT | ParamKind.CREDENTIAL:
            if isinstance(value, (Mapping, list, tuple)):
                raise _wrong(parameter, "a text", value)
            return value if isinstance(value, str) else _plain_text(value)
        case ParamKind.BOOLEAN:
            return _parse_bool(parameter, value)
        case ParamKind.INT:
            return int(_bounded(parameter, _parse_int(parameter, value)))
        case ParamKind.FLOAT:
            return float(_bounded(parameter, _parse_float(parameter, value)))
        case ParamKind.ENUMERATED | ParamKind.MODE:
            return _parse_choice(parameter, value)
        case ParamKind.COLUMN_PICKER:
            return parse_selection(value, parameter=parameter.name)
        case ParamKind.PARAMETER_RANGE:
            return _parse_range(parameter, value)


def to_raw(params: object) -> dict[str, object]:
    """The raw form of a parameter object, such that :func:`parse_params` gives an equal one back."""
    raw: dict[str, object] = {}
    for name, parameter in parameters_of(type(params)):
        value = getattr(params, name)
        if isinstance(value, Selection):
            value = value.to_json() if value.rules else None
        elif isinstance(value, tuple):
            value = "; ".join(repr(v) for v in value)
        if value is not None:
            raw[parameter.name] = value
    return raw


_BLANK_IS_NONE = frozenset({ParamKind.INT, ParamKind.FLOAT, ParamKind.BOOLEAN, ParamKind.PARAMETER_RANGE})


def _plain_text(value: object) -> str:
    return ("True" if value else "False") if isinstance(value, bool) else str(value)


def _wrong(parameter: Parameter, expected: str, value: object) -> ModuleError:
    shown = "(hidden)" if parameter.kind is ParamKind.CREDENTIAL else repr(value)[:80]
    return ModuleError(
        "0002", f"Parameter '{parameter.name}' must be {expected}, got {shown}.", parameter=parameter.name
    )


def _parse_bool(parameter: Parameter, value: object) -> bool:
    if isinstance(value, bool):
        return value
    folded = str(value).strip().casefold()
    if folded in ("true", "1"):
        return True
    if folded in ("false", "0"):
        return False
    raise _wrong(parameter, "True or False", value)


_WHOLE = re.compile(r"[+-]?[0-9]{1,30}")


def _parse_int(parameter: Parameter, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    raise _wrong(parameter, "a whole number", value)


def _parse_float(parameter: Parameter, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise _wrong(parameter, "a number", value)
    try:
        number = float(value)
    except (ValueError, OverflowError) as cause:
        raise _wrong(parameter, "a number", value) from cause
    if math.isnan(number):
        raise ModuleError("0032", f"Parameter '{parameter.name}' is not a number.", parameter=parameter.name)
    if math.isinf(number):
        raise ModuleError("0033", f"Parameter '{parameter.name}' is infinite.", parameter=parameter.name)
    return number


def _bounded(p: Parameter, value: float) -> float:
    low = (p.ge is not None and value < p.ge) or (p.gt is not None and value <= p.gt)
    high = (p.le is not None and value > p.le) or (p.lt is not None and value >= p.lt)
    if not low and not high:
        return value
    if p.ge is not None and p.le is not None:
        number, expected = "0008", f"between {p.ge:g} and {p.le:g}"
    elif low:
        number, expected = ("0005", f"at least {p.ge:g}") if p.ge is not None else ("0004", f"greater than {p.gt:g}")
    else:
        number, expected = ("0007", f"at most {p.le:g}") if p.le is not None else ("0006", f"less than {p.lt:g}")
    raise ModuleError(number, f"Parameter '{p.name}' must be {expected}, got {value:g}.", parameter=p.name)


def _parse_choice(parameter: Parameter, value: object) -> str:
    folded = _without_blanks(_plain_text(value))
    for name in parameter.choices:
        if _without_blanks(name) == folded:
            return name
    for alias, name in parameter.choice_aliases.items():
        if _without_blanks(alias) == folded:
            return name
    raise _wrong(parameter, "one of " + ", ".join(repr(c) for c in parameter.choices), value)


def _without_blanks(text: str) -> str:
    """Graphs write ``PearsonCorrelation`` where people see ``Pearson Correlation``."""
    return "".join(text.split()).casefold()


def _parse_range(parameter: Parameter, value: object) -> tuple[float, ...]:
    parts: Sequence[object]
    if isinstance(value, str):
        parts = [part for part in value.split(";") if part.strip()]
    elif isinstance(value, (list, tuple)):
        parts = value
    else:
        parts = [value]
    if not parts:
        raise _wrong(parameter, "a list of numbers such as '2; 8; 32'", value)
    numbers = [_parse_float(parameter, part) for part in parts]
    return tuple(_bounded(parameter, number) for number in numbers)
