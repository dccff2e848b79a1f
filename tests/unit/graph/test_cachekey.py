from __future__ import annotations

from dataclasses import replace

from restudio.core.params import parse_params
from restudio.core.registry import Registry
from restudio.graph.cachekey import blank_seeds, cache_key, identity, is_cacheable, output_digest


def _params(catalog: Registry, module: str, **raw: object) -> object:
    params: object = parse_params(catalog[module].spec.params, raw)
    return params


def test_everything_that_decides_the_output_counts(catalog: Registry) -> None:
    spec = catalog["two-class-boosted-decision-tree"].spec
    params = _params(catalog, spec.id)
    first = identity(spec, params, seed=0, assets={})
    assert first == identity(spec, params, seed=0, assets={})
    assert first != identity(replace(spec, version=2), params, seed=0, assets={})
    assert first != identity(replace(spec, id="other"), params, seed=0, assets={})
    assert cache_key(first, {"a": "1", "b": "2"}) == cache_key(first, {"b": "2", "a": "1"})
    assert cache_key(first, {"a": "1"}) != cache_key(first, {"b": "1"})
    key = cache_key(first, {})
    assert output_digest(key, "a") != output_digest(key, "b")


def test_blank_seeds(catalog: Registry) -> None:
    assert blank_seeds(_params(catalog, "two-class-boosted-decision-tree")) == ("Random number seed",)
    assert blank_seeds(_params(catalog, "two-class-boosted-decision-tree", **{"random number seed": 3})) == ()
    assert blank_seeds(_params(catalog, "split-data")) == ()


def test_what_may_be_cached(catalog: Registry) -> None:
    spec = catalog["import-data"].spec
    assert not is_cacheable(spec, _params(catalog, spec.id))
    assert is_cacheable(spec, _params(catalog, spec.id, **{"Use cached results": True}))
    assert is_cacheable(catalog["split-data"].spec, _params(catalog, "split-data"))
