"""Blob storage accounts: our own, served in this process, and any other over HTTP."""

from __future__ import annotations

from restudio.core.errors import RestudioError
from restudio.factory.activity import LinkedService
from restudio.factory.errors import ActivityFailed
from restudio.factory.files.blob_account import BlobAccount
from restudio.factory.files.blob_files import BlobFiles
from restudio.factory.linked_service import LinkedProperty, linked_service, text
from restudio.factory.platform import Platform

_ACCESS = (
    LinkedProperty("connectionString", secret=True, help="Connection string with an account key or a signature."),
    LinkedProperty("sasUri", secret=True, help="Address of the account or of a container, with a signature."),
    LinkedProperty("accountKey", secret=True, help="Key that the connection string leaves out."),
    LinkedProperty("sasToken", secret=True, help="Signature that `sasUri` leaves out."),
)


@linked_service(
    type="AzureBlobStorage",
    properties=(
        *_ACCESS,
        LinkedProperty("containerUri", help="Address of a container that everybody may read."),
        LinkedProperty("serviceEndpoint", help="Address of the account; with `accountKey` or `sasToken`."),
        LinkedProperty(
            "authenticationType",
            choices=("Anonymous", "AccountKey", "SasUri"),
            help="Taken from what is given when absent.",
        ),
        LinkedProperty("accountKind", help="Any kind; only block blobs are used."),
    ),
)
def azure_blob_storage(service: LinkedService, platform: Platform) -> BlobFiles:
    """A blob storage account: by connection string, signature (SAS) or account key. Accounts of this server are served
    in-process. Service principals and managed identities are not offered."""
    return BlobFiles(_account(service), platform)


@linked_service(type="AzureStorage", properties=_ACCESS, aliases=("AzureStorageSas",))
def azure_storage(service: LinkedService, platform: Platform) -> BlobFiles:
    """A storage account in its older form: by connection string or signature (SAS)."""
    return BlobFiles(_account(service), platform)


def _account(service: LinkedService) -> BlobAccount:
    connection, key = text(service, "connectionString"), text(service, "accountKey")
    sas = text(service, "sasToken") or ""
    address = text(service, "sasUri") or text(service, "serviceEndpoint") or text(service, "containerUri")
    try:
        if connection is not None:
            return BlobAccount.from_connection_string(f"{connection};AccountKey={key}" if key else connection)
        if address is not None:
            return BlobAccount.from_address(address, key=key, sas=sas)
    except RestudioError as error:
        raise ActivityFailed("2106", f"The storage connection string is invalid. {error.message}") from error
    raise ActivityFailed.missing("connectionString")
