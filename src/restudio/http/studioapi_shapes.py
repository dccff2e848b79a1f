"""JSON shapes of the classic Studio API (classic web services reference, section 7), as clients take them apart."""

from __future__ import annotations

from collections.abc import Mapping

from restudio.models.types import Asset

_EPOCH_TICKS = 621_355_968_000_000_000
"""Ticks of 100 ns from the year 1 to 1970."""
_INT32 = 2**31 - 1
UNSET = "/Date(-62135596800000)/"
"""A time that never was; clients take a negative number as not set."""


def date(seconds: float | None) -> str:
    """A time as the Studio API writes it.

    >>> date(1431954762.503)
    '/Date(1431954762503)/'
    """
    return UNSET if seconds is None else f"/Date({round(seconds * 1000)})/"


def ticks(seconds: float) -> int:
    """Ticks of 100 ns since the year 1, exact to the millisecond.

    >>> ticks(0.001) - ticks(0)
    10000
    """
    return _EPOCH_TICKS + round(seconds * 1000) * 10_000


def location(base_url: str, path: str, credential: str, size: int = 0, name: str | None = None) -> dict[str, object]:
    """Where something lies: its address is base, location and credential put together, readable without headers."""
    return {
        "BaseUri": f"{base_url}/",
        "Size": min(size, _INT32),
        "Name": name,
        "EndpointType": "AzureBlob",
        "CredentialContainer": None,
        "AccessCredential": credential,
        "Location": path,
        "FileType": None,
        "IsAuxiliary": False,
    }


def dataset(asset: Asset, base_url: str, credential: str) -> dict[str, object]:
    """The 25 members of a dataset; none may be missing and the three locations may not be null."""
    path = f"api/downloads/{asset.id}"
    return {
        "VisualizeEndPoint": location(base_url, f"{path}/schema", credential),
        "SchemaEndPoint": location(base_url, f"{path}/schema", credential),
        "SchemaStatus": "Complete",
        "Id": asset.id,
        "DataTypeId": asset.data_type_id,
        "Name": asset.name,
        "Description": asset.description,
        "FamilyId": asset.family,
        "ResourceUploadId": asset.digest[:32],
        "SourceOrigin": asset.origin,
        "Size": min(asset.size, _INT32),
        "CreatedDate": date(asset.created),
        "Owner": asset.owner,
        "ExperimentId": None,
        "ClientVersion": None,
        "PromotedFrom": None,
        "UploadedFromFilename": asset.name,
        "ServiceVersion": 0,
        "IsLatest": True,
        "Category": None,
        "DownloadLocation": location(base_url, path, credential, asset.size, asset.name),
        "IsDeprecated": False,
        "Culture": "en-US",
        "Batch": asset.version - 1,
        "CreatedDateTicks": ticks(asset.created),
    }


def user_asset(asset: Asset, base_url: str, credential: str) -> dict[str, object]:
    """A trained model or transform."""
    shown: dict[str, object] = {
        "Id": asset.id,
        "Name": asset.name,
        "FamilyId": asset.family,
        "IsLatest": True,
        "DataTypeId": asset.data_type_id,
        "Description": asset.description,
        "Owner": asset.owner,
        "ExperimentId": None,
        "PromotedFrom": None,
        "ResourceUploadId": None,
        "SourceOrigin": asset.origin,
        "Language": {"Language": None, "Version": None},
        "Size": min(asset.size, _INT32),
        "CreatedDate": date(asset.created),
        "ClientVersion": None,
        "ServiceVersion": 0,
        "Category": None,
        "IsDeprecated": False,
        "Batch": asset.version - 1,
    }
    if asset.kind == "model":
        path = f"api/downloads/{asset.id}"
        shown["DownloadLocation"] = location(base_url, path, credential, asset.size, asset.name)
    return shown


def upload(upload_id: str, data_type_id: str, base_url: str) -> dict[str, object]:
    """The answer to the announcement of an upload; clients use the id."""
    endpoint = {
        "BaseUri": f"{base_url}/",
        "IsDirectory": False,
        "Name": None,
        "Location": f"uploads/{upload_id}",
        "AccessCredential": None,
        "Size": 0,
        "IsAuxiliary": False,
    }
    return {
        "Id": upload_id,
        "DataTypeId": data_type_id,
        "ContentType": None,
        "Endpoint": endpoint,
        "Committed": False,
    }


def status(
    code: str, created: float | None, started: float | None, ended: float | None, detail: str | None = None
) -> dict[str, object]:
    """Status of an experiment or node; always the same six members."""
    return {
        "StatusCode": code,
        "StatusDetail": detail,
        "CreationTime": date(created),
        "StartTime": date(started),
        "EndTime": date(ended),
        "Metadata": None,
    }


def experiment(
    experiment_id: str, title: str, etag: str, creator: str, run_id: str | None, shown_status: Mapping[str, object]
) -> dict[str, object]:
    """One line of the list of experiments."""
    return {
        "ExperimentId": experiment_id,
        "Description": title,
        "Etag": etag,
        "Creator": creator,
        "IsArchived": False,
        "JobId": None,
        "VersionId": None,
        "RunId": run_id,
        "OriginalExperimentDocumentationLink": None,
        "Summary": "",
        "Category": "user",
        "Tags": [],
        "ParentExperimentId": None,
        "IsLeaf": True,
        "DisableNodesUpdate": False,
        "Status": dict(shown_status),
    }


def workspace(workspace_id: str, name: str, region: str, owner: str, tokens: tuple[str, str]) -> dict[str, object]:
    """A workspace; members that have no meaning here are null."""
    texts = (
        "Description HDInsightClusterConnectionString HDInsightStorageConnectionString MigrationStatus UserStorage "
        "UserStorageKey UserStorageArmId UserStorageBlobEndpoint SubscriptionId SubscriptionName SubscriptionState "
        "Type CreatedTime OwnerPrincipalId Tags KeyVaultKeyIdentifier MsIdentityUrl MsIdentityPrincipalOid "
        "MsIdentityClientId MsIdentityCertificate TenantId Etag AzureStorageConnectionString SqlAzureConnectionString "
        "AnalyticFrameworkClusterConnectionString"
    )
    return {
        **dict.fromkeys(texts.split()),
        "WorkspaceId": workspace_id,
        "FriendlyName": name,
        "UseDefaultHDInsightSettings": False,
        "AuthorizationToken": {"PrimaryToken": tokens[0], "SecondaryToken": tokens[1]},
        "OwnerEmail": owner,
        "Region": region,
        "WorkspaceStatus": "Enabled",
    }


def member(email: str, name: str, role: str, user_id: str) -> dict[str, object]:
    """A person in a workspace; the classic roles are Owner and User."""
    classic = "Owner" if role == "owner" else "User"
    return {"Status": "Active", "User": {"Email": email, "Name": name, "Role": classic, "UserId": user_id}}
