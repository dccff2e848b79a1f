from __future__ import annotations

import pytest

from restudio.blobs.sharedkey import authorization, is_signed, parse_query, string_to_sign
from restudio.core.signing import decode_key, sign

KEY = b"0123456789abcdef"
# The example of storage's documentation ("Authorize with Shared Key", Get Container Metadata).
DOCUMENTED = (
    "GET\n\n\n\n\n\n\n\n\n\n\n\n"
    "x-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n"
    "/myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20"
)


def test_the_documented_string_to_sign() -> None:
    headers = {"x-ms-version": "2015-02-21", "x-ms-date": "Fri, 26 Jun 2015 23:39:12 GMT", "content-length": "0"}
    query = parse_query("restype=container&comp=metadata&timeout=20")
    assert string_to_sign("get", headers, "/myaccount/mycontainer", query) == DOCUMENTED


def test_query_values_are_unescaped_joined_and_sorted_and_plus_stays() -> None:
    text = string_to_sign("GET", {}, "/a/c", parse_query("include=b%2Bc&INCLUDE=a+b&empty="))
    assert text.endswith("/a/c\nempty:\ninclude:a+b,b+c")


def test_the_date_slot_is_empty_when_x_ms_date_is_there() -> None:
    assert "\nyesterday\n" not in string_to_sign("GET", {"date": "yesterday", "x-ms-date": "now"}, "/a", ())
    assert "\nyesterday\n" in string_to_sign("GET", {"date": "yesterday"}, "/a", ())


@pytest.mark.parametrize("changed", ["method", "header", "path", "query", "key"])
def test_a_signature_holds_for_one_request_only(changed: str) -> None:
    headers = {"x-ms-date": "now", "content-length": "12"}
    sent = authorization("acme", KEY, "PUT", headers, "/blob/acme/c/b", (("comp", "block"),)).rpartition(":")[2]
    good = is_signed(KEY, sent, "PUT", headers, ("/x", "/acme/blob/acme/c/b"), (("comp", "block"),))
    assert good
    assert not is_signed(
        b"other" if changed == "key" else KEY,
        sent,
        "GET" if changed == "method" else "PUT",
        {**headers, "content-length": "13"} if changed == "header" else headers,
        ("/acme/blob/acme/c/other",) if changed == "path" else ("/acme/blob/acme/c/b",),
        () if changed == "query" else (("comp", "block"),),
    )


def test_headers_sorted_without_their_hyphens_are_accepted_too() -> None:
    headers = {"x-ms-meta-a-c": "1", "x-ms-meta-ab": "2"}
    text = "PUT" + "\n" * 12 + "x-ms-meta-ab:2\nx-ms-meta-a-c:1\n/acme/c"

    assert is_signed(KEY, sign(KEY, text), "PUT", headers, ("/acme/c",), ())


def test_a_key_is_base64() -> None:
    assert decode_key("a2V5") == b"key"
    with pytest.raises(ValueError, match="Base64"):
        decode_key("not base64!")
