"""Checks of factory documents before anything runs: everything that is wrong, with file, JSON path and remedy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from restudio.core.errors import nearest
from restudio.factory.activity import Activities, ActivitySpec, Property
from restudio.factory.dataset import DatasetKinds
from restudio.factory.documents.expressions import Names, by_folded, check_expressions, is_dynamic
from restudio.factory.documents.names import entity_name_problem
from restudio.factory.documents.pipeline import (
    PARAMETER_TYPES,
    ActivityDocument,
    Pipeline,
    read_declarations,
    read_pipeline,
)
from restudio.factory.documents.problems import Problem, Problems, shown
from restudio.factory.documents.slips import tell_slips
from restudio.factory.documents.timespan import parse_timespan
from restudio.factory.documents.typed import to_typed
from restudio.factory.errors import ActivityFailed
from restudio.factory.linked_service import LinkedServiceKinds
from restudio.factory.properties import Json, Properties
from restudio.factory.trigger import Triggers, read_trigger
from restudio.factory.types import GLOBAL_PARAMETERS, TITLES, ResourceKind

Find = Callable[[ResourceKind, str], Properties | None]
"""The ``properties`` of a resource by its name, in any case."""
LISTED = "referenceName"
_REFERENCES: Mapping[str, ResourceKind] = {
    "linkedservicereference": "linkedService",
    "datasetreference": "dataset",
    "pipelinereference": "pipeline",
    "triggerreference": "trigger",
}
GLOBAL_TYPES = ("Object", "String", "Int", "Float", "Bool", "Array")


@dataclass(frozen=True, slots=True)
class Document:
    """A resource to check. ``where`` names its file, or the resource itself."""

    kind: ResourceKind
    name: str
    properties: Mapping[str, Json]
    where: str


@dataclass(frozen=True, slots=True)
class Catalogs:
    """The types that documents may name. Without ``datasets`` those are not checked."""

    activities: Activities
    linked_services: LinkedServiceKinds
    triggers: Triggers
    datasets: DatasetKinds | None = None


def check_documents(
    documents: Sequence[Document], catalogs: Catalogs, find: Find, names: Callable[[ResourceKind], list[str]]
) -> list[Problem]:
    """Problems of all documents. They see each other, and behind them what ``find`` and ``names`` know."""
    own = {(each.kind, each.name.casefold()): each for each in documents}

    def find_any(kind: ResourceKind, name: str) -> Properties | None:
        mine = own.get((kind, name.casefold()))
        return Properties(mine.properties) if mine is not None else find(kind, name)

    def all_names(kind: ResourceKind) -> list[str]:
        return sorted({*names(kind), *(each.name for each in documents if each.kind == kind)})

    checker = _Checker(catalogs, find_any, all_names)
    found = [*_duplicates(documents)]
    for document in documents:
        found += checker.check(document)
    return found


def _duplicates(documents: Sequence[Document]) -> Iterator[Problem]:
    seen: dict[tuple[ResourceKind, str], str] = {}
    for each in documents:
        key = (each.kind, each.name.casefold())
        if key in seen:
            place = f"also in {seen[key]}" if seen[key] != each.where else "there twice"
            yield Problem(each.where, "$.name", "DuplicateName", f"'{each.name}' is {place}; keep one of them.")
        seen.setdefault(key, each.where)


_PIPELINE_MEMBERS = (
    "description", "activities", "parameters", "variables", "concurrency", "annotations", "folder", "runDimensions",
    "policy",
)  # fmt: skip
_ACTIVITY_MEMBERS = (
    "name", "type", "description", "dependsOn", "userProperties", "state", "onInactiveMarkAs", "linkedServiceName",
    "policy", "typeProperties",
)  # fmt: skip
_POLICY_MEMBERS = ("timeout", "retry", "retryIntervalInSeconds", "secureInput", "secureOutput")


class _Checker:
    def __init__(self, catalogs: Catalogs, find: Find, names: Callable[[ResourceKind], list[str]]) -> None:
        self._catalogs = catalogs
        self._find = find
        self._names = names

    def check(self, document: Document) -> list[Problem]:
        problems = Problems(document.where)
        wrong = entity_name_problem(document.name)
        if wrong:
            problems.add("$.name", "InvalidName", wrong)
        raw = Properties(document.properties)
        match document.kind:
            case "pipeline":
                pipeline = read_pipeline(document.name, document.properties, self._catalogs.activities, problems)
                _PipelineCheck(self, pipeline, problems).run()
            case "dataset":
                self._dataset(raw, problems)
            case "linkedService":
                self._linked_service(raw, problems)
            case "trigger":
                self._trigger(document, raw, problems)
            case "globalParameters":
                read_declarations(document.properties, GLOBAL_TYPES, "$.properties", problems, member="value")
        return problems.found

    def references(self, value: Json, path: str, problems: Problems) -> None:
        """Check that everything that a value refers to exists."""
        for here, kind, name in iter_references(value, path):
            if not is_dynamic(name) and self._find(kind, name) is None:
                problems.add(here, "MissingReference", self._missing(kind, name))

    def _missing(self, kind: ResourceKind, name: str) -> str:
        hint = nearest(name, self._names(kind)) or " The factory has none."
        return f"there is no {TITLES[kind].lower()} '{name[:80]}'.{hint}"

    def global_parameters(self) -> dict[str, str]:
        found = self._find("globalParameters", GLOBAL_PARAMETERS)
        return by_folded(list(found or {}))

    def linked_service_type(self, reference: Json) -> str | None:
        """The type of a referenced linked service, when that can be known."""
        name = Properties(reference).get(LISTED) if isinstance(reference, Mapping) else reference
        found = self._find("linkedService", name) if isinstance(name, str) else None
        kind = None if found is None else found.get("type")
        return kind if isinstance(kind, str) else None

    def _dataset(self, raw: Properties, problems: Problems) -> None:
        if self._catalogs.datasets is not None:
            _check_type(raw, self._catalogs.datasets, "dataset", problems)
            kind = self._catalogs.datasets.get(str(raw.get("type", "")))
            known = () if kind is None else kind.properties
            inner = [each.name for each in known]
            tell_slips(raw.object("typeProperties"), inner, "$.properties.typeProperties", problems)
        if raw.get("linkedServiceName") is None:
            problems.add("$.properties.linkedServiceName", "MissingProperty", "a dataset needs a linked service.")
        self.references(dict(raw), "$.properties", problems)
        declared = read_declarations(raw.get("parameters"), PARAMETER_TYPES, "$.properties.parameters", problems)
        names = Names(dataset_parameters=by_folded([each.name for each in declared.values()]))
        for member in ("typeProperties", "linkedServiceName", "schema", "structure"):
            check_expressions(raw.get(member), f"$.properties.{member}", names, problems)

    def _linked_service(self, raw: Properties, problems: Problems) -> None:
        _check_type(raw, self._catalogs.linked_services, "linked service", problems)
        self.references(dict(raw.object("typeProperties")), "$.properties.typeProperties", problems)
        declared = read_declarations(raw.get("parameters"), PARAMETER_TYPES, "$.properties.parameters", problems)
        names = Names(linked_service_parameters=by_folded([each.name for each in declared.values()]))
        check_expressions(raw.get("typeProperties"), "$.properties.typeProperties", names, problems)
        kind = self._catalogs.linked_services.get(str(raw.get("type", "")))
        properties = raw.object("typeProperties")
        if kind is None:
            return
        tell_slips(properties, [each.name for each in kind.properties], "$.properties.typeProperties", problems)
        for name in kind.required:
            if properties.get(name) in (None, ""):
                message = f"'{name}' is required for a linked service of type {raw['type']}."
                problems.add(f"$.properties.typeProperties.{name}", "MissingProperty", message)

    def _trigger(self, document: Document, raw: Properties, problems: Problems) -> None:
        read = read_trigger(document.name, document.properties, self._catalogs.triggers, problems)
        known = () if read is None else self._catalogs.triggers[read.type].spec.properties
        inner = [each.name for each in known]
        tell_slips(raw.object("typeProperties"), inner, "$.properties.typeProperties", problems)
        self.references(dict(raw), "$.properties", problems)
        for start in read.starts if read is not None else ():
            names = Names(trigger=True, parameters={}, global_parameters=self.global_parameters())
            check_expressions(dict(start.parameters), start.path, names, problems)
            self.arguments(start.pipeline, start.parameters, start.path, problems)

    def arguments(self, pipeline: str, given: Mapping[str, Json], path: str, problems: Problems) -> None:
        """Check the names of parameters that are given to a pipeline."""
        found = self._find("pipeline", pipeline)
        if found is None:
            return
        declared = by_folded(list(found.object("parameters")))
        for name in given:
            if name.casefold() not in declared:
                hint = nearest(name, declared.values()) or " It declares none."
                message = f"pipeline '{pipeline}' has no parameter '{name[:80]}'.{hint}"
                problems.add(f"{path}.{name}", "InvalidParameter", message)


class _PipelineCheck:
    def __init__(self, checker: _Checker, pipeline: Pipeline, problems: Problems) -> None:
        self._checker = checker
        self._catalog = checker._catalogs.activities
        self._pipeline = pipeline
        self._problems = problems

    def run(self) -> None:
        pipeline = self._pipeline
        names = Names(
            activities={},
            others=by_folded([each.name for each in pipeline.iter_activities()]),
            variables=by_folded([each.name for each in pipeline.variables.values()]),
            parameters=by_folded([each.name for each in pipeline.parameters.values()]),
            global_parameters=self._checker.global_parameters(),
        )
        if not pipeline.activities:
            message = "the pipeline has no activities; it needs an array with at least one."
            self._problems.add("$.properties.activities", "MissingProperty", message)
        tell_slips(pipeline.raw, _PIPELINE_MEMBERS, "$.properties", self._problems)
        self._list(pipeline.activities, names)

    def _list(self, activities: Sequence[ActivityDocument], names: Names) -> None:
        by_name = {each.name.casefold(): each for each in activities}
        for activity in activities:
            before = _predecessors(activity, by_name)
            known = {**(names.activities or {}), **{each: by_name[each].name for each in before}}
            self._activity(activity, replace(names, activities=known))

    def _activity(self, activity: ActivityDocument, names: Names) -> None:
        spec = self._catalog[activity.type].spec if activity.type in self._catalog else None
        raw, path = activity.raw, activity.path
        outside = [] if spec is None else [each.name for each in spec.properties if each.outside]
        tell_slips(raw, (*_ACTIVITY_MEMBERS, *outside), path, self._problems)
        for member in raw:
            if member.casefold() not in ("typeproperties", "dependson", "name", "type", "description"):
                check_expressions(raw[member], f"{path}.{member}", names, self._problems)
                self._checker.references(raw[member], f"{path}.{member}", self._problems)
        if spec is None:
            return
        self._policy(activity)
        self._linked_service(activity, spec)
        self._properties(activity, spec, names)
        self._special(activity, names)
        inner = replace(names, item=True) if activity.type == "ForEach" else names
        for nested in activity.lists.values():
            self._list(nested, inner)

    def _properties(self, activity: ActivityDocument, spec: ActivitySpec, names: Names) -> None:
        declared = {each.name.casefold(): each for each in spec.properties if not each.outside}
        path = f"{activity.path}.typeProperties"
        for name, value in activity.properties.items():
            known = declared.get(name.casefold())
            if known is None:
                tell_slips([name], [each.name for each in declared.values()], path, self._problems)
            elif known.type == "activities":
                continue
            else:
                self._typed(known, value, f"{path}.{name}")
            seen = self._names_at(activity, known, names)
            check_expressions(value, f"{path}.{name}", seen, self._problems)
            self._checker.references(value, f"{path}.{name}", self._problems)
        for each in spec.properties:
            holder = activity.raw if each.outside else activity.properties
            if each.required and holder.get(each.name) is None:
                here = activity.path if each.outside else path
                message = f"'{each.name}' is required for an activity of type {activity.type}."
                self._problems.add(f"{here}.{each.name}", "MissingProperty", message)

    def _names_at(self, activity: ActivityDocument, known: Property | None, names: Names) -> Names:
        """Conditions of loops see what is in the loop, those of filters the item."""
        if known is None or not known.lazy:
            return names
        inner = by_folded([each.name for nested in activity.lists.values() for each in nested])
        return replace(names, activities={**(names.activities or {}), **inner}, item=names.item or not inner)

    def _typed(self, declared: Property, value: Json, path: str) -> None:
        if value is None or is_dynamic(value):
            return
        if declared.type == "expression":
            value = Properties(value).get("value", value) if isinstance(value, Mapping) else value
        try:
            to_typed(declared, value)
        except ActivityFailed as error:
            got = "" if declared.choices and isinstance(value, str) else f" Got {shown(value)}."
            self._problems.add(path, "InvalidType", f"{error.message}{got}")

    def _policy(self, activity: ActivityDocument) -> None:
        policy, path = activity.policy, f"{activity.path}.policy"
        tell_slips(activity.raw.object("policy"), _POLICY_MEMBERS, path, self._problems)
        if policy.timeout is not None and not is_dynamic(policy.timeout) and parse_timespan(policy.timeout) is None:
            message = f"expected a time span such as 0.12:00:00; got {policy.timeout!r}."
            self._problems.add(f"{path}.timeout", "InvalidType", message)
        retry = policy.retry
        if not is_dynamic(retry) and not str(retry).strip().isdecimal():
            self._problems.add(f"{path}.retry", "InvalidType", f"expected a whole number from 0; got {retry!r}.")

    def _linked_service(self, activity: ActivityDocument, spec: ActivitySpec) -> None:
        if not spec.linked_services:
            return
        reference = activity.raw.get("linkedServiceName")
        path = f"{activity.path}.linkedServiceName"
        expected = " or ".join(spec.linked_services)
        if reference is None:
            message = f"an activity of type {activity.type} needs a linked service of type {expected}."
            self._problems.add(path, "MissingProperty", message)
            return
        if not isinstance(reference, (str, Mapping)):
            message = 'expected {"referenceName": "…", "type": "LinkedServiceReference"}.'
            self._problems.add(path, "InvalidType", message)
            return
        found = self._checker.linked_service_type(reference)
        if found is not None and found.casefold() not in {each.casefold() for each in spec.linked_services}:
            message = f"expected a linked service of type {expected}; this one is of type {found}."
            self._problems.add(path, "InvalidType", message)

    def _special(self, activity: ActivityDocument, names: Names) -> None:
        """Rules of single control activities."""
        path, properties = f"{activity.path}.typeProperties", activity.properties
        match activity.type:
            case "SetVariable" | "AppendVariable":
                self._variable(activity, names)
            case "ForEach":
                for inner in _nested(activity):
                    if inner.type in ("ForEach", "Until"):
                        message = (
                            f"a ForEach cannot hold a {inner.type}. Put '{inner.name}' into a pipeline of its own."
                        )
                        self._problems.add(inner.path, "InvalidNesting", message)
            case "ExecutePipeline":
                name = properties.object("pipeline").get(LISTED)
                if isinstance(name, str):
                    given = properties.object("parameters")
                    self._checker.arguments(name, given, f"{path}.parameters", self._problems)
            case _:
                pass

    def _variable(self, activity: ActivityDocument, names: Names) -> None:
        properties, path = activity.properties, f"{activity.path}.typeProperties"
        name = properties.get("variableName")
        if not isinstance(name, str) or is_dynamic(name) or properties.get("setSystemVariable") in (True, "true"):
            return
        known = names.variables or {}
        if name.casefold() not in known:
            hint = nearest(name, known.values()) or " The pipeline declares none."
            message = f"there is no variable '{name[:80]}'.{hint}"
            self._problems.add(f"{path}.variableName", "MissingReference", message)
        elif activity.type == "SetVariable":
            seen = Problems("")
            others = {each: written for each, written in known.items() if each != name.casefold()}
            check_expressions(properties.get("value"), "", replace(names, variables=others), seen)
            if any(f"variable '{name.casefold()}'" in problem.message.casefold() for problem in seen.found):
                message = f"a variable cannot refer to itself in its new value. Keep '{name}' in another one first."
                self._problems.add(f"{path}.value", "SelfReference", message)


def iter_references(value: Json, path: str) -> Iterator[tuple[str, ResourceKind, str]]:
    """Everything that a value refers to: path, kind, name."""
    if isinstance(value, list):
        for i, each in enumerate(value):
            yield from iter_references(each, f"{path}[{i}]")
    elif isinstance(value, Mapping):
        members = Properties(value)
        name, kind = members.get(LISTED), _REFERENCES.get(str(members.get("type", "")).casefold())
        if isinstance(name, str) and kind is not None:
            yield f"{path}.{LISTED}", kind, name
        for member, each in value.items():
            yield from iter_references(each, f"{path}.{member}")


def _check_type(raw: Properties, known: Collection[str], what: str, problems: Problems) -> None:
    kind = raw.get("type")
    if not isinstance(kind, str):
        problems.add("$.properties.type", "MissingProperty", f"a {what} needs a type.")
    elif kind.casefold() not in {each.casefold() for each in known}:
        problems.add("$.properties.type", "UnknownType", f"'{kind[:80]}' is not a {what} type.{nearest(kind, known)}")


def _predecessors(activity: ActivityDocument, by_name: Mapping[str, ActivityDocument]) -> set[str]:
    """Folded names of the activities that have ended before this one begins."""
    found: set[str] = set()
    looked = [activity]
    while looked:
        for dependency in looked.pop().depends_on:
            name = dependency.activity.casefold()
            if name in by_name and name not in found:
                found.add(name)
                looked.append(by_name[name])
    return found


def _nested(activity: ActivityDocument) -> Iterator[ActivityDocument]:
    for nested in activity.lists.values():
        for each in nested:
            yield each
            yield from _nested(each)
