"""``azure-storage-blob`` against the endpoint."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import (
    BlobBlock,
    BlobClient,
    BlobPrefix,
    BlobSasPermissions,
    BlobServiceClient,
    ContainerClient,
    ContainerSasPermissions,
    ContentSettings,
    generate_blob_sas,
    generate_container_sas,
)

from restudio.blobs.service import BlobService

ACCOUNT = "acme"


@pytest.fixture
def container(client: BlobServiceClient) -> ContainerClient:
    return client.create_container("incoming")


def _key(client: BlobServiceClient) -> str:
    return str(client.credential.account_key)


def _later(minutes: float) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=minutes)


def _code(error: HttpResponseError) -> str:
    code: str = error.error_code  # type: ignore[attr-defined]  # set by azure-storage-blob on the errors of azure-core
    return code


def test_containers_are_made_listed_and_removed(client: BlobServiceClient) -> None:
    for name in ("beta", "alpha", "gamma"):
        client.create_container(name, metadata={"kind": name})
    assert [c.name for c in client.list_containers()] == ["alpha", "beta", "gamma"]
    assert [c.name for c in client.list_containers(name_starts_with="be", include_metadata=True)] == ["beta"]
    pages = client.list_containers(results_per_page=2).by_page()
    assert [[c.name for c in page] for page in pages] == [["alpha", "beta"], ["gamma"]]
    with pytest.raises(ResourceExistsError) as error:
        client.create_container("beta")
    assert _code(error.value) == "ContainerAlreadyExists"
    assert client.get_container_client("beta").get_container_properties().metadata == {"kind": "beta"}
    client.delete_container("beta")
    assert not client.get_container_client("beta").exists()


def test_a_small_blob_goes_up_and_down_with_its_properties(container: ContainerClient) -> None:
    settings = ContentSettings("text/csv", content_language="en", cache_control="no-cache", content_disposition="x")
    sent = container.upload_blob("july 1+ä/&.csv", b"a,b\n1,2\n", metadata={"made": "here"}, content_settings=settings)
    properties = sent.get_blob_properties()
    assert sent.download_blob().readall() == b"a,b\n1,2\n"
    assert (properties.size, properties.metadata) == (8, {"made": "here"})
    assert properties.content_settings.content_type == "text/csv"
    assert properties.content_settings.cache_control == "no-cache"
    assert properties.content_settings.content_md5 is not None
    sent.set_blob_metadata({"made": "there"})
    sent.set_http_headers(ContentSettings("text/plain"))
    changed = sent.get_blob_properties()
    assert changed.metadata == {"made": "there"}
    assert changed.content_settings.content_type == "text/plain"
    assert changed.etag != properties.etag
    sent.delete_blob()
    assert not sent.exists()


def test_an_empty_blob(container: ContainerClient) -> None:
    blob = container.upload_blob("empty.csv", b"")
    assert blob.download_blob().readall() == b""
    assert blob.get_blob_properties().size == 0


def test_seventy_megabytes_in_blocks_with_ranges(container: ContainerClient) -> None:
    data = os.urandom(70 << 20)
    blob = container.upload_blob("big.bin", data, max_concurrency=4)
    assert blob.get_blob_properties().size == len(data)
    assert blob.download_blob(max_concurrency=2).readall() == data
    assert blob.download_blob(offset=(4 << 20) - 3, length=7).readall() == data[(4 << 20) - 3 : (4 << 20) + 4]
    assert len(blob.get_block_list()[0]) == 18


def test_uncommitted_blocks_survive_a_restart(
    serve_blobs: Callable[[], AbstractContextManager[BlobService]],
) -> None:
    ids = [uuid.uuid4().hex for _ in range(3)]
    with serve_blobs() as service:
        string = service.accounts.connection_string(ACCOUNT)
        with BlobServiceClient.from_connection_string(string) as client:
            blob = client.create_container("incoming").get_blob_client("parts")
            blob.stage_block(ids[2], b"c")
            blob.stage_block(ids[0], b"a")
            assert not blob.exists()
    with serve_blobs() as service:
        string = service.accounts.connection_string(ACCOUNT)
        with BlobClient.from_connection_string(string, "incoming", "parts") as blob:
            blob.stage_block(ids[1], b"b")
            assert {b.id for b in blob.get_block_list("uncommitted")[1]} == set(ids)
            blob.commit_block_list([BlobBlock(i) for i in ids], content_settings=ContentSettings("text/x"))
            assert blob.download_blob().readall() == b"abc"
            assert blob.get_blob_properties().content_settings.content_type == "text/x"
            blob.stage_block(ids[0], b"A")
            blob.commit_block_list([BlobBlock(ids[0]), BlobBlock(ids[2])])
            assert blob.download_blob().readall() == b"Ac"
            with pytest.raises(HttpResponseError) as error:
                blob.commit_block_list([BlobBlock("missing")])
            assert _code(error.value) == "InvalidBlockList"


def test_listing_by_prefix_delimiter_and_page(container: ContainerClient) -> None:
    names = ["a/1", "a/2", "a/x/3", "b", "c/4", "d"]
    for name in reversed(names):
        container.upload_blob(name, b"x", metadata={"n": "1"})
    assert list(container.list_blob_names()) == names
    assert [b.name for b in container.list_blobs(name_starts_with="a/")] == names[:3]
    assert [b.metadata for b in container.list_blobs(name_starts_with="b", include=["metadata"])] == [{"n": "1"}]
    walked = [(b.name, isinstance(b, BlobPrefix)) for b in container.walk_blobs(delimiter="/")]
    assert sorted(walked) == [("a/", True), ("b", False), ("c/", True), ("d", False)]
    pages = [[b.name for b in page] for page in container.list_blobs(results_per_page=4).by_page()]
    assert pages == [names[:4], names[4:]]
    assert sorted(b.name for b in container.walk_blobs("a/", delimiter="/")) == ["a/1", "a/2", "a/x/"]


def test_overwriting_and_preconditions(container: ContainerClient) -> None:
    blob = container.upload_blob("once", b"1")
    with pytest.raises(ResourceExistsError) as error:
        container.upload_blob("once", b"2")
    assert _code(error.value) == "BlobAlreadyExists"
    etag = blob.get_blob_properties().etag
    container.upload_blob("once", b"3", overwrite=True, etag=etag, match_condition=MatchConditions.IfNotModified)
    with pytest.raises(ResourceModifiedError) as modified:
        blob.delete_blob(etag=etag, match_condition=MatchConditions.IfNotModified)
    assert _code(modified.value) == "ConditionNotMet"
    assert blob.download_blob().readall() == b"3"


def test_a_copy_needs_no_bytes_and_outlives_its_source(container: ContainerClient) -> None:
    source = container.upload_blob("model.ilearner", b"model", metadata={"v": "1"})
    target = container.get_blob_client("kept/model.ilearner")
    assert target.start_copy_from_url(source.url)["copy_status"] == "success"
    source.delete_blob()
    assert target.download_blob().readall() == b"model"
    assert target.get_blob_properties().metadata == {"v": "1"}
    with pytest.raises(HttpResponseError) as error:
        target.start_copy_from_url("http://elsewhere.invalid/a/b")
    assert _code(error.value) == "CannotVerifyCopySource"


def test_signatures_grant_exactly_what_they_say(client: BlobServiceClient, container: ContainerClient) -> None:
    container.upload_blob("july.csv", b"data")
    read = generate_blob_sas(
        ACCOUNT, "incoming", "july.csv", account_key=_key(client), permission=BlobSasPermissions(read=True),
        expiry=_later(5), content_type="text/special", start=_later(-5),
    )  # fmt: skip
    blob = BlobClient(client.url, "incoming", "july.csv", credential=read, retry_total=0)
    assert blob.download_blob().readall() == b"data"
    assert blob.get_blob_properties().content_settings.content_type == "text/special"
    for refused in (lambda: blob.upload_blob(b"x", overwrite=True), blob.delete_blob):
        with pytest.raises(HttpResponseError) as error:
            refused()
        assert (error.value.status_code, _code(error.value)) == (403, "AuthorizationPermissionMismatch")
    other = BlobClient(client.url, "incoming", "august.csv", credential=read, retry_total=0)
    with pytest.raises(ClientAuthenticationError, match="Signature did not match"):
        other.download_blob()


def test_an_expired_signature_says_since_when(client: BlobServiceClient, container: ContainerClient) -> None:
    container.upload_blob("july.csv", b"data")
    expiry = _later(-1).replace(microsecond=0)
    late = generate_blob_sas(ACCOUNT, "incoming", "july.csv", account_key=_key(client), permission="r", expiry=expiry)
    with pytest.raises(ClientAuthenticationError, match=f"expired at {expiry:%Y-%m-%dT%H:%M:%SZ}"):
        BlobClient(client.url, "incoming", "july.csv", credential=late, retry_total=0).download_blob()


def test_a_container_signature_lists_and_creates(client: BlobServiceClient, container: ContainerClient) -> None:
    token = generate_container_sas(
        ACCOUNT, "incoming", account_key=_key(client), expiry=_later(5),
        permission=ContainerSasPermissions(list=True, create=True, read=True),
    )  # fmt: skip
    mine = ContainerClient(client.url, "incoming", credential=token, retry_total=0)
    mine.upload_blob("new", b"1")
    assert list(mine.list_blob_names()) == ["new"]
    with pytest.raises(HttpResponseError) as error:
        mine.upload_blob("new", b"2", overwrite=True)
    assert _code(error.value) == "UnauthorizedBlobOverwrite"
    with pytest.raises(HttpResponseError) as gone:
        mine.delete_container()
    assert gone.value.status_code == 403


def test_a_wrong_key_an_unknown_account_and_nobody(client: BlobServiceClient, container: ContainerClient) -> None:
    wrong = "d3Jvbmc=" * 8
    for url, credential, status in (
        (client.url, {"account_name": ACCOUNT, "account_key": wrong}, 403),
        (client.url.replace(ACCOUNT, "nobody"), {"account_name": "nobody", "account_key": wrong}, 403),
        (client.url, None, 401),
    ):
        with (
            ContainerClient(url, "incoming", credential=credential, retry_total=0) as stranger,
            pytest.raises(HttpResponseError) as error,
        ):
            stranger.get_container_properties()
        assert error.value.status_code == status


def test_several_are_deleted_at_once(container: ContainerClient) -> None:
    for name in ("a b", "c", "d"):
        container.upload_blob(name, b"x")
    answers = list(container.delete_blobs("a b", "c", "missing", raise_on_any_failure=False))
    assert [answer.status_code for answer in answers] == [202, 202, 404]
    assert list(container.list_blob_names()) == ["d"]


def test_missing_things(client: BlobServiceClient, container: ContainerClient) -> None:
    with pytest.raises(ResourceNotFoundError) as blob:
        container.download_blob("nothing")
    assert _code(blob.value) == "BlobNotFound"
    with pytest.raises(ResourceNotFoundError) as missing:
        client.get_blob_client("nowhere", "x").upload_blob(b"1")
    assert _code(missing.value) == "ContainerNotFound"
