"""The workspace that published pipelines are in."""

from __future__ import annotations

from dataclasses import dataclass

from restudio.factory.activity import LinkedService
from restudio.factory.linked_service import LinkedProperty, get_text, linked_service
from restudio.factory.platform import Platform


@dataclass(frozen=True, slots=True)
class MlWorkspace:
    """A workspace by subscription, group and name."""

    subscription_id: str
    resource_group: str
    name: str


@linked_service(
    type="AzureMLService",
    properties=(
        LinkedProperty("subscriptionId", required=True, help="Id of the subscription."),
        LinkedProperty("resourceGroupName", required=True, help="Name of the resource group."),
        LinkedProperty("mlWorkspaceName", required=True, help="Name or id of the workspace."),
        LinkedProperty("servicePrincipalId", help="Not needed for workspaces of this server."),
        LinkedProperty("servicePrincipalKey", secret=True, help="Not needed for workspaces of this server."),
        LinkedProperty("tenant", help="Not needed for workspaces of this server."),
        LinkedProperty("authentication", help="Not needed for workspaces of this server."),
    ),
)
def azure_ml_service(service: LinkedService, platform: Platform) -> MlWorkspace:
    """A workspace with published pipelines: one of this server."""
    return MlWorkspace(
        get_text(service, "subscriptionId"),
        get_text(service, "resourceGroupName"),
        get_text(service, "mlWorkspaceName"),
    )
