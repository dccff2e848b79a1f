"""Secrets in documents."""

from __future__ import annotations

import pytest

from restudio.factory.secret import open_secrets

DOCUMENT = {
    "url": "https://x",
    "APIKEY": "plain",
    "password": {"type": "SecureString", "value": "sealed"},
    "nested": [
        {"type": "azurekeyvaultsecret", "store": {"referenceName": "v"}, "secretName": "n", "secretVersion": "1"}
    ],
    "authHeaders": {"x-key": "hidden", "x-vault": {"type": "AzureKeyVaultSecret", "secretName": "k"}},
    "other": {"Type": "Something", "value": 3},
}


def test_every_form_is_opened_in_its_place() -> None:
    opened = open_secrets(DOCUMENT, lambda wanted: f"{wanted['secretName']}/{wanted.get('secretVersion')}")
    assert opened == {
        **DOCUMENT,
        "password": "sealed",
        "nested": ["n/1"],
        "authHeaders": {"x-key": "hidden", "x-vault": "k/None"},
    }


def test_a_secret_that_is_not_there_passes_its_error() -> None:
    def missing(wanted: object) -> str:
        raise KeyError("no such secret")

    with pytest.raises(KeyError):
        open_secrets(DOCUMENT, missing)
