"""Requests that no client sends: every one gets storage's error, none a fault of the server."""

from __future__ import annotations

from contextlib import closing
from email.utils import formatdate
from http.client import HTTPConnection
from urllib.parse import quote, urlencode, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from restudio.blobs.service import BlobService
from restudio.blobs.sharedkey import authorization, parse_query
from restudio.blobs.types import BlobPath

METHODS = st.sampled_from(["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"])
PATHS = st.sampled_from(
    ["", "/", "/incoming", "/incoming/", "/in%00", "/incoming/a", "/incoming/%ff%00", "/incoming//a/../b"]
)
QUERY = st.dictionaries(
    st.sampled_from(
        ["comp", "restype", "blockid", "maxresults", "marker", "prefix", "delimiter", "sig", "sv", "snapshot"]
    ),
    st.sampled_from(
        ["list", "container", "block", "blocklist", "metadata", "properties", "batch", "account", "x", "0", "YQ=="]
    )
    | st.text(max_size=4),
    max_size=4,
)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "x-ms-blob-type",
            "x-ms-range",
            "range",
            "content-md5",
            "x-ms-copy-source",
            "if-match",
            "if-none-match",
            "if-modified-since",
            "x-ms-meta-a",
            "x-ms-meta-1 b",
            "content-type",
            "x-ms-blob-content-md5",
        ]
    ),
    st.sampled_from(
        ["BlockBlob", "PageBlob", "bytes=0-1", "bytes=9-", "*", "x", "multipart/mixed; boundary=b", "http://["]
    ),
    max_size=4,
)
BODIES = st.sampled_from(
    [b"", b"x", b"<BlockList/>", b"<BlockList><Latest>YQ==</Latest></BlockList>", b"<!DOCTYPE x><BlockList/>"]
)


@pytest.mark.parametrize("signed", [True, False])
def test_nothing_breaks_the_endpoint(service: BlobService, signed: bool) -> None:
    service.create_container("acme", "incoming")
    service.put_blob(BlobPath("acme", "incoming", "a"), b"0123456789")
    key = service.accounts.key("acme")
    root = service.accounts.endpoint("acme")
    with httpx.Client(timeout=60) as client:

        @settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
        @given(METHODS, PATHS, QUERY, HEADERS, BODIES)
        def send(method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> None:
            text = urlencode(query, quote_via=quote)
            good = {name: value for name, value in headers.items() if " " not in name}
            good["x-ms-date"] = formatdate(usegmt=True)
            request = client.build_request(method, f"{root}{path}?{text}", headers=good, content=body)
            if signed:
                sent = {name.lower(): value for name, value in request.headers.items()}
                request.headers["authorization"] = authorization(
                    "acme", key, method, sent, urlsplit(str(request.url)).path, parse_query(text)
                )
            answer = client.send(request)
            assert answer.status_code < 500, (answer.status_code, answer.text)
            assert "x-ms-request-id" in answer.headers
            if answer.status_code >= 400:
                assert answer.headers["x-ms-error-code"]
                assert method == "HEAD" or b"<Error><Code>" in answer.content
            if signed:
                assert answer.headers.get("x-ms-error-code") != "AuthenticationFailed" or "sig" in query
            else:
                assert answer.status_code >= 400

        send()


def test_a_body_over_the_limit_is_refused_before_it_is_read(service: BlobService) -> None:
    service.create_container("acme", "incoming")
    token = service.accounts.sas("acme", "incoming", "big", "cw")
    url = urlsplit(service.accounts.url(BlobPath("acme", "incoming", "big")) + token)
    with closing(HTTPConnection(url.netloc, timeout=10)) as connection:
        connection.putrequest("PUT", f"{url.path}?{url.query}")
        connection.putheader("x-ms-blob-type", "BlockBlob")
        connection.putheader("content-length", str(6 << 30))
        connection.endheaders()
        answer = connection.getresponse()
        assert answer.status == 413
        assert answer.headers["x-ms-error-code"] == "RequestBodyTooLarge"
