"""Declarations of linked services."""

from __future__ import annotations

import pytest

from restudio.factory.activity import LinkedService
from restudio.factory.errors import ActivityFailed
from restudio.factory.linked_service import LinkedServiceKinds, all_linked_services, linked_service, text
from restudio.factory.properties import Properties
from restudio.factory.sealing import mask, open_sealed, seal
from restudio.storage.secrets import MasterKeySecrets

SECRET = ("password", "key", "secret", "token", "connectionstring", "passphrase", "sasuri", "authheaders", "certdata")
NOT_SECRET = ("publickey",)


def test_every_property_that_sounds_secret_is_declared_so() -> None:
    for kind in all_linked_services().values():
        for each in kind.properties:
            folded = each.name.casefold()
            if folded.endswith(SECRET) and not folded.endswith(NOT_SECRET):
                assert each.secret, f"{kind.type}.{each.name}"


def test_every_declared_secret_is_sealed_where_documents_are_kept(secrets: MasterKeySecrets) -> None:
    for kind in all_linked_services().values():
        for name in kind.secrets:
            for value in ("hidden", {"x-key": "hidden"}):
                document = {"typeProperties": {name: value}}
                sealed = seal(document, secrets, "w")
                assert "hidden" not in str(sealed), f"{kind.type}.{name}"
                assert "hidden" not in str(mask(sealed, secrets, "w")), f"{kind.type}.{name}"
                assert open_sealed(sealed, secrets, "w") == document


def test_types_are_found_in_any_case_and_under_old_names() -> None:
    kinds = all_linked_services()
    assert kinds["azureml"] is kinds["AzureML"]
    assert kinds["AZURESTORAGESAS"] is kinds["AzureStorage"]
    assert all(kind.help and all(each.help for each in kind.properties) for kind in kinds.values())


def test_two_kinds_of_one_name_are_refused() -> None:
    make = linked_service(type="Twice", properties=())
    with pytest.raises(ValueError, match="'Twice'"):
        LinkedServiceKinds((make(lambda s, p: None), make(lambda s, p: None)))


def test_a_property_of_another_type_is_told() -> None:
    service = LinkedService("s", "Web", Properties({"url": 3}))
    with pytest.raises(ActivityFailed) as failed:
        text(service, "url")
    assert failed.value.code == "2104"
    assert failed.value.message == "The type of the property 'url' is incorrect. The expected type is string."
