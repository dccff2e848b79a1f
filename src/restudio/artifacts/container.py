"""The container of models and transforms: ``.ilearner`` and ``.itransform`` files, and stored port values.

    manifest.json                         kind, version, the value's plain part, size and SHA-256 of every member
    arrays/<name>.npy, texts/<name>.txt   fitted state of the model (or of a single transform)
    transforms/<key>/arrays/<name>.npy    fitted transforms that travel with the model

Reading executes nothing: no pickle, no name taken from the file is imported. Every refusal is ``InvalidBlob`` with the
reason. The same value always gives the same bytes, hence the same digest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import cast
from urllib.parse import quote

from restudio.artifacts.archive import DEFAULT_LIMITS, MANIFEST, ContainerLimits, invalid, pack, unpack
from restudio.artifacts.manifest import (
    Members,
    members_of,
    names_of,
    read_model,
    read_transform,
    read_untrained,
    section_of,
)
from restudio.artifacts.values import Artifact, Bundle, Json, Model, Transform, UntrainedModel
from restudio.core.errors import RestudioError
from restudio.core.ids import digest_bytes

FORMAT = "restudio-container"
VERSION = 1


def write_bundle(bundle: Bundle) -> bytes:
    """The ``.ilearner`` bytes of a model with its transforms."""
    members = members_of(bundle.model)
    for key, transform in bundle.transforms.items():
        members.update(members_of(transform, _prefix(key)))
    body: dict[str, object] = {
        "model": section_of(bundle.model),
        "transforms": {key: section_of(transform) for key, transform in bundle.transforms.items()},
        "resource": bundle.resource,
        "lineage": dict(bundle.lineage),
    }
    return _write("model", body, members)


def write_artifact(value: Artifact) -> bytes:
    """One value as a container; a model is a bundle without transforms."""
    if isinstance(value, Model):
        return write_bundle(Bundle(value))
    kind = "transform" if isinstance(value, Transform) else "untrained-model"
    return _write(kind, {kind: section_of(value)}, members_of(value))


def read_bundle(data: bytes, limits: ContainerLimits = DEFAULT_LIMITS) -> Bundle:
    """Read a model container; ``InvalidBlob`` when it is anything else."""
    value = _read(data, limits)
    if not isinstance(value, Bundle):
        held = "a transformation" if isinstance(value, Transform) else "an untrained model"
        raise invalid(f"The file holds {held}, not a trained model.")
    return value


def read_artifact(data: bytes, limits: ContainerLimits = DEFAULT_LIMITS) -> Artifact:
    """Read any container; of a bundle, the model alone."""
    value = _read(data, limits)
    return value.model if isinstance(value, Bundle) else value


def _prefix(key: str) -> str:
    return f"transforms/{quote(key, safe='')}/"


def _write(kind: str, body: Mapping[str, object], members: Members) -> bytes:
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "kind": kind,
        **body,
        "members": {name: {"size": len(data), "sha256": digest_bytes(data)} for name, data in members.items()},
    }
    text = json.dumps(manifest, sort_keys=True, indent=1)
    return pack({**members, MANIFEST: text.encode()})


def _read(data: bytes, limits: ContainerLimits) -> Bundle | Transform | UntrainedModel:
    members = unpack(data, limits)
    manifest = _parse_manifest(members.pop(MANIFEST))
    _ensure_digests(manifest.pop("members", None), members)
    load = _loader(manifest)
    try:
        value, used = load(manifest, members)
    except RestudioError as cause:
        raise invalid(f"The manifest of the model file is malformed: {cause.message}") from cause
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as cause:
        raise invalid(f"The manifest of the model file is malformed: {cause}") from cause
    unused = sorted(set(members) - used)
    if unused:
        raise invalid(f"The model file has a member that nothing refers to: '{unused[0]}'.")
    return value


def _parse_manifest(data: bytes) -> dict[str, object]:
    try:
        manifest = json.loads(data)
    except (ValueError, RecursionError) as cause:
        raise invalid(f"'{MANIFEST}' of the model file is not JSON: {cause}") from cause
    if not isinstance(manifest, dict) or manifest.pop("format", None) != FORMAT:
        raise invalid(f"'{MANIFEST}' does not describe a model file of Restudio (format '{FORMAT}').")
    return manifest


def _ensure_digests(listed: object, members: Members) -> None:
    if not isinstance(listed, dict):
        raise invalid(f"'{MANIFEST}' of the model file does not list the members.")
    for name in sorted(set(listed) | set(members)):
        if name not in members:
            raise invalid(f"Member '{name}' of the model file is missing.")
        if name not in listed:
            raise invalid(f"The model file has an unknown member '{name}'.")
        if listed[name] != {"size": len(members[name]), "sha256": digest_bytes(members[name])}:
            raise invalid(f"Member '{name}' of the model file does not match its checksum; the file was altered.")


Loaded = tuple[Bundle | Transform | UntrainedModel, set[str]]
"""A value, and the members that it uses."""


def _load_v1(manifest: dict[str, object], members: Members) -> Loaded:
    match manifest.pop("kind", None):
        case "model":
            return _load_model(manifest, members)
        case "transform":
            _ensure_keys(manifest, "transform")
            transform = read_transform(manifest["transform"], members, "")
            return transform, names_of(transform)
        case "untrained-model":
            _ensure_keys(manifest, "untrained-model")
            return read_untrained(manifest["untrained-model"]), set()
        case kind:
            raise ValueError(f"unknown kind {kind!r}")


def _load_model(manifest: dict[str, object], members: Members) -> Loaded:
    _ensure_keys(manifest, "model", "transforms", "resource", "lineage")
    sections, lineage, resource = manifest["transforms"], manifest["lineage"], manifest["resource"]
    if not isinstance(sections, dict) or not isinstance(lineage, dict):
        raise ValueError("'transforms' and 'lineage' must be objects")
    if resource is not None and not isinstance(resource, str):
        raise ValueError("'resource' must be a text")
    model = read_model(manifest["model"], members, "")
    transforms = {key: read_transform(section, members, _prefix(key)) for key, section in sections.items()}
    used = names_of(model).union(*(names_of(t, _prefix(key)) for key, t in transforms.items()))
    return Bundle(model, transforms, resource, cast("Mapping[str, Json]", lineage)), used


def _ensure_keys(manifest: Mapping[str, object], *names: str) -> None:
    if set(manifest) != set(names):
        raise ValueError(f"expected {', '.join(names)}, got {', '.join(sorted(map(str, manifest)))}")


_LOADERS: Mapping[int, Callable[[dict[str, object], Members], Loaded]] = {1: _load_v1}


def _loader(manifest: dict[str, object]) -> Callable[[dict[str, object], Members], Loaded]:
    version = manifest.pop("version", None)
    if type(version) is not int or version not in _LOADERS:
        known = ", ".join(str(v) for v in _LOADERS)
        raise invalid(f"The model file has format version {version!r}; this Restudio reads {known}. Update Restudio.")
    return _LOADERS[version]
