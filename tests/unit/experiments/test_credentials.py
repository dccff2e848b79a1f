"""Credentials in module parameters: never in clear in what is stored or exported, open when a module runs."""

from __future__ import annotations

import pytest
from tests.unit.experiments.studio import WORKSPACE

from restudio.core.errors import ModuleError
from restudio.core.registry import Registry
from restudio.experiments.credentials import PREFIX, Credentials
from restudio.graph.model import Graph, GraphParameter, Node
from restudio.storage.secrets import MasterKeySecrets

KEY = "c3RvcmFnZSBrZXk="


@pytest.fixture
def credentials(catalog: Registry, secrets: MasterKeySecrets) -> Credentials:
    return Credentials(catalog, secrets)


def graph(name: str = "Account key", value: object = KEY) -> Graph:
    return Graph((Node("read", "import-data", {"Account name": "acct", name: value}), Node("draft", "no-such-module")))


@pytest.mark.parametrize("name", ["Account key", "ACCOUNT KEY"])
def test_a_credential_is_sealed_and_opens_for_the_module(credentials: Credentials, name: str) -> None:
    sealed = credentials.seal(graph(name), WORKSPACE)
    assert KEY not in repr(sealed)
    params = sealed.node("read").params
    assert str(params[name]).startswith(PREFIX)
    assert credentials.open(params, WORKSPACE) == {"Account name": "acct", name: KEY}


def test_saving_the_same_again_keeps_the_seal(credentials: Credentials) -> None:
    first = credentials.seal(graph(), WORKSPACE)
    assert credentials.seal(graph(), WORKSPACE, first) == first
    assert credentials.seal(first, WORKSPACE, first) == first
    assert credentials.seal(graph(value="other"), WORKSPACE, first) != first


def test_a_linked_parameter_has_a_sealed_default(credentials: Credentials) -> None:
    node = Node("read", "import-data", links={"Account key": "storage", "URL": "place"})
    linked = Graph((node,), parameters=(GraphParameter("storage", KEY), GraphParameter("place", "http://x.example")))
    storage, place = credentials.seal(linked, WORKSPACE).parameters
    assert str(storage.default).startswith(PREFIX)
    assert place.default == "http://x.example"


@pytest.mark.parametrize("copied", [True, False], ids=["another workspace", "another server"])
def test_a_copied_seal_does_not_open(credentials: Credentials, catalog: Registry, copied: bool) -> None:
    sealed = credentials.seal(graph(), WORKSPACE).node("read").params
    there = credentials if copied else Credentials(catalog, MasterKeySecrets(b"x" * 32))
    with pytest.raises(ModuleError, match="type it in again") as caught:
        there.open(sealed, "f" * 32 if copied else WORKSPACE)
    assert KEY not in caught.value.message


SIGNED = "https://acct.example/c/b.csv?sv=2020-08-04&SIG=geheim%3D&sp=r"


@pytest.mark.parametrize(
    ("module", "name"), [("import-data", "URI"), ("import-data", "url"), ("export-data", "SAS URI for blob")]
)
def test_an_address_with_a_signature_is_sealed(credentials: Credentials, module: str, name: str) -> None:
    node = Node("n", module, {name: SIGNED}, links={"SAS URI for blob" if module == "export-data" else "URI": "place"})
    sealed = credentials.seal(Graph((node,), parameters=(GraphParameter("place", SIGNED),)), WORKSPACE)
    assert "geheim" not in repr(sealed)
    assert credentials.open(sealed.node("n").params, WORKSPACE) == {name: SIGNED}
    assert credentials.open({"place": sealed.parameters[0].default}, WORKSPACE) == {"place": SIGNED}
    assert credentials.seal(sealed, WORKSPACE, sealed) == sealed


@pytest.mark.parametrize("address", ["https://h/c/b.csv", "https://h/b?design=1", "http://h/sig=/b.csv", ""])
def test_an_address_without_a_signature_stays_readable(credentials: Credentials, address: str) -> None:
    plain = Graph((Node("n", "import-data", {"URI": address}),))
    assert credentials.seal(plain, WORKSPACE) == plain
