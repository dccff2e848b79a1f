"""Cache keys: what decides the outputs of a module. Equal keys mean equal outputs, in every run of a workspace."""

from __future__ import annotations

from collections.abc import Mapping

from restudio.core.ids import Digest, digest_json
from restudio.core.params import ParamKind, is_shown, parameters_of, to_raw
from restudio.core.spec import Spec

_FORMAT = 1
"""Part of every key; raise it when the stored form of module outputs changes."""


def blank_seeds(params: object) -> tuple[str, ...]:
    """Display names of the seed parameters that are left blank: the run's seed takes their place."""
    return tuple(
        parameter.name
        for field, parameter in parameters_of(type(params))
        if parameter.kind is ParamKind.INT and "seed" in parameter.name.casefold() and getattr(params, field) is None
    )


def is_cacheable(spec: Spec, params: object) -> bool:
    """Whether equal inputs give equal outputs. Readers of outside data say so by their ``Use cached results``, and what
    only writes also by not being told to ``Regenerate output``."""
    if spec.deterministic:
        return True
    declared = dict(parameters_of(type(params)))
    values = {field: getattr(params, field) for field in declared}
    said = {p.name.casefold(): values[field] for field, p in declared.items() if is_shown(declared, field, values)}
    return said.get("use cached results") is True or (not spec.outputs and said.get("regenerate output") is False)


def identity(spec: Spec, params: object, *, seed: int, assets: Mapping[str, str]) -> Digest:
    """Everything that decides the outputs beside the inputs.

    ``params`` is the parsed parameter object, so that spelling and defaults do not matter; ``assets`` maps the named
    saved items to their content digests. ``seed`` counts only for modules that leave one blank.
    """
    return digest_json(
        {
            "format": _FORMAT,
            "module": spec.id,
            "version": spec.version,
            "params": {name: _content(value, assets) for name, value in to_raw(params).items()},
            "seed": seed if blank_seeds(params) else None,
        }
    )


def _content(value: object, assets: Mapping[str, str]) -> object:
    """An asset counts by its content: another version with the same bytes changes nothing."""
    return {"content": assets[value]} if isinstance(value, str) and value in assets else value


def cache_key(identity: Digest, inputs: Mapping[str, str]) -> Digest:
    """The key of a module execution; ``inputs`` maps connected input ports to the digests of their values."""
    return digest_json({"identity": identity, "inputs": dict(inputs)})


def output_digest(key: Digest, port: str) -> Digest:
    """What stands for the content of an output of a cacheable execution, known before it ran."""
    return digest_json({"key": key, "port": port})
