"""A base address with what a caller must show there."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

from restudio.factory.linked_services.azure_ml import ServicePrincipal


@dataclass(frozen=True, slots=True, repr=False)
class TokenRequest:
    """How a bearer token is asked for: at ``endpoint``, or at the authority of ``principal``'s tenant."""

    principal: ServicePrincipal
    endpoint: str | None = None
    resource: str | None = None
    scope: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class HttpPlace:
    """``headers`` carry credentials; ``repr`` shows nothing."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    token: TokenRequest | None = None
    verify: bool = True

    def address(self, relative: str = "") -> str:
        """The address of something below the base, or of the base itself.

        >>> HttpPlace("http://h/api").address("/jobs?x=1"), HttpPlace("http://h/api/").address("")
        ('http://h/api/jobs?x=1', 'http://h/api/')
        """
        if not relative:
            return self.url
        if relative.startswith("?"):
            return self.url + relative
        if "://" in relative.partition("?")[0]:
            return urljoin(self.url, relative)
        return f"{self.url.rstrip('/')}/{relative.lstrip('/')}"


def basic_credentials(user: str, password: str) -> str:
    """The value of an ``Authorization`` header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
