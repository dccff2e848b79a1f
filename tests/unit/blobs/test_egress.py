from __future__ import annotations

from collections.abc import Sequence

import pytest

from restudio.blobs.egress import EgressPolicy, Resolve, choose_address, is_public, resolve_host
from restudio.blobs.fetch_errors import FetchError, as_module_error
from restudio.core.errors import RestudioError

INSIDE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
    "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "x",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_inside_addresses(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


def _answers(*addresses: str) -> Resolve:
    def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolve


def test_one_inside_address_of_a_name_is_enough_to_refuse_it() -> None:
    with pytest.raises(FetchError, match=r"evil\.example.*10\.0\.0\.1") as error:
        choose_address(EgressPolicy(), "evil.example", 80, _answers("8.8.8.8", "10.0.0.1"))
    assert as_module_error(error.value).number == "0029"
    assert choose_address(EgressPolicy(), "good.example", 80, _answers("8.8.8.8")) == "8.8.8.8"


@pytest.mark.parametrize("exception", ["*", "minio.LOCAL", "10.0.0.0/8", "10.0.0.1"])
def test_the_operator_may_open_it(exception: str) -> None:
    assert choose_address(EgressPolicy.of([exception]), "MinIO.local", 80, _answers("10.0.0.1")) == "10.0.0.1"


def test_an_opened_network_opens_nothing_else() -> None:
    policy = EgressPolicy.of(["10.0.0.0/8", "fd00::/8"])
    assert choose_address(policy, "both.local", 80, _answers("fd00::1", "10.0.0.1", "8.8.8.8")) == "fd00::1"
    for addresses in (["10.0.0.1", "192.168.0.1"], ["::ffff:127.0.0.1"], ["x"]):
        with pytest.raises(FetchError):
            choose_address(policy, "other.local", 80, _answers(*addresses))


@pytest.mark.parametrize("exception", ["10.0.0.1/8", "10.0.0.0/99", "host/path"])
def test_an_exception_that_is_neither_host_nor_network_is_refused(exception: str) -> None:
    with pytest.raises(RestudioError, match="'egress' names"):
        EgressPolicy.of([exception])


def test_numbers_in_other_clothes_are_resolved_before_the_decision() -> None:
    for host in ("localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001"):
        with pytest.raises(FetchError):
            choose_address(EgressPolicy(), host, 80, resolve_host)


def test_an_unknown_host() -> None:
    with pytest.raises(FetchError, match="not found"):
        choose_address(EgressPolicy(), "no such host.invalid", 80)
