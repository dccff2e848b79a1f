"""Bundles: the documents of a factory as files, in the layout of its repository, one by one, or as a template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from restudio.core.errors import Kind, ManyErrors, RestudioError, nearest
from restudio.factory.documents.arm_template import as_type, is_template, read_template
from restudio.factory.documents.generation import Generation, generation_of
from restudio.factory.documents.jsontext import parse_document
from restudio.factory.properties import Json, Properties
from restudio.factory.types import GLOBAL_PARAMETERS, ResourceKind

_FOLDERS: Mapping[str, ResourceKind] = {
    "pipeline": "pipeline",
    "dataset": "dataset",
    "linkedservice": "linkedService",
    "trigger": "trigger",
}
_TYPES: Mapping[str, ResourceKind] = {
    "pipelines": "pipeline",
    "datasets": "dataset",
    "linkedservices": "linkedService",
    "triggers": "trigger",
    "globalparameters": "globalParameters",
}
FOLDER_OF: Mapping[ResourceKind, str] = {
    "pipeline": "pipeline",
    "dataset": "dataset",
    "linkedService": "linkedService",
    "trigger": "trigger",
    "globalParameters": "factory",
}
_ELSEWHERE = frozenset({"integrationruntime", "credential", "dataflow", "managedvirtualnetwork", "privateendpoint"})
"""Folders of things that have no meaning here: pipelines run in this server."""


@dataclass(frozen=True, slots=True)
class BundledDocument:
    """One resource of a bundle, and the file that it came from."""

    kind: ResourceKind
    name: str
    properties: Mapping[str, Json]
    where: str
    generation: Generation


def read_bundle(files: Sequence[tuple[str, bytes]], settings: Mapping[str, str] | None = None) -> list[BundledDocument]:
    """The documents in files, given by relative path and content.

    ``settings`` change them, texts as they were typed: a plain name is a parameter of a template or a global
    parameter, ``NAME.member`` a member of the resource of that name (of its ``typeProperties`` first).
    """
    given = dict(settings or {})
    found: list[BundledDocument] = []
    errors: list[RestudioError] = []
    for path, content in files:
        folders = {part.casefold() for part in PurePosixPath(path).parts[:-1]}
        try:
            if not folders & _ELSEWHERE:
                found += _read_file(path, parse_document(content, path), given)
        except RestudioError as error:
            errors.append(error)
    if errors:
        raise errors[0] if len(errors) == 1 else ManyErrors(errors[0].detail, errors)
    if not found:
        raise RestudioError(Kind.BAD_ARGUMENT, "EmptyBundle", "There are no factory documents in these files.")
    found = _with_generations(found)
    return _with_settings(found, {name: value for name, value in given.items() if "." in name})


def _with_generations(found: list[BundledDocument]) -> list[BundledDocument]:
    """Linked services look the same in both generations: they belong to what they stand beside."""
    first, second = (
        {_repository(each) for each in found if each.kind in ("pipeline", "dataset") and each.generation == generation}
        for generation in (1, 2)
    )
    alone = not any(each.kind in ("pipeline", "dataset") and each.generation == 2 for each in found) and bool(first)
    return [
        replace(each, generation=1)
        if each.kind == "linkedService" and (alone or _repository(each) in first - second)
        else each
        for each in found
    ]


def _repository(document: BundledDocument) -> PurePosixPath:
    """The folder whose layout a document's file is part of."""
    path = PurePosixPath(document.where.partition(" (")[0].partition("[")[0])
    return path.parent.parent if path.parent.name.casefold() in _FOLDERS else path.parent


def to_file(kind: ResourceKind, name: str, properties: Mapping[str, Json]) -> tuple[str, dict[str, Json]]:
    """Relative path and content of a resource in the layout of a repository."""
    folder = FOLDER_OF[kind]
    if kind == "globalParameters":
        return f"{folder}/factory.json", {"name": "factory", "properties": {"globalParameters": dict(properties)}}
    return f"{folder}/{name}.json", {"name": name, "properties": dict(properties)}


