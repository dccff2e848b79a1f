from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restudio.blobs.reference import BlobReference
from restudio.core.errors import RestudioError

STRING = "BlobEndpoint=http://h/blob/acme;AccountName=acme;AccountKey=a2V5"
GOOD = [
    ({"ConnectionString": STRING, "RelativeLocation": "/c/a b.csv"}, "http://h/blob/acme/c/a%20b.csv", "", ".csv"),
    ({"ConnectionString": STRING, "RelativeLocation": "c/a%20b.CSV"}, "http://h/blob/acme/c/a%20b.CSV", "", ".csv"),
    (
        {"BaseLocation": "https://x.net/", "RelativeLocation": "/c/m.ilearner", "SasBlobToken": "?sv=1&sig=a%3D"},
        "https://x.net/c/m.ilearner", "?sv=1&sig=a%3D", ".ilearner",
    ),
    ({"baseLocation": "https://x.net", "relativeLocation": "c/b.tsv", "x": 1}, "https://x.net/c/b.tsv", "", ".tsv"),
    ({"BaseLocation": "https://x/c/", "RelativeLocation": "b", "SasBlobToken": "sig=1"}, "https://x/c/b", "?sig=1", ""),
    ({"RelativeLocation": "https://x.net/c/b.arff?sig=2"}, "https://x.net/c/b.arff", "?sig=2", ".arff"),
    ("https://x.net/c/b.csv?sig=3", "https://x.net/c/b.csv", "?sig=3", ".csv"),
    ("http://[2001:db8::1]:81/c/b[1].csv?sig=4", "http://[2001:db8::1]:81/c/b%5B1%5D.csv", "?sig=4", ".csv"),
    ("https://x.net/export?format=csv", "https://x.net/export", "?format=csv", ""),
]  # fmt: skip


@pytest.mark.parametrize(("value", "url", "sas", "extension"), GOOD)
def test_reading(value: object, url: str, sas: str, extension: str) -> None:
    reference = BlobReference.from_json(value, target="input1")
    address = reference.address()
    assert (address.url, address.sas, reference.extension) == (url, sas, extension)


BAD: list[tuple[object, str]] = [
    (None, "RequestBodyInvalid"),
    ([], "RequestBodyInvalid"),
    ({"ConnectionString": 1}, "RequestBodyInvalid"),
    ({}, "MissingInputBlobInformation"),
    ({"RelativeLocation": "c/b.csv"}, "MissingInputBlobInformation"),
    ({"ConnectionString": STRING}, "InputBlobRelativeLocationInvalid"),
    ({"ConnectionString": STRING, "RelativeLocation": "justblob.csv"}, "InputBlobRelativeLocationInvalid"),
    ({"ConnectionString": "x", "RelativeLocation": "c/b.csv"}, "InvalidBlobConnectionString"),
    ({"BaseLocation": "ftp://x/", "RelativeLocation": "c/b.csv"}, "InvalidBlob"),
    ({"BaseLocation": "//x/", "RelativeLocation": "c/b.csv"}, "InvalidBlob"),
    ("http://[::bad/c", "InvalidBlob"),
    ("http://x:port/c", "InvalidBlob"),
]


@pytest.mark.parametrize(("value", "code"), BAD)
def test_what_names_no_place_is_refused(value: object, code: str) -> None:
    with pytest.raises(RestudioError) as error:
        BlobReference.from_json(value, target="input1").address()
    assert error.value.detail == code


MEMBERS = st.sampled_from(["ConnectionString", "RelativeLocation", "BaseLocation", "SasBlobToken"])


@given(st.dictionaries(MEMBERS, st.text()))
def test_no_text_breaks_it(members: dict[str, str]) -> None:
    with contextlib.suppress(RestudioError):
        BlobReference.from_json(members, target="x").address()


def test_messages_hide_signatures() -> None:
    reference = BlobReference.from_url("https://x.net/c/b.csv?sv=1&sig=geheim")
    assert "geheim" not in repr(reference) + reference.shown + repr(reference.address())
