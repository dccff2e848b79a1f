"""Pipeline files, ``*.pipeline.yaml``: a draft with its parameters and settings, in the form of experiment files.

restudio: pipeline/1
title: Automobile prices
experiment: nightly-retrain
continue on step failure: false
parameters:
  data: {type: DataSource, default: automobile-prices, required: false}
nodes:
  prices:
    module: dataset
    linked parameters:
      asset: data
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from restudio.designer.types import NO_SETTINGS, DraftSettings, PipelineRole
from restudio.graph.document import flag_at, read_graph, read_members, text_at, write_graph
from restudio.graph.model import Graph
from restudio.graph.yamltext import Place, dump_yaml, unreadable

VERSION = "pipeline/1"
_OWN = ("title", "description", "experiment", "role", "tags", "continue on step failure")


@dataclass(frozen=True, slots=True)
class PipelineDocument:
    """A draft as a person keeps it."""

    title: str
    graph: Graph
    description: str = ""
    settings: DraftSettings = NO_SETTINGS


def to_yaml(document: PipelineDocument) -> str:
    """The text of a pipeline file."""
    settings = document.settings
    content: dict[str, object] = {"restudio": VERSION, "title": document.title}
    if document.description:
        content["description"] = document.description
    if settings.experiment_name:
        content["experiment"] = settings.experiment_name
    if settings.role != "training":
        content["role"] = settings.role
    if settings.tags:
        content["tags"] = dict(settings.tags)
    if settings.continue_on_failure:
        content["continue on step failure"] = True
    return dump_yaml(content | write_graph(document.graph))


def from_yaml(text: str) -> PipelineDocument:
    """Read a pipeline file, the inverse of :func:`to_yaml`. Errors: ``InvalidDocument`` with the line."""
    members = read_members(text, VERSION, _OWN)
    settings = DraftSettings(
        text_at(members.get("experiment"), "experiment"),
        _tags(members.get("tags")),
        flag_at(members.get("continue on step failure"), "continue on step failure"),
        _role(members.get("role")),
    )
    description = text_at(members.get("description"), "description")
    return PipelineDocument(text_at(members.get("title"), "title"), read_graph(members), description, settings)


def _tags(place: Place | None) -> Mapping[str, str]:
    if place is None:
        return {}
    if not isinstance(place.value, Mapping):
        raise unreadable(place.line, "Expected tags as 'name: text' lines.")
    return {name: text_at(value, name) for name, value in place.value.items()}


def _role(place: Place | None) -> PipelineRole:
    named = text_at(place, "role") or "training"
    for role in get_args(PipelineRole):
        if role == named:
            return role  # type: ignore[no-any-return]  # one of the names of PipelineRole
    line = place.line if place else None
    raise unreadable(line, f"Expected one of {', '.join(get_args(PipelineRole))} for 'role'.")
