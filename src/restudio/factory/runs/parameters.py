"""Parameters of a run: what was given, checked against what the pipeline declares. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from restudio.core.errors import Kind, RestudioError, nearest
from restudio.factory.documents.pipeline import Declaration
from restudio.factory.properties import Json


@dataclass(frozen=True, slots=True)
class Bound:
    """Values by declared name; the secret ones apart."""

    clear: Mapping[str, Json]
    secret: Mapping[str, Json] = field(repr=False)


def bind_parameters(
    name: str, declared: Mapping[str, Declaration], given: Mapping[str, Json], *, what: str = "Pipeline"
) -> Bound:
    """Each declared parameter with what was given or else its default; a RestudioError names what does not fit."""
    folded = {each.casefold(): value for each, value in given.items()}
    for each in given:
        if each.casefold() not in declared:
            hint = nearest(each, [known.name for known in declared.values()]) or " It declares none."
            raise _wrong(f"{what} '{name}' has no parameter '{each[:80]}'.{hint}", each)
    clear: dict[str, Json] = {}
    secret: dict[str, Json] = {}
    for key, declaration in declared.items():
        target = secret if declaration.type == "SecureString" else clear
        if key in folded:
            target[declaration.name] = _converted(declaration, folded[key])
        elif declaration.has_default:
            target[declaration.name] = _converted(declaration, declaration.default)
        else:
            message = (
                f"{what} '{name}' needs the parameter '{declaration.name}' ({declaration.type}): it has no default "
                "and got no value."
            )
            raise _wrong(message, declaration.name)
    return Bound(clear, secret)


def _converted(declaration: Declaration, value: Json) -> Json:
    if value is None:
        return None
    if isinstance(value, Mapping) and declaration.type == "SecureString":
        value = value.get("value", value)  # as {"type": "SecureString", "value": …}
    convert, expected = _TYPES[declaration.type]
    try:
        return convert(value)
    except (ValueError, TypeError) as error:
        shown = "another value" if declaration.type == "SecureString" else json.dumps(value)[:80]
        message = f"Parameter '{declaration.name}' must be {expected} ({declaration.type}); got {shown}."
        raise _wrong(message, declaration.name) from error


def _int(value: Json) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError
    return int(value)


def _float(value: Json) -> float:
    if isinstance(value, bool):
        raise ValueError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


def _bool(value: Json) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().casefold() in ("true", "false"):
        return value.strip().casefold() == "true"
    raise ValueError


def _string(value: Json) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (list, dict, bool)):
        return json.dumps(value)
    return str(value)


def _array(value: Json) -> list[Json]:
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, list):
        raise ValueError
    return found


def _object(value: Json) -> Json:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value  # the declared type Object takes any value, texts too


_TYPES: Mapping[str, tuple[Callable[[Json], Json], str]] = {
    "String": (_string, "a text"),
    "SecureString": (_string, "a text"),
    "Int": (_int, "a whole number"),
    "Float": (_float, "a number"),
    "Bool": (_bool, "true or false"),
    "Array": (_array, "an array"),
    "Object": (_object, "an object"),
}


def _wrong(message: str, target: str) -> RestudioError:
    return RestudioError(Kind.BAD_ARGUMENT, "InvalidParameter", message, target=target)
