"""What a module shows of its result beside the table, such as the curves of an evaluation: small JSON.

It is made once, travels in the metadata of the Arrow data and lies in the file of the output. Modules that read the
table do not get it: what they make of the rows, it would no longer describe.
"""

from __future__ import annotations

import json

import pyarrow as pa

from restudio.tables.table import Table

VIEW_KEY = b"restudio.view"


def with_view(table: Table, view: object) -> Table:
    """The table with something to show; ``view`` is plain JSON, without NaN and infinite numbers."""
    text = json.dumps(view, separators=(",", ":"), allow_nan=False)
    return Table(table.schema, table.data.replace_schema_metadata({VIEW_KEY: text.encode()}))


def find_view(schema: pa.Schema) -> object:
    """What :func:`with_view` attached, or None."""
    found = (schema.metadata or {}).get(VIEW_KEY)
    return None if found is None else json.loads(found)
