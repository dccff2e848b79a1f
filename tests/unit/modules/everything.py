"""The whole catalog for modules outside of the learners' package, run as the engine runs them."""

from __future__ import annotations

from tests.unit.modules.catalog import PlainContext

from restudio.core.params import parse_params
from restudio.core.registry import Registry
from restudio.core.spec import Entry

EVERYTHING = Registry.collect("restudio.modules")


class WholeContext(PlainContext):
    """Knows the whole catalog."""

    def entry(self, module_id: str) -> Entry:
        return EVERYTHING.get_entry(module_id)


def execute(module_id: str, *inputs: object, **raw: object) -> object:
    """Run a module with raw parameters; underscores in names stand for blanks."""
    entry = EVERYTHING[module_id]
    named = {name.replace("_", " "): value for name, value in raw.items()}
    return entry.run(parse_params(entry.spec.params, named), *inputs, ctx=WholeContext())
