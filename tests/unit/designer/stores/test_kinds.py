"""Settings of data stores, which are shown to everyone who may read."""

from __future__ import annotations

import pytest

from restudio.core.errors import RestudioError
from restudio.designer.stores.kinds import check_settings


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("http", {"url": "https://user:secret@host/a"}),
        ("http", {"url": "https://secret@host"}),
        ("http", {"url": "https://host/a?sig=secret"}),
        ("s3", {"bucket": "b", "endpoint": "http://user:secret@host:9000"}),
    ],
)
def test_credentials_in_an_address_are_refused_and_not_repeated(kind: str, settings: dict[str, str]) -> None:
    with pytest.raises(RestudioError, match="without user, password and query") as refused:
        check_settings(kind, settings)
    assert "secret" not in refused.value.message


def test_a_plain_address_and_a_secret_query_are_taken() -> None:
    plain, secret = check_settings("http", {"url": "https://host/a@b/c", "query": "sig=x?"})
    assert (plain, secret) == ({"url": "https://host/a@b/c"}, {"query": "sig=x?"})
