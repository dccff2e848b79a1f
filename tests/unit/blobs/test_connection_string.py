from __future__ import annotations

import pytest

from restudio.blobs.connection_string import format_connection_string, parse_connection_string
from restudio.core.errors import RestudioError

KEY = "a2V5"
GOOD = [
    (f"DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={KEY}", "https://acme.blob.core.windows.net", False),
    (f"AccountName=acme;AccountKey={KEY};EndpointSuffix=core.x.cn", "https://acme.blob.core.x.cn", False),
    (f"blobendpoint=http://h:1/blob/acme/;AccountName=acme;AccountKey={KEY};", "http://h:1/blob/acme", True),
    (f"BlobEndpoint=https://acme.blob.x.net;TableEndpoint=https://t;AccountKey={KEY}", "https://acme.blob.x.net", True),
]  # fmt: skip


@pytest.mark.parametrize(("text", "endpoint", "explicit"), GOOD)
def test_reading(text: str, endpoint: str, explicit: bool) -> None:
    parsed = parse_connection_string(text)
    assert (parsed.account, parsed.endpoint, parsed.is_explicit, parsed.key) == ("acme", endpoint, explicit, b"key")


def test_a_shared_access_signature_in_place_of_the_key() -> None:
    parsed = parse_connection_string("BlobEndpoint=https://acme.blob.x.net;SharedAccessSignature=sv=1&sig=a%3D")
    assert (parsed.key, parsed.sas) == (None, "?sv=1&sig=a%3D")


BAD = [
    ("", "AccountName is missing"),
    ("nonsense", "'='"),
    ("UseDevelopmentStorage=true", "UseDevelopmentStorage"),
    (f"AccountName=ACME!;AccountKey={KEY}", "letters and digits"),
    ("AccountName=acme", "AccountKey is missing"),
    ("AccountName=acme;AccountKey=*secret*", "not Base64"),
    (f"BlobEndpoint=ftp://x;AccountName=acme;AccountKey={KEY}", "http or https"),
    (f"BlobEndpoint=http://[bad;AccountName=acme;AccountKey={KEY}", "http or https"),
]


@pytest.mark.parametrize(("text", "reason"), BAD)
def test_what_is_wrong_is_told_without_the_key(text: str, reason: str) -> None:
    with pytest.raises(RestudioError, match=reason) as error:
        parse_connection_string(text)
    assert error.value.detail == "InvalidBlobConnectionString"
    assert "secret" not in error.value.message


def test_repr_shows_no_key() -> None:
    assert "key" not in repr(parse_connection_string(GOOD[0][0]))


def test_what_is_written_is_read() -> None:
    parsed = parse_connection_string(format_connection_string("acme", KEY, "http://h/blob/acme"))
    assert (parsed.account, parsed.key, parsed.endpoint) == ("acme", b"key", "http://h/blob/acme")
