"""AzureFunctionActivity (Data Factory reference, 6.9)."""

from __future__ import annotations

from urllib.parse import quote

import msgspec

from restudio.factory.activity import ActivityContext, Output, Property, activity
from restudio.factory.errors import ActivityFailed
from restudio.factory.http_place import HttpPlace
from restudio.factory.linked_service import reach
from restudio.factory.properties import Properties
from restudio.factory.web_call import METHODS, request_of, send

TYPE = "AzureFunctionActivity"
_SECONDS = 230.0
"""As long as a function app itself lets an HTTP call take."""


@activity(
    type=TYPE,
    linked_services=("AzureFunction",),
    properties=(
        Property("method", "string", required=True, choices=METHODS, help="`GET`, `POST`, `PUT`, `DELETE` or `PATCH`."),
        Property("functionName", "string", required=True, help="Name, with further path segments and a query if any."),
        Property("headers", "object", help="Name → value."),
        Property("body", "any", help="Text, or an object that is sent as JSON."),
    ),
)
def azure_function(p: Properties, ctx: ActivityContext) -> Output:
    """Calls a function of a function app over HTTP; its answer must be a JSON object."""
    place = reach(ctx.linked_service(), ctx.platform, HttpPlace, TYPE)
    name, mark, query = str(p["functionName"]).partition("?")
    url = place.address(f"api/{quote(name.strip('/'), safe='/')}{mark}{query}")
    asked = Properties(
        {
            "method": p["method"],
            "url": url,
            "headers": {**dict(p.object("headers")), **place.headers},
        }
    )
    try:
        answer = send(ctx, request_of(ctx, asked, p.get("body"), _SECONDS))
    except ActivityFailed as error:
        raise ActivityFailed("3608", f"Call to provided Azure function '{name}' failed. {error.message}") from error
    try:
        value = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        value = None
    if not isinstance(value, dict):
        raise ActivityFailed("3603", f"Response Content is not a valid JObject: that of the function '{name}'.")
    return {**value, "effectiveIntegrationRuntime": "Restudio"}
