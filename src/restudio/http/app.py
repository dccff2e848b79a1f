"""All faces on one listener."""

from __future__ import annotations

import os
from typing import Any, cast

from litestar import Litestar, Router
from litestar.config.compression import CompressionConfig
from litestar.openapi import OpenAPIConfig
from litestar.types import ASGIApp, ControllerRouterHandler

import restudio
from restudio.app.compose import Studio
from restudio.app.serve import Faces
from restudio.core.decoding import decoder_of
from restudio.core.ids import workspace_of
from restudio.endpoints.addresses import Addresses
from restudio.http import (
    arm_webservices,
    bes,
    factory,
    factory_callbacks,
    factory_triggers,
    factory_v1,
    management,
    metrics,
    oauth,
    pipeline_schedules,
    pipelines,
    pipelines_entities,
    run_history,
    studio_access,
    studio_assets,
    studio_data_stores,
    studio_experiments,
    studio_factory,
    studio_inference,
    studio_members,
    studio_modules,
    studio_pipelines,
    studio_programs,
    studio_services,
    studio_session,
    studio_slices,
    studioapi,
    studioapi_experiments,
    studioapi_uploads,
    studioapi_webservice,
)
from restudio.http import help as help_face
from restudio.http.answers import EXCEPTION_HANDLERS, refuse_null_characters
from restudio.http.arm import arm_router
from restudio.http.blob import BlobApp
from restudio.http.door import Door
from restudio.http.downloads import Downloads
from restudio.http.framework import Framework, Routes, operation_id
from restudio.http.root import RootApp
from restudio.http.rrs import RrsApp
from restudio.http.rrs_metrics import RrsMetrics
from restudio.http.rrs_protocol import protocol_of
from restudio.http.studioapi import StudioApi


def build_app(studio: Studio) -> Faces:
    """The ASGI application of a composed studio, and the connections that answer its scoring calls."""
    requests = metrics.Requests()
    requests.registry.register(cast("Any", RrsMetrics(studio.plane)))
    requests.gauge(
        "restudio_failing_endpoints",
        "Endpoints whose live revision could not be installed in this process.",
        lambda: len(studio.find_failing()),
    )
    requests.gauge("restudio_process_id", "Id of the process that answers.", os.getpid)
    rrs = RrsApp(studio.plane, max_body=studio.settings.max_request_bytes, catch_up=studio.deployments.catch_up)
    root = RootApp(
        rrs=cast("ASGIApp", rrs),
        blob=BlobApp(studio.blobs, studio.clock),
        rest=build_rest(studio, requests),
        requests=requests,
    )
    return Faces(cast("Any", root), protocol_of(rrs))


def build_rest(studio: Studio, requests: metrics.Requests) -> Litestar:
    """Everything but scoring and blobs."""
    door = Door(studio.identity)
    settings = studio.settings
    classic = StudioApi(
        studio.assets,
        studio.uploads,
        studio.objects,
        studio.identity,
        door,
        Downloads(studio.secrets, studio.clock),
        settings.url,
        settings.max_upload_bytes,
    )

    def authenticate(owner: str, endpoint: str, key: str) -> None:
        studio.endpoints.authenticate(workspace_of(owner), endpoint, key)

    handlers: list[ControllerRouterHandler] = [
        *metrics.routes(requests, studio.find_missing, studio.find_failing),
        *bes.routes(studio.jobs, authenticate),
        *management.routes(management.Management(studio.services, studio.endpoints, studio.identity, door)),
        *help_face.routes(studio.endpoints),
        *studioapi.routes(classic),
        *studioapi_uploads.routes(classic),
        *studioapi_experiments.routes(classic, studio.experiments),
        *studioapi_webservice.routes(classic, studio.experiments, studio.services, studio.endpoints),
        *factory_callbacks.routes(studio.callbacks),
        *_resource_manager(studio, door),
        *oauth.routes(studio.identity, studio.clock, settings.url),
        *studio_session.routes(studio.identity, door),
        *studio_members.routes(studio.identity, door),
        *studio_access.routes(studio.identity, studio.blobs.accounts, door, studio.refresh_home),
        *studio_programs.routes(studio.identity, door),
        *studio_modules.routes(studio.registry),
        *studio_assets.routes(studio.assets, studio.objects, door, settings.max_upload_bytes),
        *studio_experiments.routes(studio.experiments, studio.objects, door),
        *studio_pipelines.routes(studio.designer, door, settings.url),
        *studio_inference.routes(studio.designer, studio.inference, studio.run_results, Addresses(settings.url), door),
        *studio_data_stores.routes(studio.data_stores, door, settings.max_upload_bytes),
        *studio_factory.routes(studio.data_factory, door),
        *studio_slices.routes(studio.data_factory, door),
        *studio_services.routes(studio.services, studio.endpoints, studio.experiments, studio.jobs, door),
    ]
    app = Framework(
        [Routes(handlers)],
        exception_handlers=EXCEPTION_HANDLERS,
        before_request=refuse_null_characters,
        openapi_config=OpenAPIConfig(
            title="Restudio", version=restudio.__version__, path="/schema", operation_id_creator=operation_id
        ),
        compression_config=CompressionConfig(backend="gzip"),
        request_max_body_size=settings.max_request_bytes,
        logging_config=None,
    )
    for route in app.routes:
        # The event loop decodes bodies while worker threads decode rows of the same classes.
        for handler in getattr(route, "route_handlers", ()):
            decoder_of(handler.signature_model)
    return app


def _resource_manager(studio: Studio, door: Door) -> list[Router]:
    """The faces with addresses of the resource manager, and their errors."""
    parts, url = studio.data_factory, studio.settings.url
    second, first = factory.factory_api(parts, door), factory_v1.factory_api(parts, door)
    services = arm_webservices.WebServicesApi(studio.services, studio.endpoints, door, url, studio.settings.region)
    return [
        arm_router([*factory.routes(second), *factory_triggers.routes(second), *factory_v1.routes(first, url)]),
        arm_router(arm_webservices.routes(services)),
        arm_router(
            [
                *pipelines.routes(studio.designer, door, url),
                *pipelines_entities.routes(studio.designer, door, url),
                *run_history.routes(studio.designer, door, url),
                *pipeline_schedules.routes(studio.schedules, studio.designer, door, url),
            ]
        ),
    ]
