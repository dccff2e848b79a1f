"""Which outside addresses the server may talk to: none inside its own network unless the operator allows it."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from restudio.blobs.fetch_errors import FetchError, HostNotFound
from restudio.core.errors import Kind, RestudioError

Resolve = Callable[[str, int], Sequence[str]]
"""Host and port to IP addresses; raises ``OSError`` for an unknown host."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """``allow_private`` opens loopback, private and link-local ranges; the others are exceptions."""

    allow_private: bool = False
    allowed_hosts: frozenset[str] = frozenset()
    allowed_networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, exceptions: Iterable[str]) -> EgressPolicy:
        """From an operator's list of hosts, addresses, networks in CIDR form, or ``*`` for everything.

        >>> EgressPolicy.of(["Minio.local", "10.0.0.0/8", "127.0.0.1"]).allowed_networks
        (IPv4Network('10.0.0.0/8'), IPv4Network('127.0.0.1/32'))
        """
        hosts: set[str] = set()
        networks: list[Network] = []
        for one in exceptions:
            try:
                networks.append(ipaddress.ip_network(one.strip("[]")))
            except ValueError:
                if "/" in one:
                    raise RestudioError(
                        Kind.BAD_ARGUMENT,
                        "BadSetting",
                        f"'egress' names '{one}', which is no network such as 10.0.0.0/8 (no bits set after the prefix)"
                        " and no host.",
                        target="egress",
                    ) from None
                hosts.add(one.casefold())
        return cls("*" in hosts, frozenset(hosts - {"*"}), tuple(networks))

    def allows(self, host: str, address: str) -> bool:
        """Whether a host may be reached at this address of it."""
        if self.allow_private or host.casefold() in self.allowed_hosts or is_public(address):
            return True
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.allowed_networks)


def resolve_host(host: str, port: int) -> Sequence[str]:
    """Addresses of a host by the system's resolver, without repetition."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))


def choose_address(policy: EgressPolicy, host: str, port: int, resolve: Resolve = resolve_host) -> str:
    """The IP address to connect to. Decided on resolved addresses, so that a name cannot lead inside later.

    Every address of the name must be allowed: one inside address among them means that the name is not to be trusted.
    """
    try:
        addresses = resolve(host, port)
    except (OSError, UnicodeError) as cause:
        raise HostNotFound(f"The host '{host}' was not found.") from cause
    if not addresses:
        raise HostNotFound(f"The host '{host}' has no address.")
    for address in addresses:
        if not policy.allows(host, address):
            raise FetchError(
                "InvalidBlob",
                f"The host '{host}' leads to {address}, which is not a public address. Outside addresses only; an "
                "operator can allow the host or its network by the setting 'egress'.",
                module_number="0029",
            )
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address lies in the public internet, also when it is an IPv4 address inside an IPv6 one.

    >>> is_public("8.8.8.8"), is_public("127.0.0.1"), is_public("::ffff:10.0.0.1"), is_public("169.254.169.254")
    (True, False, False, False)
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour
        if inner is None and parsed in _NAT64:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if parsed.teredo is not None:
            return False
    return parsed.is_global and not parsed.is_multicast
