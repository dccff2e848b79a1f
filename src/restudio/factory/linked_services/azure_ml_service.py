"""The workspace that published pipelines are in."""

from __future__ import annotations

from dataclasses import dataclass

from restudio.factory.activity import LinkedService
from restudio.factory.errors import ActivityFailed
from restudio.factory.linked_service import LinkedProperty, get_text, linked_service, text
from restudio.factory.linked_services.azure_ml import ServicePrincipal, read_principal
from restudio.factory.platform import Platform


@dataclass(frozen=True, slots=True)
class MlWorkspace:
    """A workspace by subscription, group and name; ``principal`` is who acts in it, if not the factory itself."""

    subscription_id: str
    resource_group: str
    name: str
    principal: ServicePrincipal | None = None


@linked_service(
    type="AzureMLService",
    properties=(
        LinkedProperty("subscriptionId", required=True, help="Id of the subscription."),
        LinkedProperty("resourceGroupName", required=True, help="Name of the resource group."),
        LinkedProperty("mlWorkspaceName", required=True, help="Name or id of the workspace."),
        LinkedProperty(
            "servicePrincipalId", help="Client id of a program of the workspace, with whose role pipelines are run."
        ),
        LinkedProperty("servicePrincipalKey", secret=True, help="Client secret; required with `servicePrincipalId`."),
        LinkedProperty("tenant", help="Tenant of the service principal; required with `servicePrincipalId`."),
        LinkedProperty("authentication", help="Not needed for workspaces of this server."),
    ),
)
def azure_ml_service(service: LinkedService, platform: Platform) -> MlWorkspace:
    """A workspace with published pipelines: one of this server. Without a service principal the factory itself runs
    them."""
    principal = read_principal(service)
    if principal is None and text(service, "servicePrincipalId"):
        name = "tenant" if text(service, "servicePrincipalKey") else "servicePrincipalKey"
        raise invalid_property(name, "It goes together with servicePrincipalId.")
    return MlWorkspace(
        get_text(service, "subscriptionId"),
        get_text(service, "resourceGroupName"),
        get_text(service, "mlWorkspaceName"),
        principal,
    )


def invalid_property(name: str, why: str) -> ActivityFailed:
    """The documented refusal of a linked service of this type."""
    return ActivityFailed("4112", f"AzureMLService linked service has invalid value for property '{name}'. {why}")
