"""What an address of a Restudio (or classic ML Studio) server points at, told from its path alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from restudio.core.ids import workspace_of

Kind = Literal["scoring", "jobs", "swagger", "endpoint", "service", "help", "blob", "base", "unknown"]

_ID = r"(?P<{}>[0-9A-Za-z]+)"
_WORKSPACE = rf"/workspaces/{_ID.format('workspace')}"
_OWNER = r"/(workspaces|subscriptions)/(?P<workspace>[0-9A-Za-z-]+)"
_SERVICE = rf"{_WORKSPACE}/webservices/{_ID.format('service')}"
_FORMS: tuple[tuple[Kind, str], ...] = (
    ("help", rf"/apihelp{_SERVICE}/endpoints/(?P<endpoint>[^/]+)(/(?P<page>\w+))?"),
    ("endpoint", rf"{_SERVICE}/endpoints/(?P<endpoint>[^/]+)(/\w+)?"),
    ("service", rf"{_SERVICE}(/endpoints)?"),
    ("swagger", rf"{_OWNER}/services/(?P<endpoint>[^/]+)/swagger\.json"),
    ("jobs", rf"{_OWNER}/services/(?P<endpoint>[^/]+)/jobs(/(?P<job>\w+)(/start)?)?"),
    ("scoring", rf"{_OWNER}/services/(?P<endpoint>[^/]+)(/(execute|score))?"),
    ("blob", r"/blob/(?P<account>[^/]+)/(?P<container>[^/]+)/(?P<blob>.+)"),
    ("base", r""),
)
WORDS: dict[Kind, str] = {
    "scoring": "the request-response address of an endpoint",
    "jobs": "the batch execution address of an endpoint",
    "swagger": "the interface description of an endpoint",
    "endpoint": "the management address of an endpoint; a PATCH goes here",
    "service": "the management address of a web service",
    "help": "a help page of an endpoint",
    "blob": "a blob",
    "base": "the base address of a server",
    "unknown": "no address of Restudio",
}


@dataclass(frozen=True, slots=True)
class Address:
    """``base`` is scheme and host; ``parts`` are the ids in the path. For scoring ``endpoint`` is an endpoint id.

    A subscription in the path stands for its workspace.
    """

    kind: Kind
    base: str
    parts: dict[str, str]
    query: dict[str, str]

    @property
    def is_cloud(self) -> bool:
        """Whether it names the retired cloud service instead of a server of one's own."""
        host = urlsplit(self.base).hostname or ""
        return host.endswith((".azureml.net", ".azure.com", ".core.windows.net")) or host == "azureml.net"


def parse_address(url: str) -> Address:
    """Tell what ``url`` is.

    >>> parse_address("http://h:1/workspaces/a1/services/b2/execute?api-version=2.0").kind
    'scoring'
    >>> parse_address("http://h:1/workspaces/a1/webservices/b2/endpoints/fresh").parts["endpoint"]
    'fresh'
    """
    split = urlsplit(url.strip())
    base = f"{split.scheme}://{split.netloc}"
    query = {name: values[-1] for name, values in parse_qs(split.query).items()}
    path = re.sub("/+", "/", split.path).rstrip("/")
    if split.scheme in ("http", "https") and split.netloc:
        for kind, form in _FORMS:
            match = re.fullmatch(form, path)
            if match is not None:
                parts = {k: v for k, v in match.groupdict().items() if v}
                if "workspace" in parts:
                    parts["workspace"] = workspace_of(parts["workspace"])
                return Address(kind, base, parts, query)
    return Address("unknown", base, {}, query)
