"""SqlServerStoredProcedure (Data Factory reference, 6.8)."""

from __future__ import annotations

from contextlib import closing

from restudio.factory.activities.script import SQL_SERVICES
from restudio.factory.activity import ActivityContext, Output, Property, activity
from restudio.factory.linked_service import reach
from restudio.factory.properties import Properties
from restudio.factory.sql.place import SqlPlace
from restudio.factory.sql.procedure import call_procedure

TYPE = "SqlServerStoredProcedure"


@activity(
    type=TYPE,
    linked_services=SQL_SERVICES,
    properties=(
        Property("storedProcedureName", "string", required=True, help="`schema.name` or `[schema].[name]`."),
        Property("storedProcedureParameters", "object", help="Name → `{value, type}`."),
    ),
)
def stored_procedure(p: Properties, ctx: ActivityContext) -> Output:
    """Calls a stored procedure in a transaction. Its result sets are not returned. On PostgreSQL procedures and
    functions are called; SQLite has none."""
    begun = ctx.platform.clock.monotonic()
    place = reach(ctx.linked_service(), ctx.platform, SqlPlace, TYPE)
    with place.connect() as connection, connection.begin():
        parameters = p.object("storedProcedureParameters")
        with closing(call_procedure(connection, place, str(p["storedProcedureName"]), parameters)):
            pass
    seconds = round(ctx.platform.clock.monotonic() - begun)
    return {"effectiveIntegrationRuntime": "Restudio", "executionDuration": seconds}
