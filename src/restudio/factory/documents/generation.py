"""Whether a document is of Data Factory version 1 or 2 (Data Factory reference, section 9.10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from restudio.factory.properties import Json, Properties

Generation = Literal[1, 2]
_FIRST = ("start", "end", "isPaused", "pipelineMode", "availability", "expirationTime")
_SECOND = ("parameters", "variables", "concurrency", "annotations")


def generation_of(properties: Mapping[str, Json]) -> Generation | None:
    """By what only one of the two has; None when nothing tells.

    >>> generation_of({"activities": [{"scheduler": {"frequency": "Week", "interval": 1}}]})
    1
    """
    raw = Properties(properties)
    activities = [Properties(each) for each in raw.list("activities") if isinstance(each, Mapping)]
    if any(name in raw for name in _FIRST) or any(_is_first(each) for each in activities):
        return 1
    if any(name in raw for name in _SECOND) or any("dependsOn" in each for each in activities):
        return 2
    if isinstance(raw.get("linkedServiceName"), Mapping) or any(_refers(each) for each in activities):
        return 2
    texts = list(_texts(properties))
    if any(text.startswith("$$") for text in texts):
        return 1
    return 2 if any(text.startswith("@") or "@{" in text for text in texts) else None


def _is_first(activity: Properties) -> bool:
    ports = [each for name in ("inputs", "outputs") for each in activity.list(name)]
    by_name = any(isinstance(each, Mapping) and "name" in Properties(each) for each in ports)
    return "scheduler" in activity or isinstance(activity.get("linkedServiceName"), str) or by_name


def _refers(activity: Properties) -> bool:
    return isinstance(activity.get("linkedServiceName"), Mapping)


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
