"""``obstore`` (the Rust object_store client) against the endpoint."""

from __future__ import annotations

import os
from datetime import timedelta

import httpx
import obstore
import pytest
from obstore.store import AzureStore

from restudio.blobs.connection_string import parse_connection_string
from restudio.blobs.service import BlobService

ACCOUNT = "acme"


def _open(service: BlobService) -> AzureStore:
    service.create_container(ACCOUNT, "incoming")
    text = service.accounts.connection_string(ACCOUNT)
    key = dict(part.partition("=")[::2] for part in text.split(";") if part)["AccountKey"]
    return AzureStore(
        "incoming",
        account_name=ACCOUNT,
        account_key=key,
        endpoint=parse_connection_string(text).endpoint,
        client_options={"allow_http": True},
    )


def test_put_get_range_list_copy_delete(service: BlobService) -> None:
    store = _open(service)
    obstore.put(store, "a/b c.csv", b"hello world", attributes={"Content-Type": "text/csv"})
    assert bytes(obstore.get(store, "a/b c.csv").bytes()) == b"hello world"
    assert bytes(obstore.get_range(store, "a/b c.csv", start=6, length=5)) == b"world"
    assert obstore.head(store, "a/b c.csv")["size"] == 11
    obstore.copy(store, "a/b c.csv", "d.csv")
    found = obstore.list_with_delimiter(store)
    assert (found["common_prefixes"], [o["path"] for o in found["objects"]]) == (["a"], ["d.csv"])
    with pytest.raises(obstore.exceptions.AlreadyExistsError):
        obstore.put(store, "d.csv", b"again", mode="create")
    obstore.delete(store, "d.csv")
    with pytest.raises(FileNotFoundError):
        obstore.get(store, "d.csv")


def test_a_multipart_upload(service: BlobService) -> None:
    store = _open(service)
    data = os.urandom((11 << 20) + 5)
    obstore.put(store, "big", data, use_multipart=True, chunk_size=5 << 20)
    assert bytes(obstore.get(store, "big").bytes()) == data


def test_its_own_signed_address(service: BlobService) -> None:
    store = _open(service)
    obstore.put(store, "signed.csv", b"1")
    url = obstore.sign(store, "GET", "signed.csv", timedelta(minutes=5))
    assert httpx.get(url).content == b"1"
    assert httpx.delete(url).status_code == 403
