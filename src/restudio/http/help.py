"""Help pages and swagger documents of endpoints; no credentials (classic web services reference, section 10).

Nothing here shows keys, and rows of data only where the endpoint's ``SampleDataEnabled`` says so.
"""

from __future__ import annotations

from litestar import Response, get
from litestar.enums import MediaType
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from restudio.core.errors import RestudioError
from restudio.core.ids import workspace_of
from restudio.endpoints.description import ServiceDescription
from restudio.endpoints.endpoint_service import EndpointService
from restudio.endpoints.swagger import swagger
from restudio.http.answers import json_answer
from restudio.http.help_pages import Page, render
from restudio.http.threads import threaded

ENDPOINT = "/workspaces/{workspace:str}/webservices/{service:str}/endpoints/{endpoint:str}"
_PAGES: dict[str, Page] = {"score": "/score", "jobs": "/jobs", "update": "/update"}


def routes(endpoints: EndpointService) -> list[HTTPRouteHandler]:
    """Pages below ``/apihelp`` and the swagger documents, which have several addresses."""
    return [*_pages(endpoints), *_documents(endpoints)]


def _pages(endpoints: EndpointService) -> list[HTTPRouteHandler]:
    @get(f"/apihelp{ENDPOINT}", media_type=MediaType.HTML)
    @threaded
    def overview(workspace: FromPath[str], service: FromPath[str], endpoint: FromPath[str]) -> Response[str]:
        return _html(endpoints.describe(workspace, endpoint, service), "")

    @get(f"/apihelp{ENDPOINT}/{{page:str}}", media_type=MediaType.HTML)
    @threaded
    def page(
        workspace: FromPath[str], service: FromPath[str], endpoint: FromPath[str], page: FromPath[str]
    ) -> Response[str]:
        if page not in _PAGES:
            raise RestudioError.not_found("ResourceNotFound", "Help page", page[:80], _PAGES)
        return _html(endpoints.describe(workspace, endpoint, service), _PAGES[page])

    return [overview, page]


def _documents(endpoints: EndpointService) -> list[HTTPRouteHandler]:
    @get([f"/apihelp{ENDPOINT}/apidocument", f"{ENDPOINT}/apidocument"])
    @threaded
    def document(workspace: FromPath[str], service: FromPath[str], endpoint: FromPath[str]) -> Response[bytes]:
        return json_answer(swagger(endpoints.describe(workspace, endpoint, service)))

    owners = ("workspaces", "subscriptions")

    @get([f"/{owner}/{{workspace:str}}/services/{{endpoint:str}}/swagger.json" for owner in owners])
    @threaded
    def scoring_document(workspace: FromPath[str], endpoint: FromPath[str]) -> Response[bytes]:
        return json_answer(swagger(endpoints.describe(workspace_of(workspace), endpoint)))

    return [document, scoring_document]


def _html(service: ServiceDescription, page: Page) -> Response[str]:
    return Response(render(service, page), media_type=MediaType.HTML)
