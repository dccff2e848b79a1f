"""The example in every docstring runs and gives what it says."""

from __future__ import annotations

from tests.conformance.documented import check_table, read_example, run_example
from tests.conformance.examples import Examples, fits

from restudio.core.spec import Entry, PortKind
from restudio.tables.table import Table


def test_the_example_gives_what_it_says(inside: Entry, examples: Examples) -> None:
    documented = read_example(inside)
    outputs = run_example(documented, examples)
    assert all(fits(outputs[port.name], port) for port in inside.spec.outputs)
    for name, expected in documented.expected.items():
        table = outputs[name]
        assert isinstance(table, Table)
        check_table(table, expected)
    shows_a_table = any(port.kind is PortKind.TABLE for port in inside.spec.outputs)
    assert bool(documented.expected) == shows_a_table, "an example spells out a table that comes out"
