"""Secrets at rest, in sight, and in use."""

from __future__ import annotations

import json

import pytest

from restudio.factory.sealing import mask, mask_whole, open_sealed, seal
from restudio.factory.secret import MASK
from restudio.storage.secrets import MasterKeySecrets

DOCUMENT = {
    "type": "AzureML",
    "typeProperties": {
        "mlEndpoint": "http://host/jobs",
        "ApiKey": {"type": "SecureString", "value": "key-1"},
        "servicePrincipalKey": "key-2",
        "connectionString": "DefaultEndpointsProtocol=https;AccountName=lake;AccountKey=key-3==",
        "vault": {"type": "AzureKeyVaultSecret", "secretName": "s"},
    },
    "parameters": {"pw": {"type": "SecureString", "defaultValue": "key-4"}},
}


def test_nothing_secret_is_stored_or_shown_in_clear(secrets: MasterKeySecrets) -> None:
    sealed = seal(DOCUMENT, secrets, "w")
    for text in (json.dumps(sealed), json.dumps(mask(sealed, secrets, "w"))):
        assert not any(f"key-{n}" in text for n in range(1, 5))
    assert open_sealed(sealed, secrets, "w") == DOCUMENT
    shown = mask(sealed, secrets, "w")["typeProperties"]
    assert shown["connectionString"] == f"DefaultEndpointsProtocol=https;AccountName=lake;AccountKey={MASK}"
    assert shown["mlEndpoint"] == "http://host/jobs"


def test_a_stranger_sees_no_part_of_a_secret(secrets: MasterKeySecrets) -> None:
    vault = {"type": "azurekeyvaultsecret", "store": {"referenceName": "v"}, "secretName": "n", "secretVersion": "1"}
    document = {
        "url": "https://x",
        "APIKEY": "hidden",
        "connectionString": "AccountName=hidden;AccountKey=hidden",
        "password": {"type": "SecureString", "value": "hidden"},
        "nested": [vault, {"functionKey": "hidden"}],
        "authHeaders": {"x-key": "hidden", "type": "hidden", "x-vault": vault},
        "other": {"Type": "Something", "value": 3},
    }
    for shown in (mask_whole(document), mask_whole(open_sealed(seal(document, secrets, "w"), secrets, "w"))):
        assert "hidden" not in json.dumps(shown)
        assert shown["APIKEY"] == shown["connectionString"] == MASK
        assert shown["authHeaders"] == {"x-key": MASK, "type": MASK, "x-vault": vault}
        assert shown["nested"][0] == vault
        assert (shown["url"], shown["other"]) == (document["url"], document["other"])
    assert "hidden" not in json.dumps(seal(document, secrets, "w"))


def test_publishing_what_was_shown_keeps_the_secrets(secrets: MasterKeySecrets) -> None:
    sealed = seal(DOCUMENT, secrets, "w")
    shown = mask(sealed, secrets, "w")
    shown["typeProperties"]["servicePrincipalKey"] = "new"
    again = open_sealed(seal(shown, secrets, "w", before=sealed), secrets, "w")
    assert again["typeProperties"]["servicePrincipalKey"] == "new"
    assert again["typeProperties"]["connectionString"] == DOCUMENT["typeProperties"]["connectionString"]  # type: ignore[index]
    assert again["parameters"] == DOCUMENT["parameters"]


def test_a_seal_does_not_open_in_another_workspace(secrets: MasterKeySecrets) -> None:
    sealed = seal(DOCUMENT, secrets, "w")
    with pytest.raises(ValueError, match="another workspace"):
        open_sealed(sealed, secrets, "other")
    carried = open_sealed(seal(sealed, secrets, "other"), secrets, "other")
    assert "key-1" not in json.dumps(carried), "a seal of elsewhere is a text like any other"


@pytest.mark.parametrize("form", [None, 1, "", "P1D", [], {}, ["SecureString"], "Secure String"])
def test_a_secret_in_a_wrong_form_is_sealed_too(secrets: MasterKeySecrets, form: object) -> None:
    document = {"password": {"type": form, "value": "key-1"}, "sasUri": {"type": form, "Value": "http://h/?sig=key-2"}}
    sealed = seal(document, secrets, "w")
    for text in (json.dumps(sealed), json.dumps(mask(sealed, secrets, "w"))):
        assert "key-" not in text
    assert open_sealed(sealed, secrets, "w") == document


def test_an_expression_in_the_place_of_a_secret_stays_readable(secrets: MasterKeySecrets) -> None:
    document = {"password": {"type": "Expression", "value": "@pipeline().parameters.pw"}}
    assert seal(document, secrets, "w") == document
