"""Tokens for programs: the client-credentials grant of the directory service, both versions, and its discovery page."""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from restudio.core.errors import RestudioError
from restudio.http.answers import json_answer
from restudio.http.threads import threaded
from restudio.identity.service import IdentityService
from restudio.identity.types import AccessToken
from restudio.seams.clock import Clock

AnyRequest = Request[Any, Any, Any]
RESOURCE = "https://management.azure.com/"
"""What tokens are for when the caller does not say."""
_NUMBERS = {"invalid_client": 7000215, "unsupported_grant_type": 70003, "invalid_request": 900144}


class _Refusal(Exception):
    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def routes(identity: IdentityService, clock: Clock, url: str) -> list[HTTPRouteHandler]:
    """Handlers that need no token, for they give it. ``url`` is the public address of the server."""

    @post("/{tenant:str}/oauth2/token", status_code=200)
    @threaded
    def first(request: AnyRequest, tenant: FromPath[str], body: RawBody) -> Response[bytes]:
        return answer(request, tenant, body, _first_version)

    @post("/{tenant:str}/oauth2/v2.0/token", status_code=200)
    @threaded
    def second(request: AnyRequest, tenant: FromPath[str], body: RawBody) -> Response[bytes]:
        return answer(request, tenant, body, _second_version)

    @get(["/{tenant:str}/.well-known/openid-configuration", "/{tenant:str}/v2.0/.well-known/openid-configuration"])
    @threaded
    def discovery(tenant: FromPath[str], request: AnyRequest) -> Response[bytes]:
        version = "/v2.0" if "/v2.0/" in request.url.path else ""
        return json_answer(
            {
                "issuer": f"{url}/{tenant}{version}",
                "authorization_endpoint": f"{url}/{tenant}/oauth2{version}/authorize",
                "token_endpoint": f"{url}/{tenant}/oauth2{version}/token",
                "grant_types_supported": ["client_credentials"],
                "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
                "response_types_supported": ["token"],
            }
        )

    def answer(
        request: AnyRequest, tenant: str, body: bytes, show: Callable[[AccessToken, str], dict[str, object]]
    ) -> Response[bytes]:
        try:
            form = _form(body)
            client, secret = _client(form, request.headers.get("authorization"))
            if form.get("grant_type") != "client_credentials":
                text = f"Expected the grant type 'client_credentials', got '{form.get('grant_type', '')[:40]}'."
                raise _Refusal("unsupported_grant_type", text)
            audience = _audience(form)
            token = identity.issue_access_token(tenant, client, secret, audience=audience, issuer=f"{url}/{tenant}/")
        except _Refusal as refusal:
            return json_answer(_failure(refusal.code, str(refusal), clock), 400)
        except RestudioError as error:
            return json_answer(_failure("invalid_client", error.message, clock), 401)
        return json_answer(show(token, audience))

    return [first, second, discovery]


def _form(body: bytes) -> Mapping[str, str]:
    try:
        return {name: values[-1] for name, values in parse_qs(body.decode(), max_num_fields=50).items()}
    except ValueError as error:
        raise _Refusal("invalid_request", "The body is not a form (application/x-www-form-urlencoded).") from error


def _client(form: Mapping[str, str], header: str | None) -> tuple[str, str]:
    """Id and secret, in the form or as HTTP Basic credentials."""
    scheme, _, coded = (header or "").strip().partition(" ")
    if scheme.casefold() == "basic":
        try:
            client, _, secret = base64.b64decode(coded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise _Refusal("invalid_request", "The Basic credentials are not 'client id:secret' in base64.") from error
        return unquote(client), unquote(secret)
    for name in ("client_id", "client_secret"):
        if not form.get(name):
            raise _Refusal("invalid_request", f"The form lacks '{name}'.")
    return form["client_id"], form["client_secret"]


def _audience(form: Mapping[str, str]) -> str:
    return form.get("resource") or form.get("scope", "").removesuffix("/.default") or RESOURCE


def _first_version(token: AccessToken, audience: str) -> dict[str, object]:
    lifetime = str(token.expires - token.issued)
    return {
        "token_type": "Bearer",
        "expires_in": lifetime,
        "ext_expires_in": lifetime,
        "expires_on": str(token.expires),
        "not_before": str(token.issued),
        "resource": audience,
        "access_token": token.text,
    }


def _second_version(token: AccessToken, _: str) -> dict[str, object]:
    lifetime = token.expires - token.issued
    return {
        "token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token.text
    }  # fmt: skip


def _failure(code: str, text: str, clock: Clock) -> dict[str, object]:
    number = _NUMBERS[code]
    return {
        "error": code,
        "error_description": f"AADSTS{number}: {text}",
        "error_codes": [number],
        "timestamp": f"{clock.now():%Y-%m-%d %H:%M:%SZ}",
        "trace_id": str(uuid.uuid4()),
        "correlation_id": str(uuid.uuid4()),
    }
