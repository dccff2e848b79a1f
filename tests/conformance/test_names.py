"""Names that saved experiments hold: modules, ports, parameters and choices keep theirs, or the old one as an alias.

``names.json`` has one line a module. A new module needs none; a line is added when the module is released.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from restudio.core.params import parameters_of
from restudio.core.registry import Registry

NAMES: Mapping[str, Any] = json.loads(Path(__file__).with_name("names.json").read_text(encoding="utf-8"))
CATALOG = Registry.collect("restudio.modules")


@pytest.mark.parametrize("module", NAMES)
def test_old_names_are_understood(module: str) -> None:
    known = NAMES[module]
    spec = CATALOG[module].spec
    assert CATALOG.get_entry(known["name"]).spec.id == module
    assert set(known["ports"]) <= {port.name for port in (*spec.inputs, *spec.outputs)}
    declared = {name: p for _, p in parameters_of(spec.params) for name in (p.name, *p.aliases)}
    for name, choices in known["parameters"].items():
        assert name in declared
        assert set(choices) <= {*declared[name].choices, *declared[name].choice_aliases}
