"""Values to and from the JSON of a container's manifest.

Every value is a *section*: plain JSON beside the names of its arrays and texts, whose bytes are members of the
archive below the section's prefix. Reading checks form only; whether the learner or module exists is for the caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar, cast

import numpy as np

from restudio.artifacts.arrays import array_bytes, array_from_bytes
from restudio.artifacts.values import Artifact, Json, Model, Transform, UntrainedModel
from restudio.core.schema import Column, Level, Schema, from_json, to_json
from restudio.core.spec import Task

T = TypeVar("T")
Members = Mapping[str, bytes]
_NAME = re.compile(r"[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*\Z")


def section_of(value: Artifact) -> dict[str, object]:
    """The JSON of a value, without its bytes."""
    if isinstance(value, UntrainedModel):
        return {"learner": value.learner, "task": value.task.value, "params": dict(value.params)}
    if isinstance(value, Transform):
        return {
            "module": value.module,
            "columns": to_json(Schema(value.columns)),
            "settings": dict(value.settings),
            "arrays": sorted(value.arrays),
        }
    return {
        "learner": value.learner,
        "task": value.task.value,
        "features": to_json(Schema(value.features)),
        "label": None if value.label is None else to_json(Schema((value.label,)))[0],
        "classes": list(value.classes),
        "params": dict(value.params),
        "metrics": dict(value.metrics),
        "arrays": sorted(value.arrays),
        "texts": sorted(value.texts),
    }


def members_of(value: Artifact, prefix: str = "") -> dict[str, bytes]:
    """The bytes that go with :func:`section_of`, by member name."""
    if isinstance(value, UntrainedModel):
        return {}
    members = {array_member(prefix, name): array_bytes(array) for name, array in value.arrays.items()}
    if isinstance(value, Model):
        members.update({text_member(prefix, name): text.encode() for name, text in value.texts.items()})
    return members


def names_of(value: Artifact, prefix: str = "") -> set[str]:
    """The names of :func:`members_of`."""
    if isinstance(value, UntrainedModel):
        return set()
    names = {array_member(prefix, name) for name in value.arrays}
    return names | {text_member(prefix, name) for name in value.texts} if isinstance(value, Model) else names


def array_member(prefix: str, name: str) -> str:
    return f"{prefix}arrays/{_checked(name)}.npy"


def text_member(prefix: str, name: str) -> str:
    return f"{prefix}texts/{_checked(name)}.txt"


def read_untrained(section: object) -> UntrainedModel:
    """``ValueError`` when the section has another form; so for the readers below."""
    fields = _object(section, "learner", "task", "params")
    return UntrainedModel(_text(fields["learner"]), Task(fields["task"]), _mapping(fields["params"]))


def read_transform(section: object, members: Members, prefix: str) -> Transform:
    fields = _object(section, "module", "columns", "settings", "arrays")
    return Transform(
        _text(fields["module"]),
        _columns(fields["columns"]),
        cast("Mapping[str, Json]", _mapping(fields["settings"])),
        _arrays(fields["arrays"], members, prefix),
    )


def read_model(section: object, members: Members, prefix: str) -> Model:
    fields = _object(section, "learner", "task", "features", "label", "classes", "params", "metrics", "arrays", "texts")
    label = fields["label"]
    return Model(
        learner=_text(fields["learner"]),
        task=Task(fields["task"]),
        features=_columns(fields["features"]),
        label=None if label is None else _columns([label])[0],
        classes=tuple(_level(value) for value in _list(fields["classes"])),
        arrays=_arrays(fields["arrays"], members, prefix),
        texts=_named(fields["texts"], lambda name: _member(members, text_member(prefix, name)).decode()),
        params=cast("Mapping[str, Json]", _mapping(fields["params"])),
        metrics={name: _number(value) for name, value in _mapping(fields["metrics"]).items()},
    )


def _checked(name: str) -> str:
    # Member names are paths for whoever unzips the file, so nothing but plain words gets into them.
    if not _NAME.match(name):
        raise ValueError(f"'{name}' is not a name for an array or text")
    return name


def _object(value: object, *names: str) -> Mapping[str, object]:
    fields = _mapping(value)
    if set(fields) != set(names):
        raise ValueError(f"expected the members {', '.join(names)}, got {', '.join(map(str, fields))}")
    return fields


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ValueError(f"expected an object, got {type(value).__name__}")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError(f"expected a list, got {type(value).__name__}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"expected a text, got {type(value).__name__}")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"expected a number, got {type(value).__name__}")
    return float(value)


def _level(value: object) -> Level:
    if not isinstance(value, (str, int, float, bool)):
        raise ValueError(f"expected a plain value, got {type(value).__name__}")
    return value


def _columns(rows: object) -> tuple[Column, ...]:
    return from_json(rows).columns


def _named(names: object, read: Callable[[str], T]) -> dict[str, T]:
    return {_text(name): read(_text(name)) for name in _list(names)}


def _arrays(names: object, members: Members, prefix: str) -> dict[str, np.ndarray]:
    def read(name: str) -> np.ndarray:
        try:
            return array_from_bytes(_member(members, array_member(prefix, name)))
        except ValueError as cause:
            raise ValueError(f"array '{name}': {cause}") from cause

    return _named(names, read)


def _member(members: Members, name: str) -> bytes:
    if name not in members:
        raise ValueError(f"member '{name}' is missing")
    return members[name]
