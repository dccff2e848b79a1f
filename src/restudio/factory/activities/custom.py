"""Custom: refused, with what to do instead (Data Factory reference, 6.9)."""

from __future__ import annotations

from restudio.factory.activity import ActivityContext, Output, Property, activity
from restudio.factory.errors import ActivityFailed
from restudio.factory.properties import Properties


@activity(
    type="Custom",
    properties=(
        Property("command", "string", required=True, help="Command line; not run."),
        Property("resourceLinkedService", "reference", help="Not used."),
        Property("folderPath", "string", help="Not used."),
        Property("referenceObjects", "object", help="Not used."),
        Property("extendedProperties", "object", help="Not used."),
        Property("retentionTimeInDays", "any", help="Not used."),
        Property("autoUserSpecification", "any", help="Not used."),
    ),
)
def custom(p: Properties, ctx: ActivityContext) -> Output:
    """Not offered: a command line needs a pool of machines that this server has not. The activity fails with code 2500.
    Put the work into an Execute Python Script module of an experiment and run its web service by
    `AzureMLBatchExecution`, or behind an address for `WebActivity`."""
    raise ActivityFailed(
        "2500",
        "Custom activities are not run here: they need a pool of machines. Publish the work as a web service and use "
        "AzureMLBatchExecution, or put it behind an address and use WebActivity.",
    )
