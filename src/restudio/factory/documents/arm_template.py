"""Resource templates, as factories are exported: parameters filled in, resources taken out (reference, section 1.1)."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from restudio.core.errors import Kind, RestudioError
from restudio.expressions.scope import Scope
from restudio.expressions.template import compile_template
from restudio.factory.properties import Json, Properties

_PARAMETER = re.compile(r"\bparameters\s*\(\s*('(?:[^']|'')*')\s*\)", re.IGNORECASE)
_PREFIX = "microsoft.datafactory/factories/"


def is_template(document: Json) -> bool:
    """Whether a document is a resource template."""
    return isinstance(document, Mapping) and "resources" in Properties(document)


def read_template(document: Mapping[str, Json], settings: Mapping[str, str], where: str) -> list[dict[str, Json]]:
    """The resources of factories in a template: ``type`` without its prefix, plain ``name``, ``properties``.

    ``settings`` give the template's parameters values; others have their defaults.
    """
    template = Properties(document)
    values = _parameters(template, settings, where)
    base = Scope(now=lambda: datetime.now(UTC), random=random.SystemRandom(), pipeline={"parameters": values})
    variables = _evaluate(dict(template.object("variables")), base, where)
    scope = Scope(now=base.now, random=base.random, pipeline=base.pipeline, variables=variables)
    found = []
    for each in template.list("resources"):
        resource = Properties(each) if isinstance(each, Mapping) else Properties({})
        kind = str(resource.get("type", ""))
        if kind.casefold().startswith(_PREFIX):
            name = str(_evaluate(resource.get("name"), scope, where)).rpartition("/")[2]
            properties = _evaluate(resource.get("properties"), scope, where)
            found.append({"type": kind, "name": name, "properties": properties})
    return found


def _parameters(template: Properties, settings: Mapping[str, str], where: str) -> dict[str, Json]:
    given = {name.casefold(): value for name, value in settings.items()}
    values: dict[str, Json] = {"factoryName": "factory"}
    for name, written in template.object("parameters").items():
        declared = Properties(written) if isinstance(written, Mapping) else Properties({})
        if name.casefold() in given:
            values[name] = as_type(given[name.casefold()], declared.get("type"))
        elif "defaultValue" in declared:
            values[name] = declared["defaultValue"]
        elif name.casefold() != "factoryname":
            message = f"{where}: the template's parameter '{name}' has no value. Give it with --set {name}=…"
            raise RestudioError(Kind.BAD_ARGUMENT, "MissingParameter", message, target=name)
    return values


def as_type(text: str, type: Json) -> Json:
    """A value that was typed as text, as JSON unless a text is what is wanted.

    >>> as_type("007", "secureString"), as_type("7", "int"), as_type("x=1;y", None)
    ('007', 7, 'x=1;y')
    """
    if isinstance(type, str) and type.casefold() in ("string", "securestring"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _evaluate(value: Json, scope: Scope, where: str) -> Json:
    """A value with its ``[…]`` texts evaluated; ``[[`` stands for a plain bracket."""
    if isinstance(value, list):
        return [_evaluate(each, scope, where) for each in value]
    if isinstance(value, Mapping):
        return {name: _evaluate(each, scope, where) for name, each in value.items()}
    if not isinstance(value, str) or not (value.startswith("[") and value.endswith("]")):
        return value[1:] if isinstance(value, str) and value.startswith("[[") else value
    if value.startswith("[["):
        return value[1:]
    # The language of templates is that of pipelines, but for how parameters are named.
    expression = _PARAMETER.sub(r"pipeline().parameters[\1]", value[1:-1])
    try:
        return compile_template(f"@{expression}").evaluate(scope)
    except RestudioError as error:
        message = f"{where}: the template expression '{value[:200]}' cannot be evaluated: {error.message}"
        raise RestudioError(Kind.BAD_ARGUMENT, "InvalidTemplate", message, target=where) from error
