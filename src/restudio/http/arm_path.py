"""Addresses of the resource manager: their fixed segments match in any case, names stay as they are."""

from __future__ import annotations

import re

_NAMESPACES = re.compile(
    r"/providers/microsoft\.(?:datafactory|machinelearning|machinelearningservices)(?:/|\Z)", re.IGNORECASE
)
_VERSION = re.compile(r"v\d+\.\d+\Z", re.IGNORECASE)
_RUNS = "pipelineruns"
"""Below it stand calls and ids, which are hexadecimal: no names whose case would count."""


def folded_path(path: str) -> str:
    """The path with every segment in lower case that is no name; other paths unchanged.

    >>> folded_path("/Subscriptions/S/providers/Microsoft.DataFactory/factories/F/pipelines/P/createRun")
    '/subscriptions/S/providers/microsoft.datafactory/factories/F/pipelines/P/createrun'
    >>> folded_path("/Pipelines/V1.0/subscriptions/S/resourceGroups/G/providers/Microsoft.MachineLearningServices"
    ...             "/workspaces/W/PipelineRuns/PipelineSubmit/0F")
    '/pipelines/v1.0/subscriptions/S/resourcegroups/G/providers/microsoft.machinelearningservices/workspaces/W/pipelineruns/pipelinesubmit/0f'
    """
    found = _NAMESPACES.search(path)
    if found is None:
        return path
    provider = found.start() + len("/providers/")
    before, after = path[:provider].split("/"), path[provider:].split("/")
    # Kinds and names alternate; behind the provider the kinds begin, after its namespace.
    before[1::2] = [kind.lower() for kind in before[1::2]]
    before[:3] = [part.lower() if _VERSION.match(part) else part for part in before[:3]]  # of the service's prefix
    after[0] = after[0].lower()
    after[1::2] = [kind.lower() for kind in after[1::2]]
    if after[3:4] == [_RUNS]:
        after[4:] = [part.lower() for part in after[4:]]
    return "/".join(before) + "/".join(after)
