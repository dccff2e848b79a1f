"""The Fetcher: own addresses in-process, a second Blob endpoint as the outside world."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.databases import make_sqlite

from restudio.blobs.egress import EgressPolicy
from restudio.blobs.fetch import Fetcher
from restudio.blobs.fetch_errors import FetchError, as_module_error
from restudio.blobs.outgoing import DEFAULT_LIMITS, FetchLimits, Outgoing
from restudio.blobs.reference import BlobReference
from restudio.blobs.service import BlobService
from restudio.blobs.types import BlobPath
from restudio.core.errors import RestudioError
from restudio.storage.clock import ManualClock, SystemClock
from restudio.storage.db import SqlDatabase
from restudio.storage.objects import MemoryObjects
from restudio.storage.secrets import MasterKeySecrets

PATH = BlobPath("acme", "incoming", "july 1.csv")
OPEN = EgressPolicy(allow_private=True)
Make = Callable[..., Fetcher]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[SqlDatabase]:
    """The database of a server that has no accounts."""
    opened = make_sqlite(tmp_path / "elsewhere.db")
    yield opened
    opened.close()


@pytest.fixture
def make(elsewhere: SqlDatabase, secrets: MasterKeySecrets) -> Iterator[Make]:
    opened: list[Outgoing] = []

    def build(
        own: BlobService | None = None,
        policy: EgressPolicy = OPEN,
        limits: FetchLimits = DEFAULT_LIMITS,
        clock: SystemClock | ManualClock | None = None,
    ) -> Fetcher:
        at = clock or SystemClock()
        blobs = own or BlobService(elsewhere, MemoryObjects(), secrets, at, "http://studio.example")
        opened.append(Outgoing(policy, at, limits))
        return Fetcher(blobs, opened[-1], at)

    yield build
    for outgoing in opened:
        outgoing.close()


@pytest.fixture
def stored(service: BlobService) -> BlobService:
    service.create_container("acme", "incoming")
    service.put_blob(PATH, b"a,b\n1,2\n" * 1000)
    return service


def _references(service: BlobService, permissions: str = "r", lifetime_s: float = 60) -> list[BlobReference]:
    sas = service.accounts.sas("acme", "incoming", PATH.name, permissions, lifetime_s)
    return [
        BlobReference(service.accounts.connection_string("acme"), relative_location="/incoming/july 1.csv"),
        BlobReference(None, service.accounts.endpoint("acme") + "/", PATH.relative, sas),
        BlobReference.from_url(service.accounts.url(PATH) + sas),
    ]


@pytest.mark.parametrize("side", ["own", "foreign"])
def test_reading_by_key_signature_and_address(stored: BlobService, make: Make, tmp_path: Path, side: str) -> None:
    fetcher = make(stored if side == "own" else None)
    for number, reference in enumerate(_references(stored)):
        folder = tmp_path / str(number)
        folder.mkdir()
        got = fetcher.fetch(reference, folder)
        assert (got.name, got.path.read_bytes()) == ("july 1.csv", b"a,b\n1,2\n" * 1000)
        assert got.content_type == "application/octet-stream"


@pytest.mark.parametrize("side", ["own", "foreign"])
def test_writing_by_key_and_signature(stored: BlobService, make: Make, tmp_path: Path, side: str) -> None:
    fetcher = make(stored if side == "own" else None)
    source = tmp_path / "out.csv"
    for number, reference in enumerate(_references(stored, "w")):
        source.write_text(f"n\n{number}\n")
        fetcher.deliver(reference, source, content_type="text/csv")
        assert b"".join(stored.read(stored.open(PATH))) == source.read_bytes()
        with pytest.raises(FetchError) as error:
            fetcher.deliver(reference, source, overwrite=False)
        assert error.value.module_number == "0057"


@pytest.mark.parametrize("side", ["own", "foreign"])
def test_refusals_carry_the_answer_of_storage_and_no_secret(
    stored: BlobService, make: Make, tmp_path: Path, side: str
) -> None:
    fetcher = make(stored if side == "own" else None)
    by_key, by_sas, _ = _references(stored)
    _, expired, _ = _references(stored, lifetime_s=-30)
    wrong_key = (by_key.connection_string or "").replace("AccountKey=", "AccountKey=AAAA")
    cases = [
        (replace(by_key, relative_location="incoming/none.csv"), "404 BlobNotFound", "0030"),
        (replace(by_key, relative_location="nowhere/none.csv"), "404 ContainerNotFound", "0009"),
        (replace(by_key, connection_string=wrong_key), "403 AuthenticationFailed", "0064"),
        (replace(by_sas, relative_location="incoming/other.csv"), "403 AuthenticationFailed", "0064"),
        (replace(by_sas, sas_token=None), "401 NoAuthenticationInformation", "0064"),
        (expired, "403 AuthenticationFailed.* expired at 20", "0064"),
    ]
    for reference, text, number in cases:
        with pytest.raises(FetchError, match=text) as error:
            fetcher.fetch(reference, tmp_path)
        assert (error.value.detail, error.value.module_number) == ("BlobNotFound", number)
        for secret in (reference.sas_token or "", (reference.connection_string or "").partition("AccountKey=")[2][:40]):
            assert not secret or secret not in str(error.value)


def test_an_old_style_connection_string_with_our_key_stays_here(
    stored: BlobService, make: Make, tmp_path: Path
) -> None:
    key = stored.accounts.connection_string("acme").partition("AccountKey=")[2].partition(";")[0]
    string = f"DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={key}"
    reference = BlobReference(string, None, "incoming/july 1.csv")
    assert make(stored, EgressPolicy()).fetch(reference, tmp_path).path.read_bytes().startswith(b"a,b")


def test_limits_on_size_and_time(stored: BlobService, make: Make, tmp_path: Path) -> None:
    reference = _references(stored)[1]
    with pytest.raises(FetchError, match="larger than 100 bytes"):
        make(limits=FetchLimits(max_bytes=100)).fetch(reference, tmp_path)
    with pytest.raises(FetchError, match="took longer"):
        make(limits=FetchLimits(seconds=-1)).fetch(reference, tmp_path)


def test_inside_addresses_are_refused_by_default(stored: BlobService, make: Make, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="not a public address"):
        make(policy=EgressPolicy()).fetch(_references(stored)[2], tmp_path)


class _Redirects(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        return


def test_redirections_are_not_followed(make: Make, tmp_path: Path) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Redirects) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with pytest.raises(FetchError, match="redirection") as error:
                make().fetch(f"http://127.0.0.1:{server.server_port}/x.csv", tmp_path)
            assert as_module_error(error.value).number == "0078"
        finally:
            server.shutdown()
            thread.join()


def test_nobody_there(make: Make, tmp_path: Path) -> None:
    with pytest.raises(RestudioError, match="could not be reached"):
        make().fetch("http://127.0.0.1:1/x.csv?sig=geheim", tmp_path)
