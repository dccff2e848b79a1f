"""Help pages: what an endpoint offers and how to call it, with sample code built from its real schema.

Rendering only; ``restudio.http.help`` finds the endpoint and serves the pages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

import restudio
from restudio.core.schema import Schema
from restudio.endpoints.description import ServiceDescription, TablePort, example_parameters

if TYPE_CHECKING:
    import jinja2

Page = Literal["", "/score", "/jobs", "/update"]

PAGES: Mapping[Page, str] = {
    "": "Overview",
    "/score": "Request/response",
    "/jobs": "Batch execution",
    "/update": "Update resource",
}
_HEADINGS: Mapping[Page, str] = {
    "": "API help for {}",
    "/score": "Request Response API Documentation for {}",
    "/jobs": "Batch Execution API Documentation for {}",
    "/update": "Update Resource API Documentation for {}",
}
_KINDS = {"training": "training web service", "predictive": "predictive web service", "non-scoring": "web service"}
_LANGUAGES = {"csharp": "C#", "python": "Python 3", "r": "R", "curl": "curl"}


@dataclass(frozen=True, slots=True)
class Sample:
    """A program text in one language."""

    id: str
    language: str
    code: str


def render(service: ServiceDescription, page: Page) -> str:
    """One page as HTML."""
    bodies = _BODIES[page](service)
    return (
        _environment()
        .get_template(f"{page.strip('/') or 'index'}.html")
        .render(
            s=service,
            page=page,
            pages=list(PAGES.items()),
            heading=_HEADINGS[page].format(service.title),
            kind_text=_KINDS[service.kind],
            version=restudio.__version__,
            samples=samples(service, page),
            **bodies,
        )
    )


def samples(service: ServiceDescription, page: Page) -> list[Sample]:
    """The sample programs of a page; none where there is nothing to call."""
    if page == "" or (page == "/update" and service.why_not_updatable):
        return []
    body = _BODIES[page](service)["request_body"]
    url = {
        "/score": f"{service.api_location}/execute?api-version=2.0&details=true",
        "/jobs": f"{service.api_location}/jobs",
        "/update": service.update_location,
    }[page]
    values = {
        "url": url,
        "body": body,
        "body_r": body.replace("\\", "\\\\").replace("'", "\\'"),
        "body_cs": body.replace('"', '""'),
        "resource_json": json.dumps(service.resources[0] if service.resources else ""),
    }
    texts = _texts()
    return [
        Sample(key, name, texts.get_template(f"samples/{page.strip('/')}.{key}.txt").render(values))
        for key, name in _LANGUAGES.items()
    ]


def score_request(service: ServiceDescription) -> dict[str, object]:
    """A request in table form with two rows an input."""
    return {
        "Inputs": {p.name: {"ColumnNames": list(p.schema.names), "Values": p.rows(2)} for p in service.inputs},
        "GlobalParameters": example_parameters(service.parameters),
    }


def _score_bodies(service: ServiceDescription) -> dict[str, str]:
    results = {p.name: {"type": "table", "value": _answer(p)} for p in service.outputs}
    return {"request_body": _pretty(score_request(service)), "response_body": _pretty({"Results": results})}


def _answer(port: TablePort) -> dict[str, object]:
    values = [[None if cell is None else str(cell) for cell in row] for row in port.rows(2)]
    return {"ColumnNames": list(port.schema.names), "ColumnTypes": _types(port.schema), "Values": values}


def _types(schema: Schema) -> list[str]:
    names = {"Integer": "Int64"}
    return [names.get(column.dtype.value, column.dtype.value) for column in schema]


_CONNECTION = "DefaultEndpointsProtocol=https;AccountName=mystorageacct;AccountKey=mykey"


def _jobs_bodies(service: ServiceDescription) -> dict[str, str]:
    def blob(name: str) -> dict[str, str]:
        return {"ConnectionString": _CONNECTION, "RelativeLocation": f"mycontainer/{name}"}

    inputs = {p.name: blob(f"{p.name}data.csv") for p in service.inputs}
    outputs = {p.name: blob(f"{p.name}results.csv") for p in service.outputs}
    outputs |= {name: blob(f"{name}results.ilearner") for name in service.models}
    request = {"Inputs": inputs, "Outputs": outputs, "GlobalParameters": example_parameters(service.parameters)}
    results = {
        name: {
            "ConnectionString": None,
            "RelativeLocation": place["RelativeLocation"],
            "BaseLocation": "https://mystorageacct.blob.core.windows.net/",
            "SasBlobToken": "?sv=...&sr=b&sig=...&se=...&sp=r",
        }
        for name, place in outputs.items()
    }
    return {
        "request_body": _pretty(request),
        "response_body": _pretty({"StatusCode": "Finished", "Results": results, "Details": None}),
    }


def _update_bodies(service: ServiceDescription) -> dict[str, str]:
    location = {
        "BaseLocation": "https://mystorageacct.blob.core.windows.net/",
        "RelativeLocation": "experimentoutput/model.ilearner",
        "SasBlobToken": "?sv=...&sr=b&sig=...&se=...&sp=r",
    }
    name = service.resources[0] if service.resources else ""
    service_location = service.update_location.rpartition("/endpoints/")[0]
    added = {"EndpointName": "endpoint2", "Description": "", "ThrottleLevel": "High", "MaxConcurrentCalls": 20}
    return {
        "request_body": _pretty({"Resources": [{"Name": name, "Location": location}]}),
        "add_location": f"{service_location}/endpoints/endpoint2",
        "add_body": _pretty(added),
    }


_BODIES = {"": lambda _: {}, "/score": _score_bodies, "/jobs": _jobs_bodies, "/update": _update_bodies}


def _pretty(value: object, depth: int = 0) -> str:
    """JSON for people: one member a line, what is short stays on one line."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) <= 90 or not isinstance(value, (dict, list)):
        return flat
    pad, end = "  " * (depth + 1), "  " * depth
    if isinstance(value, list):
        return "[\n" + ",\n".join(pad + _pretty(item, depth + 1) for item in value) + f"\n{end}]"
    members = [f"{pad}{json.dumps(k, ensure_ascii=False)}: {_pretty(v, depth + 1)}" for k, v in value.items()]
    return "{\n" + ",\n".join(members) + f"\n{end}}}"


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    loader = jinja2.PackageLoader("restudio.http", "templates/help")
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)


@cache
def _texts() -> jinja2.Environment:
    """Sample programs are plain text, escaped as a whole where a page shows them."""
    import jinja2

    loader = jinja2.PackageLoader("restudio.http", "templates/help")
    return jinja2.Environment(loader=loader, autoescape=False, undefined=jinja2.StrictUndefined)
