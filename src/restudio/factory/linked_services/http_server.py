"""Places on the web: files over HTTP, REST services, web pages."""

from __future__ import annotations

from collections.abc import Mapping

from restudio.factory.activity import LinkedService
from restudio.factory.errors import ActivityFailed
from restudio.factory.http_place import HttpPlace, TokenRequest, basic_credentials
from restudio.factory.linked_service import LinkedProperty, get_text, linked_service, text
from restudio.factory.linked_services.azure_ml import ServicePrincipal
from restudio.factory.platform import Platform

_URL = LinkedProperty("url", required=True, help="Base address.")
_USER = LinkedProperty("userName", help="For `Basic`.")
_PASSWORD = LinkedProperty("password", secret=True, help="For `Basic`.")
_HEADERS = LinkedProperty("authHeaders", secret=True, help="Object of further headers, such as an API key.")
_VERIFY = LinkedProperty("enableServerCertificateValidation", help="`true` unless set.")


@linked_service(
    type="HttpServer",
    properties=(
        _URL,
        LinkedProperty("authenticationType", choices=("Anonymous", "Basic"), help="`Anonymous` when absent."),
        _USER,
        _PASSWORD,
        _HEADERS,
        _VERIFY,
    ),
)
def http_server(service: LinkedService, platform: Platform) -> HttpPlace:
    """Files over HTTP. Digest, Windows and client-certificate authentication are not offered."""
    return _place(service)


@linked_service(
    type="Web",
    properties=(
        _URL,
        LinkedProperty("authenticationType", choices=("Anonymous", "Basic"), help="`Anonymous` when absent."),
        LinkedProperty("username", help="For `Basic`."),
        _PASSWORD,
    ),
)
def web(service: LinkedService, platform: Platform) -> HttpPlace:
    """A web page. Client certificates are not offered."""
    return _place(service)


@linked_service(
    type="RestService",
    properties=(
        _URL,
        LinkedProperty(
            "authenticationType",
            required=True,
            choices=("Anonymous", "Basic", "AadServicePrincipal", "OAuth2ClientCredential"),
            help="How the service knows the caller.",
        ),
        _USER,
        _PASSWORD,
        _HEADERS,
        _VERIFY,
        LinkedProperty("servicePrincipalId", help="For `AadServicePrincipal`."),
        LinkedProperty("servicePrincipalKey", secret=True, help="For `AadServicePrincipal`."),
        LinkedProperty("tenant", help="For `AadServicePrincipal`."),
        LinkedProperty("aadResourceId", help="What the token is for; with `AadServicePrincipal`."),
        LinkedProperty("tokenEndpoint", help="Where tokens are asked for; with `OAuth2ClientCredential`."),
        LinkedProperty("clientId", help="For `OAuth2ClientCredential`."),
        LinkedProperty("clientSecret", secret=True, help="For `OAuth2ClientCredential`."),
        LinkedProperty("scope", help="For `OAuth2ClientCredential`."),
        LinkedProperty("resource", help="For `OAuth2ClientCredential`."),
    ),
)
def rest_service(service: LinkedService, platform: Platform) -> HttpPlace:
    """A REST service. Managed identities are not offered."""
    kind = get_text(service, "authenticationType").casefold()
    if kind == "aadserviceprincipal":
        principal = ServicePrincipal(
            *(get_text(service, name) for name in ("tenant", "servicePrincipalId", "servicePrincipalKey"))
        )
        return _place(service, TokenRequest(principal, resource=get_text(service, "aadResourceId")))
    if kind == "oauth2clientcredential":
        principal = ServicePrincipal("", get_text(service, "clientId"), get_text(service, "clientSecret"))
        endpoint = get_text(service, "tokenEndpoint")
        return _place(service, TokenRequest(principal, endpoint, text(service, "resource"), text(service, "scope")))
    return _place(service)


@linked_service(
    type="AzureFunction",
    properties=(
        LinkedProperty("functionAppUrl", required=True, help="Base address of the function app."),
        LinkedProperty("functionKey", secret=True, help="Key of the function or of its host."),
        LinkedProperty("authentication", choices=("Anonymous",), help="By key, or `Anonymous`."),
    ),
)
def azure_function(service: LinkedService, platform: Platform) -> HttpPlace:
    """A function app, called over HTTP with its key."""
    key = text(service, "functionKey")
    return HttpPlace(get_text(service, "functionAppUrl"), {"x-functions-key": key} if key else {})


def _place(service: LinkedService, token: TokenRequest | None = None) -> HttpPlace:
    headers: dict[str, str] = {}
    kind = (text(service, "authenticationType") or "Anonymous").casefold()
    if kind == "basic":
        user = text(service, "userName") or text(service, "username") or ""
        headers["authorization"] = basic_credentials(user, text(service, "password") or "")
    given = service.properties.get("authHeaders")
    if given is not None and not isinstance(given, Mapping):
        raise ActivityFailed.wrong_type("authHeaders", "object")
    headers |= {str(name).casefold(): str(value) for name, value in (given or {}).items()}
    verify = service.properties.get("enableServerCertificateValidation")
    return HttpPlace(get_text(service, "url"), headers, token, str(verify).casefold() != "false")
