"""The store of named secrets that documents refer to."""

from __future__ import annotations

from dataclasses import dataclass

from restudio.factory.activity import LinkedService
from restudio.factory.linked_service import LinkedProperty, get_text, linked_service
from restudio.factory.platform import Platform


@dataclass(frozen=True, slots=True)
class SecretStore:
    """A vault as a document names it; its secrets are this server's own, kept sealed."""

    base_url: str


@linked_service(
    type="AzureKeyVault",
    properties=(LinkedProperty("baseUrl", required=True, help="Any address: secrets are those kept here by name."),),
)
def azure_key_vault(service: LinkedService, platform: Platform) -> SecretStore:
    """Named secrets for `AzureKeyVaultSecret` references. They are kept sealed by this server; the address is not
    called."""
    return SecretStore(get_text(service, "baseUrl"))
