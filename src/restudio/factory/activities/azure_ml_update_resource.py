"""AzureMLUpdateResource: a scoring web service gets a new trained model (Data Factory reference, 3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast
from urllib.parse import urljoin, urlsplit

from restudio.blobs.exchange import Answer
from restudio.blobs.reference import BlobReference
from restudio.core.errors import nearest
from restudio.factory.activity import ActivityContext, Output, Property, activity
from restudio.factory.errors import ActivityFailed
from restudio.factory.files.blob_files import BlobFiles
from restudio.factory.linked_service import reach
from restudio.factory.linked_services.azure_ml import MlService
from restudio.factory.pauses import growing_pauses
from restudio.factory.properties import Json, Properties
from restudio.factory.web_service import Caller, Failed, read_json, request_token

TYPE = "AzureMLUpdateResource"
_API_VERSION = "2016-05-01-preview"
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 10.0


@activity(
    type=TYPE,
    linked_services=("AzureML",),
    properties=(
        Property(
            "trainedModelName",
            "string",
            required=True,
            help="Name of the resource, such as `Loan risk [trained model]`.",
        ),
        Property(
            "trainedModelLinkedServiceName", "reference", required=True, help="Storage account that holds the model."
        ),
        Property("trainedModelFilePath", "string", required=True, help="`container/folder/model.ilearner`."),
    ),
)
def azure_ml_update_resource(p: Properties, ctx: ActivityContext) -> Output:
    """Puts a trained model into a scoring web service: a classic endpoint by its key, a resource-manager service by a
    service principal. The same model twice is one revision."""
    service = reach(ctx.linked_service(), ctx.platform, MlService, TYPE)
    if service.update_url is None:
        raise ActivityFailed.missing("updateResourceEndpoint")
    name = _text(p, "trainedModelName")
    storage = p.get("trainedModelLinkedServiceName")
    if storage is None:
        raise ActivityFailed.missing("trainedModelLinkedServiceName")
    store = reach(ctx.linked_service(storage), ctx.platform, BlobFiles, TYPE)
    model = store.account.signed(_text(p, "trainedModelFilePath"), ctx.now().timestamp())
    base = service.update_url.partition("?")[0]
    failed = Failed(
        "2601",
        f"Update Resource failed. The response from the Machine Learning service at endpoint {base} was '{{said}}'.",
    )
    if service.is_resource_manager:
        return _update_definition(ctx, service, name, model, failed)
    return _update_endpoint(ctx, service, name, model, failed)


def _update_endpoint(
    ctx: ActivityContext, service: MlService, name: str, model: BlobReference, failed: Failed
) -> Output:
    """A classic endpoint: one PATCH with its key."""
    url = service.update_url or ""
    location = {k: v for k, v in model.to_json().items() if v is not None and k != "ConnectionString"}
    body: dict[str, Json] = {"Resources": [{"Name": name, "Location": location}]}
    if _is_ours(url, ctx.platform.url):
        body["Reason"] = f"Pipeline {ctx.pipeline}, activity {ctx.activity}, run {ctx.run_id}"
    answer = Caller(ctx, service.api_key, failed, ctx.operation_id).call("PATCH", url, body)
    return {**_live_revision(answer), "trainedModelName": name, "effectiveIntegrationRuntime": "Restudio"}


def _live_revision(answer: Answer) -> dict[str, Json]:
    """What our own endpoints tell of the change; other services answer with nothing of interest."""
    try:
        value = read_json(answer, Failed("", "{said}"))
    except ActivityFailed:
        return {}
    change = value.get("Change") if isinstance(value, Mapping) else None
    return {"change": change} if isinstance(change, Mapping) else {}


def _update_definition(
    ctx: ActivityContext, service: MlService, name: str, model: BlobReference, failed: Failed
) -> Output:
    """A resource-manager service: read its definition, point the asset at the file, wait until that is provisioned."""
    url = service.update_url or ""
    if "api-version=" not in url.casefold():
        url = f"{url}{'&' if '?' in url else '?'}api-version={_API_VERSION}"
    assert service.principal is not None
    caller = Caller(ctx, request_token(ctx, service.principal, url, failed), failed, ctx.operation_id)
    definition = read_json(caller.call("GET", url), failed)
    key, asset = _find_asset(definition, name, failed)
    location = {"uri": f"{model.base_location}{model.relative_location}{model.sas_token or ''}"}
    changed = {**asset, "locationInfo": {**Properties(asset).object("locationInfo"), **location}}
    body = {"properties": {"packageType": "Graph", "assets": {key: changed}}}
    answer = caller.call("PATCH", url, body)
    _await_provisioning(caller, url, answer)
    return {"trainedModelName": name, "effectiveIntegrationRuntime": "Restudio"}


def _find_asset(definition: Json, name: str, failed: Failed) -> tuple[str, Mapping[str, Json]]:
    """Key and asset of the trained model of that name."""
    document = Properties(definition if isinstance(definition, Mapping) else {})
    assets = document.object("properties").object("assets")
    resources = {
        key: cast("Mapping[str, Json]", asset)
        for key, asset in assets.items()
        if isinstance(asset, Mapping) and str(Properties(asset).get("type", "")).casefold() == "resource"
    }
    for key, asset in resources.items():
        if Properties(asset).get("name") == name:
            return key, asset
    known = [str(Properties(asset).get("name")) for asset in resources.values()]
    if not known:
        raise failed("the web service has no updatable resource")
    raise failed(f"the web service has no resource '{name}'.{nearest(name, known)}")


def _await_provisioning(caller: Caller, url: str, answer: Answer) -> None:
    """Follow the asynchronous operation that a change began, if it began one."""
    operation = answer.headers.get("azure-asyncoperation")
    if operation is None:
        return
    place, pauses = urljoin(url, operation), growing_pauses(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
    while True:
        answer = caller.call("GET", place)
        told = Properties(value if isinstance(value := read_json(answer, caller.failed), Mapping) else {})
        status = str(told.get("status", "")).casefold()
        if status == "succeeded":
            return
        if status in ("failed", "canceled", "cancelled"):
            error = told.object("error") or told.object("errorInfo")
            raise caller.failed(str(error.get("message") or error.get("code") or f"the operation was {status}"))
        wait = answer.headers.get("retry-after", "")
        caller.ctx.pause(min(float(wait), _LONGEST_PAUSE_S) if wait.isdecimal() else next(pauses))


def _is_ours(url: str, own: str) -> bool:
    asked, ours = urlsplit(url), urlsplit(own)
    return (asked.scheme, asked.netloc) == (ours.scheme, ours.netloc)


def _text(p: Properties, name: str) -> str:
    value = p.get(name)
    if value is None or value == "":
        raise ActivityFailed.missing(name)
    if not isinstance(value, str):
        raise ActivityFailed.wrong_type(name, "string")
    return value
