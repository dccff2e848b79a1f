"""References to linked services and datasets, resolved where an activity stands (Data Factory reference, 1.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from restudio.core.errors import Kind, RestudioError
from restudio.expressions.scope import Scope
from restudio.expressions.template import evaluate_tree
from restudio.factory.activity import Dataset, LinkedService
from restudio.factory.documents.pipeline import PARAMETER_TYPES, read_declarations
from restudio.factory.documents.problems import Problems, ensure_none
from restudio.factory.errors import ActivityFailed
from restudio.factory.properties import Json, Properties
from restudio.factory.runs.parameters import bind_parameters
from restudio.factory.runs.plan import Definitions
from restudio.factory.secret import Vault, open_secrets
from restudio.factory.types import TITLES, ResourceKind


class Resolver:
    """Thread-safe. ``scope_at`` gives the scope of a pass of the run, ``bare`` one that sees nothing of it."""

    def __init__(self, definitions: Definitions, scope_at: Callable[[str], Scope], bare: Scope, vault: Vault) -> None:
        self._definitions = definitions
        self._scope_at = scope_at
        self._bare = bare
        self._vault = vault

    def linked_service(self, reference: Json, prefix: str) -> LinkedService:
        return self._linked_service(reference, self._scope_at(prefix))

    def dataset(self, reference: Json, prefix: str) -> Dataset:
        name, given = _reference(reference, "dataset", self._scope_at(prefix))
        found = self._get("dataset", name)
        arguments = _arguments("dataset", name, found, given)
        scope = replace(self._bare, dataset=arguments)
        schema = found.get("schema") if found.get("schema") is not None else found.get("structure")
        columns = evaluate_tree(schema, scope) if schema is not None else []
        return Dataset(
            name=name,
            type=str(found.get("type", "")),
            properties=Properties(evaluate_tree(dict(found.object("typeProperties")), scope)),
            schema=tuple(each for each in columns if isinstance(each, Mapping)) if isinstance(columns, list) else (),
            linked_service=self._linked_service(found.get("linkedServiceName"), scope),
        )

    def _linked_service(self, reference: Json, scope: Scope) -> LinkedService:
        name, given = _reference(reference, "linkedService", scope)
        found = self._get("linkedService", name)
        arguments = _arguments("linkedService", name, found, given)
        evaluated = evaluate_tree(dict(found.object("typeProperties")), replace(self._bare, linked_service=arguments))
        return LinkedService(name, str(found.get("type", "")), Properties(open_secrets(evaluated, self._vault)))

    def _get(self, kind: ResourceKind, name: str) -> Properties:
        found = self._definitions.find(kind, name)
        if found is None:
            raise RestudioError(
                Kind.NOT_FOUND,
                f"{TITLES[kind].replace(' ', '')}NotFound",
                f"{TITLES[kind]} '{name[:260]}' is not in the factory '{self._definitions.factory.name}'. Publish it, "
                "or correct the reference.",
                target=name[:260],
            )
        return found.properties


def _reference(reference: Json, kind: ResourceKind, scope: Scope) -> tuple[str, Mapping[str, Json]]:
    if isinstance(reference, str):
        return reference, {}
    members = Properties(reference) if isinstance(reference, Mapping) else Properties({})
    name = members.get("referenceName")
    if not isinstance(name, str):
        raise ActivityFailed.missing("linkedServiceName" if kind == "linkedService" else "dataset.referenceName")
    given = evaluate_tree(members.get("parameters") or {}, scope)
    return name, given if isinstance(given, Mapping) else {}


def _arguments(kind: ResourceKind, name: str, found: Properties, given: Mapping[str, Json]) -> dict[str, Json]:
    problems = Problems(f"{TITLES[kind].lower()} '{name}'")
    declared = read_declarations(found.get("parameters"), PARAMETER_TYPES, "$.properties.parameters", problems)
    ensure_none(problems.found)
    bound = bind_parameters(name, declared, given, what=TITLES[kind])
    return {**bound.clear, **bound.secret}
