from __future__ import annotations

from typing import TYPE_CHECKING

from restudio.blobs.egress import EgressPolicy
from restudio.blobs.fetch import Fetcher
from restudio.blobs.outgoing import Outgoing
from restudio.blobs.reference import BlobReference
from restudio.blobs.sas import Asked, ensure_sas, parse_sas
from restudio.scoring.jobs.requests import Destinations, open_request, seal_request
from restudio.scoring.jobs.types import Job, JobRequest, JobState, OutputPort
from restudio.storage.secrets import MasterKeySecrets

if TYPE_CHECKING:
    from tests.unit.scoring.jobs.conftest import World

PORT = OutputPort("output1")
JOB = Job("0" * 32, "a" * 32, "5" * 32, "e" * 32, JobState.FINISHED, 0.0)


def _result(world: World, chosen: BlobReference) -> BlobReference:
    outgoing = Outgoing(EgressPolicy(), world.clock)
    try:
        places = Destinations(world.blobs, Fetcher(world.blobs, outgoing, world.clock), world.clock, 3600)
        return places.result(JOB, JobRequest(outputs={"output1": chosen}), PORT)
    finally:
        outgoing.close()


def test_a_request_at_rest_is_the_same_and_shows_no_secret(secrets: MasterKeySecrets) -> None:
    request = JobRequest(
        {"input1": BlobReference("AccountName=acme;AccountKey=a2V5", relative_location="c/x.csv")},
        {"output1": BlobReference.from_url("https://x.net/c/y.csv?sig=geheim")},
        {"seed": "7"},
    )
    sealed = seal_request(request, secrets)
    assert "geheim" not in sealed
    assert open_request(sealed, secrets) == request


def test_an_output_in_an_account_whose_key_we_were_given_gets_a_fresh_signature_to_read(world: World) -> None:
    string = "DefaultEndpointsProtocol=https;AccountName=elsewhere;AccountKey=a2V5"
    result = _result(world, BlobReference(string, relative_location="/out/a b.csv"))
    assert result.base_location == "https://elsewhere.blob.core.windows.net/"
    assert result.relative_location == "out/a%20b.csv"
    asked = Asked("elsewhere", "out", "a b.csv", "r", world.clock.now().timestamp())
    assert ensure_sas(b"key", parse_sas(result.sas_token or ""), asked) == "r"


def test_an_output_behind_a_foreign_signature_comes_back_with_that_one(world: World) -> None:
    result = _result(world, BlobReference(None, "https://x.net/", "c/y.csv", "?sp=rw&sig=1"))
    assert (result.base_location, result.relative_location, result.sas_token) == (
        "https://x.net/",
        "c/y.csv",
        "?sp=rw&sig=1",
    )


def test_an_output_in_our_own_account_gets_a_fresh_signature_whatever_it_was_written_with(world: World) -> None:
    token = world.blobs.accounts.sas("acme", "incoming", "out.csv", "cw")
    result = _result(world, BlobReference(None, "http://studio.example/blob/acme", "incoming/out.csv", token))
    assert result.base_location == "http://studio.example/blob/acme/"
    assert parse_sas(result.sas_token or "")["sp"] == "r"
