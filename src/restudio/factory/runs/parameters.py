"""Parameters of a run: what was given, checked against what the pipeline declares. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from restudio.core.errors import Kind, RestudioError, nearest
from restudio.factory.documents.declared import EXPECTED, to_declared
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
    try:
        return to_declared(declaration.type, value)
    except ValueError as error:
        shown = "another value" if declaration.type == "SecureString" else json.dumps(value)[:80]
        message = (
            f"Parameter '{declaration.name}' must be {EXPECTED[declaration.type]} ({declaration.type}); got {shown}."
        )
        raise _wrong(message, declaration.name) from error


def _wrong(message: str, target: str) -> RestudioError:
    return RestudioError(Kind.BAD_ARGUMENT, "InvalidParameter", message, target=target)
