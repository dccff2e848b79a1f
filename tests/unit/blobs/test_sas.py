from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from azure.storage.blob import generate_blob_sas, generate_container_sas
from hypothesis import given
from hypothesis import strategies as st

from restudio.blobs.sas import Asked, ensure_sas, make_sas, parse_sas, parse_time, redact
from restudio.core.errors import RestudioError
from restudio.core.signing import decode_key

KEY_TEXT = "a2V5" * 16
KEY = decode_key(KEY_TEXT)
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC).timestamp()
ASKED = Asked("acme", "incoming", "july.csv", "r", NOW, client="10.0.0.5")


def _token(**options: object) -> str:
    settings: dict[str, object] = {
        "permission": "r",
        "expiry": "2026-01-01T13:00:00Z",
        "start": "2026-01-01T11:00:00Z",
        **options,
    }
    return generate_blob_sas("acme", "incoming", "july.csv", account_key=KEY_TEXT, **settings)  # type: ignore[arg-type]


def test_a_token_of_the_azure_client_is_understood() -> None:
    assert ensure_sas(KEY, parse_sas(_token()), ASKED) == "r"
    assert (
        ensure_sas(KEY, parse_sas(_token(content_type="text/csv", cache_control="x", permission="rw")), ASKED) == "rw"
    )


def test_a_container_token_covers_its_blobs_and_no_other_container() -> None:
    token = generate_container_sas(
        "acme", "incoming", account_key=KEY_TEXT, permission="rl", expiry="2026-01-01T13:00:00Z"
    )
    assert ensure_sas(KEY, parse_sas(token), ASKED) == "rl"
    assert ensure_sas(KEY, parse_sas(token), replace(ASKED, blob=None, letters="l")) == "rl"
    with pytest.raises(RestudioError, match="did not match"):
        ensure_sas(KEY, parse_sas(token), replace(ASKED, container="other"))


REFUSALS = [
    ({}, {"now": NOW + 3600}, "AuthenticationFailed", "expired at 2026-01-01T13:00:00Z"),
    ({}, {"now": NOW - 3901}, "AuthenticationFailed", "starts at 2026-01-01T11:00:00Z"),
    ({}, {"letters": "cw"}, "AuthorizationPermissionMismatch", "one of 'cw'"),
    ({}, {"blob": "august.csv"}, "AuthenticationFailed", "did not match"),
    ({}, {"blob": None}, "AuthenticationFailed", "does not cover"),
    ({"protocol": "https"}, {}, "AuthorizationProtocolMismatch", "protocol"),
    ({"ip": "10.0.0.6-10.0.0.9"}, {}, "AuthorizationSourceIPMismatch", "source IP"),
    ({"ip": "fe80::1"}, {}, "AuthorizationSourceIPMismatch", "source IP"),
    ({"policy_id": "mine"}, {}, "AuthenticationFailed", "access policies"),
    ({"expiry": "tomorrow"}, {}, "AuthenticationFailed", "ISO 8601"),
]


@pytest.mark.parametrize(("options", "asked", "code", "text"), REFUSALS)
def test_refusals(options: dict[str, str], asked: dict[str, object], code: str, text: str) -> None:
    with pytest.raises(RestudioError, match=text) as error:
        ensure_sas(KEY, parse_sas(_token(**options)), replace(ASKED, **asked))  # type: ignore[arg-type]
    assert error.value.detail == code


def test_allowed_origins() -> None:
    assert ensure_sas(KEY, parse_sas(_token(ip="10.0.0.1-10.0.0.9", protocol="https,http")), ASKED)
    assert ensure_sas(KEY, parse_sas(_token(protocol="https")), replace(ASKED, is_https=True))


@pytest.mark.parametrize("version", ["2015-02-21", "2020-10-02", "", "latest"])
def test_older_layouts_are_refused(version: str) -> None:
    with pytest.raises(RestudioError, match="2020-12-06 or later"):
        ensure_sas(KEY, {**parse_sas(_token()), "sv": version}, ASKED)


@given(st.dictionaries(st.sampled_from(["sv", "sr", "sp", "st", "se", "sip", "spr", "sig", "si"]), st.text()))
def test_no_field_breaks_it_and_none_grants_anything(fields: dict[str, str]) -> None:
    with pytest.raises(RestudioError):
        ensure_sas(KEY, {"sv": "2021-12-02", "sr": "b", **fields}, ASKED)


def test_our_own_tokens_hold() -> None:
    token = make_sas(KEY, "acme", "incoming", "july.csv", permissions="r", start=NOW, expiry=NOW + 60)
    assert token.startswith("?sv=")
    assert ensure_sas(KEY, parse_sas(token), ASKED) == "r"


def test_times() -> None:
    assert parse_time("2026-01-01") == parse_time("2026-01-01T00:00Z") == parse_time("2026-01-01T00:00:00.0000000Z")
    assert parse_time("noon") is None


def test_redaction_hides_every_secret() -> None:
    text = redact(
        "AccountName=a;AccountKey=abc==;BlobEndpoint=http://u:p@h/b?sp=r&sig=s%2B1&se=1 SharedAccessSignature=x"
    )
    assert all(s not in text for s in ("abc", "s%2B1", "u:p", "=x"))