def _read_file(path: str, document: Json, settings: Mapping[str, str]) -> Iterator[BundledDocument]:
    if is_template(document):
        for each in read_template(document, settings, path):
            yield from _read_entity(path, each, settings, f"{path} ({each['name']})")
    elif isinstance(document, list):
        for i, each in enumerate(document):
            yield from _read_entity(path, each, settings, f"{path}[{i}]")
    else:
        yield from _read_entity(path, document, settings, path)


def _read_entity(path: str, entity: Json, settings: Mapping[str, str], where: str) -> Iterator[BundledDocument]:
    if not isinstance(entity, Mapping) or not isinstance(Properties(entity).get("properties"), Mapping):
        message = f"{where} is not a factory document: expected an object with 'name' and 'properties'."
        raise RestudioError(Kind.BAD_ARGUMENT, "InvalidDocument", message, target=where)
    members = Properties(entity)
    properties = members["properties"]
    if "globalParameters" in Properties(properties):
        parameters = _set_globals(Properties(properties).object("globalParameters"), settings)
        yield BundledDocument("globalParameters", GLOBAL_PARAMETERS, parameters, where, 2)
        return
    kind = _kind_of(path, members)
    if kind is None:
        message = (
            f"{where}: it cannot be told what this is. Put it into one of the folders {', '.join(FOLDER_OF.values())}, "
            "or give it a type such as Microsoft.DataFactory/factories/pipelines."
        )
        raise RestudioError(Kind.BAD_ARGUMENT, "UnknownDocument", message, target=where)
    name = members.get("name") or PurePosixPath(path).stem
    yield BundledDocument(kind, str(name), properties, where, generation_of(properties) or 2)


def _kind_of(path: str, entity: Properties) -> ResourceKind | None:
    told = str(entity.get("type", "")).rpartition("/")[2].casefold()
    if told in _TYPES:
        return _TYPES[told]
    folder = PurePosixPath(path).parent.name.casefold()
    if folder in _FOLDERS:
        return _FOLDERS[folder]
    properties = entity.object("properties")
    if "activities" in properties:
        return "pipeline"
    if str(properties.get("type", "")).casefold().endswith("trigger"):
        return "trigger"
    if any(name in properties for name in ("linkedServiceName", "availability", "structure", "schema")):
        return "dataset"
    return "linkedService" if "typeProperties" in properties and "type" in properties else None


def _set_globals(parameters: Properties, settings: Mapping[str, str]) -> dict[str, Json]:
    given = {name.casefold(): value for name, value in settings.items()}
    return {
        name: {**written, "value": as_type(given[name.casefold()], written.get("type"))}
        if name.casefold() in given and isinstance(written, Mapping)
        else written
        for name, written in parameters.items()
    }


def _with_settings(documents: list[BundledDocument], settings: Mapping[str, str]) -> list[BundledDocument]:
    for path, value in settings.items():
        name, *members = path.split(".")
        wanted = [i for i, each in enumerate(documents) if each.name.casefold() == name.casefold()]
        if not wanted:
            hint = nearest(name, [each.name for each in documents])
            message = f"--set {path}: there is no document '{name}'.{hint}"
            raise RestudioError(Kind.BAD_ARGUMENT, "UnknownSetting", message, target=path)
        for i in wanted:
            properties = _set_member(documents[i].properties, members, value)
            documents[i] = replace(documents[i], properties=properties)
    return documents


def _set_member(properties: Mapping[str, Json], members: list[str], value: str) -> dict[str, Json]:
    typed = Properties(properties).get("typeProperties")
    if isinstance(typed, Mapping) and members[0] not in Properties(properties):
        written = next(name for name in properties if name.casefold() == "typeproperties")
        return {**properties, written: _set_in(typed, members, value)}
    return _set_in(properties, members, value)


def _set_in(holder: Json, members: list[str], value: str) -> dict[str, Json]:
    known = dict(holder) if isinstance(holder, Mapping) else {}
    written = next((name for name in known if name.casefold() == members[0].casefold()), members[0])
    before = known.get(written)
    if len(members) > 1:
        return {**known, written: _set_in(before, members[1:], value)}
    if isinstance(before, Mapping) and str(Properties(before).get("type", "")).casefold() == "securestring":
        return {**known, written: {"type": "SecureString", "value": value}}
    return {**known, written: value if before is None or isinstance(before, str) else as_type(value, None)}
