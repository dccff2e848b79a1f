"""Operations of the Blob protocol: one line of the table each, and the functions that perform them.

The functions are synchronous; ``restudio.http.blob`` runs them in worker threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from restudio.blobs.failures import refusal
from restudio.blobs.listing import MAX_RESULTS
from restudio.blobs.rules import ensure_conditions, is_unchanged, parse_range
from restudio.blobs.sas import Asked, ensure_sas, parse_sas
from restudio.blobs.service import BlobService, Content
from restudio.blobs.types import Blob, BlobPath, Conditions, Container
from restudio.core.errors import RestudioError
from restudio.core.ids import new_id
from restudio.http.blob_auth import ALL
from restudio.http.blob_batch import MAX_BYTES, parse_batch, perform_batch
from restudio.http.blob_request import BlobRequest, Body
from restudio.http.blob_xml import blobs_xml, blocks_xml, containers_xml, http_time, parse_block_list

XML = "application/xml"
BLOCK_LIST_BYTES = 16 << 20
NO_BODY = Body(b"", 0, "")


@dataclass(frozen=True, slots=True)
class Call:
    """What an operation works on. ``granted`` are the permissions of the caller."""

    service: BlobService
    request: BlobRequest
    granted: str
    now: float
    body: Body = NO_BODY

    @property
    def path(self) -> BlobPath:
        return BlobPath(self.request.account, self.request.container, self.request.blob)


@dataclass(frozen=True, slots=True)
class Answer:
    """``stream`` (an opened blob, start, length) takes the place of ``body``."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    stream: tuple[Content, int, int] | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """``letters``: signature permissions that allow it (any of them). ``body``: size of the largest body it takes."""

    perform: Callable[[Call], Answer]
    letters: str = ""
    body: Callable[[BlobService], int] | None = None


def find_operation(request: BlobRequest) -> Operation:
    """The operation that method, level, ``restype`` and ``comp`` ask for."""
    level = "blob" if request.blob else "container" if request.container else "account"
    query = request.query
    if "snapshot" in query or "versionid" in query:
        raise refusal("UnsupportedQueryParameter")
    comp, restype = query.get("comp", "").lower(), query.get("restype", "").lower()
    if level == "container" and restype != "container":
        raise refusal("MissingRequiredQueryParameter", "Requests to a container carry restype=container.")
    found = _OPERATIONS.get((level, request.method, comp))
    if found is not None:
        return found
    if any(key[0] == level and key[2] == comp for key in _OPERATIONS):
        raise refusal("UnsupportedHttpVerb")
    raise refusal("UnsupportedQueryParameter", target="comp")


# -- accounts and containers


def _list_containers(call: Call) -> Answer:
    query = call.request.query
    prefix, marker, limit = query.get("prefix", ""), query.get("marker", ""), _limit(query)
    page = call.service.list_containers(call.request.account, prefix, marker, limit)
    asked = {"Prefix": prefix, "Marker": marker, "MaxResults": limit}
    endpoint = call.service.accounts.endpoint(call.request.account)
    return _xml(containers_xml(endpoint, page, asked, "metadata" in query.get("include", "")))


def _account_information(call: Call) -> Answer:
    if call.request.query.get("restype", "").lower() != "account":
        raise refusal("UnsupportedQueryParameter", target="restype")
    return Answer(200, {"x-ms-sku-name": "Standard_LRS", "x-ms-account-kind": "StorageV2"})


def _create_container(call: Call) -> Answer:
    if call.request.header("x-ms-blob-public-access"):
        raise refusal("PublicAccessNotPermitted")
    container = call.service.create_container(call.path.account, call.path.container, call.request.metadata())
    return Answer(201, _container_headers(container))


def _get_container(call: Call) -> Answer:
    container = call.service.get_container(call.path.account, call.path.container)
    lease = {"x-ms-lease-status": "unlocked", "x-ms-lease-state": "available", "x-ms-has-legal-hold": "false"}
    return Answer(200, {**_container_headers(container), **lease, **_metadata_headers(container.metadata)})


def _set_container_metadata(call: Call) -> Answer:
    metadata = call.request.metadata()
    return Answer(
        200, _container_headers(call.service.set_container_metadata(call.path.account, call.path.container, metadata))
    )


def _delete_container(call: Call) -> Answer:
    call.service.delete_container(call.path.account, call.path.container)
    return Answer(202)


def _list_blobs(call: Call) -> Answer:
    query, path = call.request.query, call.path
    prefix, delimiter, marker = (query.get(name, "") for name in ("prefix", "delimiter", "marker"))
    limit = _limit(query)
    page = call.service.list_blobs(path.account, path.container, prefix, delimiter, marker, limit)
    asked = {"Prefix": prefix, "Marker": marker, "MaxResults": limit, "Delimiter": delimiter}
    endpoint = call.service.accounts.endpoint(path.account)
    return _xml(blobs_xml(endpoint, path.container, page, asked, "metadata" in query.get("include", "")))


def _limit(query: Mapping[str, str]) -> int:
    text = query.get("maxresults", "")
    if not text:
        return MAX_RESULTS
    if not text.isdecimal() or len(text) > 9 or int(text) == 0:
        raise refusal("OutOfRangeInput", "maxresults must be a number of at least 1.", target="maxresults")
    return min(int(text), MAX_RESULTS)


def _delete_batch(call: Call) -> Answer:
    parts = parse_batch(call.request.header("content-type"), call.body.read(), call.path, call.request.raw_path)
    return Answer(202, *perform_batch(parts, call.service.delete_blob))


# -- reading blobs


def _get_blob(call: Call) -> Answer:
    content = call.service.open(call.path)
    blob = content.blob
    unchanged = _precondition(call.request.conditions(), blob)
    if unchanged is not None:
        return unchanged
    span = parse_range(call.request.header("x-ms-range") or call.request.header("range"), blob.size)
    headers = _blob_headers(blob, call.request)
    if span is None:
        return Answer(200, headers | _md5("content-md5", blob), stream=(content, 0, blob.size))
    start, length = span
    headers["content-range"] = f"bytes {start}-{start + length - 1}/{blob.size}"
    return Answer(206, headers | _md5("x-ms-blob-content-md5", blob), stream=(content, start, length))


def _head_blob(call: Call) -> Answer:
    blob = call.service.get_blob(call.path)
    unchanged = _precondition(call.request.conditions(), blob)
    if unchanged is not None:
        return unchanged
    size = {"content-length": str(blob.size)}
    return Answer(200, _blob_headers(blob, call.request) | _md5("content-md5", blob) | size)


def _get_metadata(call: Call) -> Answer:
    blob = call.service.get_blob(call.path)
    return Answer(200, _version_headers(blob) | _metadata_headers(blob.metadata))


def _precondition(conditions: Conditions, blob: Blob) -> Answer | None:
    if is_unchanged(conditions, blob):
        return Answer(304, {**_version_headers(blob), "x-ms-error-code": "ConditionNotMet"})
    ensure_conditions(replace(conditions, if_none_match=None, if_modified_since=None), blob)
    return None


def _get_block_list(call: Call) -> Answer:
    kind = call.request.query.get("blocklisttype", "committed").lower()
    if kind not in ("committed", "uncommitted", "all"):
        raise refusal("InvalidQueryParameterValue", target="blocklisttype")
    committed, uncommitted = call.service.list_blocks(call.path)
    return _xml(blocks_xml(None if kind == "uncommitted" else committed, None if kind == "committed" else uncommitted))


# -- writing blobs


def _put_blob(call: Call) -> Answer:
    if call.request.header("x-ms-copy-source"):
        return _copy_blob(call)
    kind = call.request.header("x-ms-blob-type")
    if kind.casefold() != "blockblob":
        raise refusal("InvalidBlobType" if kind else "MissingRequiredHeader", target="x-ms-blob-type")
    _ensure_md5(call)
    headers = call.request.blob_headers(plain=True)
    if headers.content_md5 and headers.content_md5 != call.body.md5:
        raise refusal("Md5Mismatch")
    with_md5 = replace(headers, content_md5=call.body.md5)
    return _written(
        call,
        lambda conditions: call.service.put_blob(
            call.path, call.body.content, with_md5, call.request.metadata(), conditions
        ),
    )


def _copy_blob(call: Call) -> Answer:
    if any(name.startswith("x-ms-source-") for name in call.request.headers):
        raise refusal("UnsupportedHeader", "Conditions on the source of a copy are not supported.")
    source = _copy_source(call)
    metadata = call.request.metadata()
    answer = _written(call, lambda conditions: call.service.copy_blob(source, call.path, metadata, conditions))
    status = 201 if call.request.header("x-ms-blob-type") else 202
    copied = {"x-ms-copy-id": new_id(), "x-ms-copy-status": "success"}
    return Answer(status, {**answer.headers, **copied})


def _copy_source(call: Call) -> BlobPath:
    """Where a copy comes from: a blob of this service that the caller may read."""
    address, _, token = call.request.header("x-ms-copy-source").partition("?")
    source = call.service.accounts.locate(address)
    if source is None:
        raise refusal("CannotVerifyCopySource", "Only blobs of this service can be copied; download and upload others.")
    fields = parse_sas(token)
    if fields.get("sig"):
        asked = Asked(source.account, source.container, source.name, "r", call.now, call.request.client)
        try:
            ensure_sas(call.service.accounts.key(source.account), fields, asked)
        except RestudioError as cause:
            raise refusal("CannotVerifyCopySource", cause.message) from cause
    elif source.account != call.path.account or call.granted != ALL:
        raise refusal("CannotVerifyCopySource", "The source needs a signature that allows reading.")
    return source


def _put_block(call: Call) -> Answer:
    if call.request.header("x-ms-copy-source"):
        raise refusal("UnsupportedHeader", "Blocks cannot be put from an address.", target="x-ms-copy-source")
    block = call.request.query.get("blockid", "")
    if not block:
        raise refusal("MissingRequiredQueryParameter", target="blockid")
    if not call.body.size:
        raise refusal("InvalidInput", "A block has at least one byte.")
    _ensure_md5(call)
    call.service.put_block(call.path, block, call.body.content)
    return Answer(201, {"content-md5": call.body.md5, "x-ms-request-server-encrypted": "false"})


def _put_block_list(call: Call) -> Answer:
    _ensure_md5(call)
    entries = parse_block_list(call.body.read())
    headers, metadata = call.request.blob_headers(), call.request.metadata()
    return _written(
        call, lambda conditions: call.service.commit_blocks(call.path, entries, headers, metadata, conditions)
    )


def _set_metadata(call: Call) -> Answer:
    blob = call.service.set_metadata(call.path, call.request.metadata(), call.request.conditions())
    return Answer(200, _version_headers(blob))


def _set_properties(call: Call) -> Answer:
    blob = call.service.set_headers(call.path, call.request.blob_headers(), call.request.conditions())
    return Answer(200, _version_headers(blob))


def _delete_blob(call: Call) -> Answer:
    call.service.delete_blob(call.path, call.request.conditions())
    return Answer(202, {"x-ms-delete-type-permanent": "true"})


def _written(call: Call, write: Callable[[Conditions], Blob]) -> Answer:
    conditions = call.request.conditions()
    only_create = "w" not in call.granted
    try:
        blob = write(replace(conditions, if_none_match="*") if only_create else conditions)
    except RestudioError as cause:
        if only_create and cause.detail == "BlobAlreadyExists" and conditions.if_none_match != "*":
            raise refusal("UnauthorizedBlobOverwrite") from cause
        raise
    return Answer(201, _version_headers(blob) | _md5("content-md5", blob) | {"x-ms-request-server-encrypted": "false"})


def _ensure_md5(call: Call) -> None:
    if "x-ms-structured-body" in call.request.headers:
        raise refusal("UnsupportedHeader", "Structured bodies are not supported.", target="x-ms-structured-body")
    given = call.request.header("content-md5")
    if given and given != call.body.md5:
        raise refusal("Md5Mismatch")


# -- headers


def _xml(body: bytes) -> Answer:
    return Answer(200, {"content-type": XML}, body)


def _container_headers(container: Container) -> dict[str, str]:
    return {"etag": container.etag, "last-modified": http_time(container.modified)}


def _version_headers(blob: Blob) -> dict[str, str]:
    return {"etag": blob.etag, "last-modified": http_time(blob.modified)}


def _metadata_headers(metadata: Mapping[str, str]) -> dict[str, str]:
    return {f"x-ms-meta-{name}": value for name, value in metadata.items()}


def _md5(name: str, blob: Blob) -> dict[str, str]:
    return {name: blob.headers.content_md5} if blob.headers.content_md5 else {}


_OVERRIDES = {
    "cache-control": "rscc",
    "content-disposition": "rscd",
    "content-encoding": "rsce",
    "content-language": "rscl",
    "content-type": "rsct",
}


def _blob_headers(blob: Blob, request: BlobRequest) -> dict[str, str]:
    query = request.query
    system = {
        "cache-control": blob.headers.cache_control,
        "content-disposition": blob.headers.content_disposition,
        "content-encoding": blob.headers.content_encoding,
        "content-language": blob.headers.content_language,
        "content-type": blob.headers.content_type,
    }
    shown = {name: query.get(_OVERRIDES[name]) or value for name, value in system.items()}
    return {
        **{name: value for name, value in shown.items() if value},
        **_version_headers(blob),
        **_metadata_headers(blob.metadata),
        "accept-ranges": "bytes",
        "x-ms-blob-type": "BlockBlob",
        "x-ms-creation-time": http_time(blob.created),
        "x-ms-lease-status": "unlocked",
        "x-ms-lease-state": "available",
        "x-ms-server-encrypted": "false",
    }


def _whole(service: BlobService) -> int:
    return service.limits.max_blob


def _list_size(_: BlobService) -> int:
    return BLOCK_LIST_BYTES


def _batch_size(_: BlobService) -> int:
    return MAX_BYTES


_OPERATIONS: Mapping[tuple[str, str, str], Operation] = {
    ("account", "GET", "list"): Operation(_list_containers),
    ("account", "GET", "properties"): Operation(_account_information),
    ("account", "HEAD", "properties"): Operation(_account_information),
    ("container", "PUT", ""): Operation(_create_container),
    ("container", "GET", ""): Operation(_get_container),
    ("container", "HEAD", ""): Operation(_get_container),
    ("container", "DELETE", ""): Operation(_delete_container),
    ("container", "GET", "metadata"): Operation(_get_container),
    ("container", "HEAD", "metadata"): Operation(_get_container),
    ("container", "PUT", "metadata"): Operation(_set_container_metadata),
    ("container", "POST", "batch"): Operation(_delete_batch, "", _batch_size),
    ("container", "GET", "list"): Operation(_list_blobs, "l"),
    ("blob", "GET", ""): Operation(_get_blob, "r"),
    ("blob", "HEAD", ""): Operation(_head_blob, "r"),
    ("blob", "GET", "metadata"): Operation(_get_metadata, "r"),
    ("blob", "HEAD", "metadata"): Operation(_get_metadata, "r"),
    ("blob", "GET", "blocklist"): Operation(_get_block_list, "r"),
    ("blob", "PUT", ""): Operation(_put_blob, "cw", _whole),
    ("blob", "PUT", "block"): Operation(_put_block, "cw", _whole),
    ("blob", "PUT", "blocklist"): Operation(_put_block_list, "cw", _list_size),
    ("blob", "PUT", "metadata"): Operation(_set_metadata, "w"),
    ("blob", "PUT", "properties"): Operation(_set_properties, "w"),
    ("blob", "DELETE", ""): Operation(_delete_blob, "d"),
}
