"""The declaration of a trigger type.

    @trigger(
        type="CustomEventsTrigger",
        properties=(Property("scope", "string", required=True, help="Resource id of the topic."),),
    )
    def custom_events(fields: Fields) -> CustomEvents: ...

A trigger type is a function in a file of ``restudio.factory.triggers``, found by :func:`collect_triggers`; adding one
edits no other file. The function reads the ``typeProperties`` of a document and gives the rule that decides when it
fires; what is wrong in them it tells to the fields.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType

from restudio.core.errors import Kind, RestudioError, nearest
from restudio.factory.activity import Property
from restudio.factory.documents.fields import Fields
from restudio.factory.documents.instant import second_text
from restudio.factory.documents.problems import Problems, ensure_none
from restudio.factory.properties import Json, Properties
from restudio.factory.type_catalog import TypeCatalog, collect
from restudio.triggers.rule import Rule
from restudio.triggers.windows import Reruns, Windows

Read = Callable[[Fields], Rule | Reruns]


@dataclass(frozen=True, slots=True)
class TriggerSpec:
    """Declaration of a trigger type. ``single`` ones have one ``pipeline``, the others any number of ``pipelines``."""

    type: str
    help: str
    properties: tuple[Property, ...]
    single: bool = False


@dataclass(frozen=True, slots=True)
class TriggerType:
    """A declaration beside its function."""

    spec: TriggerSpec
    read: Read

    @property
    def names(self) -> tuple[str, ...]:
        return (self.spec.type,)


@dataclass(frozen=True, slots=True)
class Start:
    """A pipeline that a trigger starts. ``parameters`` as written: evaluated for every firing."""

    pipeline: str
    parameters: Mapping[str, Json]
    path: str = field(default="", compare=False)
    """Of the parameters in the document."""


@dataclass(frozen=True, slots=True)
class TriggerDocument:
    """A trigger as it is in the factory."""

    name: str
    type: str
    rule: Rule | Reruns
    starts: tuple[Start, ...]
    raw: Properties


def trigger(*, type: str, properties: tuple[Property, ...], single: bool = False) -> Callable[[Read], TriggerType]:
    """Declare a trigger type; the function's docstring is its help text."""

    def declare(function: Read) -> TriggerType:
        return TriggerType(TriggerSpec(type, inspect.getdoc(function) or "", properties, single), function)

    return declare


class Triggers(TypeCatalog[TriggerType]):
    """Trigger types by name, in any case."""

    NOUN = "triggers"


def collect_triggers(package: str | ModuleType = "restudio.factory.triggers") -> Triggers:
    """Every trigger type of a package."""
    return Triggers(collect(package, TriggerType))


def read_trigger(name: str, properties: Json, catalog: Triggers, problems: Problems) -> TriggerDocument | None:
    """A trigger from the ``properties`` of its document; None when its type is not known."""
    fields = Fields(properties, "$.properties", problems)
    kind = fields.text("type", required=True)
    if kind not in catalog:
        if kind:
            fields.problem("type", f"'{kind[:80]}' is not a trigger type.{nearest(kind, catalog)}", "UnknownTrigger")
        return None
    found = catalog[kind]
    inner = fields.object("typeProperties", required=True)
    rule = found.read(inner)
    # Some files write the one pipeline of a trigger as a list, and the other way round.
    written = fields.objects("pipelines") or fields.objects("pipeline")
    if found.spec.single and len(written) > 1:
        fields.problem("pipeline", f"a {found.spec.type} starts one pipeline; got {len(written)}.")
    starts = tuple(_read_start(each) for each in written)
    return TriggerDocument(name, found.spec.type, rule, starts, fields.raw)


def parse_trigger(name: str, properties: Json, catalog: Triggers) -> TriggerDocument:
    """As :func:`read_trigger`; refuses a document that has problems, with all of them."""
    problems = Problems(f"trigger '{name}'")
    document = read_trigger(name, properties, catalog, problems)
    ensure_none(problems.found)
    assert document is not None  # a type that is not known is a problem
    return document


def parse_rule(type: str, properties: Mapping[str, Json], catalog: Triggers) -> Rule:
    """When a trigger fires. For windows that are run once more, ``properties`` has their trigger's as ``parent``."""
    rule = parse_trigger("trigger", {**properties, "type": type}, catalog).rule
    if not isinstance(rule, Reruns):
        return rule
    parent = parse_trigger(rule.parent, properties.get("parent"), catalog)
    if parent.type != "TumblingWindowTrigger" or not isinstance(parent.rule, Windows):
        message = (
            f"Trigger '{rule.parent}' is a {parent.type}; only windows of a TumblingWindowTrigger are run once more."
        )
        raise RestudioError(Kind.BAD_ARGUMENT, "TriggerTypeNotSupported", message, target="parentTrigger")
    return rule.of(parent.rule)


def trigger_context(scheduled: datetime, begin: datetime | None = None, end: datetime | None = None) -> dict[str, Json]:
    """What ``trigger()`` is, as far as the instant and the window tell it (Data Factory reference, section 7.4)."""
    outputs: dict[str, Json] = {}
    if begin is not None and end is not None:
        outputs = {"windowStartTime": second_text(begin), "windowEndTime": second_text(end)}
    return {"scheduledTime": second_text(scheduled), "outputs": outputs}


def _read_start(fields: Fields) -> Start:
    reference = fields.object("pipelineReference", required=True)
    parameters = fields.object("parameters")
    return Start(reference.text("referenceName", required=True), dict(parameters.raw), parameters.path)
