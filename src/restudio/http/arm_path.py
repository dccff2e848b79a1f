"""Addresses of the resource manager: their fixed segments match in any case, names stay as they are."""

from __future__ import annotations

import re

_NAMESPACES = re.compile(r"/providers/microsoft\.(?:datafactory|machinelearning)(?:/|\Z)", re.IGNORECASE)


def folded_path(path: str) -> str:
    """The path with every segment in lower case that is no name; other paths unchanged.

    >>> folded_path("/Subscriptions/S/providers/Microsoft.DataFactory/factories/F/pipelines/P/createRun")
    '/subscriptions/S/providers/microsoft.datafactory/factories/F/pipelines/P/createrun'
    """
    found = _NAMESPACES.search(path)
    if found is None:
        return path
    provider = found.start() + len("/providers/")
    before, after = path[:provider].split("/"), path[provider:].split("/")
    # Kinds and names alternate; behind the provider the kinds begin, after its namespace.
    before[1::2] = [kind.lower() for kind in before[1::2]]
    after[0] = after[0].lower()
    after[1::2] = [kind.lower() for kind in after[1::2]]
    return "/".join(before) + "/".join(after)
