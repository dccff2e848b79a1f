"""Web services of Machine Learning Studio (classic): ours, and any other that speaks the protocol."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from restudio.factory.activity import LinkedService
from restudio.factory.errors import ActivityFailed
from restudio.factory.linked_service import LinkedProperty, get_text, linked_service, text
from restudio.factory.platform import Platform

_RESOURCE_MANAGER = "/providers/microsoft.machinelearning/webservices/"


@dataclass(frozen=True, slots=True, repr=False)
class ServicePrincipal:
    """A program that asks a tenant for tokens."""

    tenant: str
    client_id: str
    client_secret: str


@dataclass(frozen=True, slots=True, repr=False)
class MlService:
    """A batch address with its key, and the address by which its model is replaced. ``repr`` shows no secret."""

    jobs_url: str
    """The batch address without its query."""
    api_key: str
    update_url: str | None = None
    principal: ServicePrincipal | None = None

    @property
    def is_resource_manager(self) -> bool:
        """Whether the model is replaced in a resource-manager service instead of a classic endpoint."""
        return self.update_url is not None and _RESOURCE_MANAGER in urlsplit(self.update_url).path.casefold()


@linked_service(
    type="AzureML",
    properties=(
        LinkedProperty("mlEndpoint", required=True, help="Batch address: `…/services/{endpoint}/jobs`."),
        LinkedProperty("apiKey", required=True, secret=True, help="Key of that endpoint."),
        LinkedProperty(
            "updateResourceEndpoint",
            help="Address by which the model is replaced: of a classic endpoint, or of a resource-manager service.",
        ),
        LinkedProperty("servicePrincipalId", help="Client id; for resource-manager services."),
        LinkedProperty("servicePrincipalKey", secret=True, help="Client secret; for resource-manager services."),
        LinkedProperty("tenant", help="Tenant of the service principal; for resource-manager services."),
        LinkedProperty("authentication", help="Managed identities are not offered: give a service principal."),
    ),
)
def azure_ml(service: LinkedService, platform: Platform) -> MlService:
    """A training or scoring web service: batch execution, and replacing its model."""
    url = get_text(service, "mlEndpoint").strip()
    update = text(service, "updateResourceEndpoint")
    found = MlService(
        url.partition("?")[0].rstrip("/"),
        get_text(service, "apiKey").strip(),
        update.strip() if update else None,
        read_principal(service),
    )
    if found.is_resource_manager and found.principal is None:
        if text(service, "authentication"):
            raise ActivityFailed(
                "2104",
                f"The linked service '{service.name}' asks for a managed identity, which is not offered here. Give "
                "servicePrincipalId, servicePrincipalKey and tenant.",
            )
        missing = ("servicePrincipalId", "servicePrincipalKey", "tenant")
        raise ActivityFailed.missing(next(name for name in missing if not text(service, name)))
    return found


def read_principal(service: LinkedService) -> ServicePrincipal | None:
    """None unless it is complete."""
    tenant, client, secret = (text(service, name) for name in ("tenant", "servicePrincipalId", "servicePrincipalKey"))
    return ServicePrincipal(tenant, client, secret) if tenant and client and secret else None
